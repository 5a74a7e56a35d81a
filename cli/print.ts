// What commands print: a summary of what they did, outputs, and what to type next.

import type * as auto from "@pulumi/pulumi/automation";
import { futureOf, pastOf } from "../planning/parts";
import type { Options } from "./options";
import type { Left } from "./pulumi/diagnostics";
import type { Changes, Outcome } from "./pulumi/operate";
import { verbOf } from "./pulumi/steps";

/** The outputs' values by name, secrets in clear text. */
export function plainOutputs(outputs: auto.OutputMap): Record<string, unknown> {
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value as unknown]));
}

/** The outputs' values by name, without secrets. */
export function withoutSecrets(outputs: auto.OutputMap): Record<string, unknown> {
    return plainOutputs(Object.fromEntries(Object.entries(outputs).filter(([, output]) => !output.secret)));
}

/** What a plan would do: "2 to change, 1 to remove". Begins with "No changes" if nothing. */
export function planSummary({ steps, changes }: Pick<Outcome, "steps" | "changes">): string {
    return futureOf(steps.map((step) => ({ verb: verbOf(step) }))) || unchanged(changes);
}

/** What an operation has done, and in how many seconds. Begins with "No changes" if nothing. */
export function doneSummary({ steps, changes }: Pick<Outcome, "steps" | "changes">, seconds: number): string {
    const done = pastOf(steps.map((step) => ({ verb: verbOf(step) }))) || unchanged(changes);
    return `${done}, ${seconds} s`;
}

function unchanged({ same = 0 }: Changes): string {
    return `No changes, ${same} resources as they should be`;
}

/** What an operation left undone or could not see, one line each. */
export function leftLines(left: readonly Left[], heading: string): string {
    return [`\n${heading}:`, ...left.map(({ name, reason }) => `  ${name}: ${reason}`)].join("\n");
}

/** Rows with aligned columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
    return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")}`.trimEnd());
}

/** The arguments that must follow `npm run up` for this stack; empty for the default stack. */
export function suffix({ stack }: Options, loseSwarm?: string): string {
    const given = [
        ...(stack === "dev" ? [] : [`--stack ${stack}`]),
        ...(loseSwarm === undefined ? [] : [`--lose-swarm ${loseSwarm}`]),
    ];
    return given.length === 0 ? "" : ` -- ${given.join(" ")}`;
}

/** Prints a value as JSON, for `--json`. */
export function printJson(value: unknown): void {
    console.log(JSON.stringify(value, undefined, 2));
}
