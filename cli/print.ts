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

/** Pulumi counts the stack as one of its resources; the steps, and so "83 made", have none for it. */
function unchanged({ same = 0 }: Changes): string {
    return `No changes, ${Math.max(same - 1, 0)} resources as they should be`;
}

/** What an operation left undone or could not see, one line each. */
export function leftLines(left: readonly Left[], heading: string): string {
    return [`\n${heading}:`, ...left.map(({ name, reason }) => `  ${name}: ${reason}`)].join("\n");
}

/** The arguments that must follow `npm run up` for this stack; empty for the default stack. */
export function suffix(options: Pick<Options, "stack">, loseSwarm?: string): string {
    const given = `${stackOption(options)}${loseSwarm === undefined ? "" : ` --lose-swarm ${loseSwarm}`}`;
    return given === "" ? "" : ` --${given}`;
}

/** The line with which one types a command of Skep's on this stack. */
export function skepCommand(command: string, options: Pick<Options, "stack">): string {
    return `npm run skep -- ${command}${stackOption(options)}`;
}

function stackOption({ stack }: Pick<Options, "stack">): string {
    return stack === "dev" ? "" : ` --stack ${stack}`;
}

/** Prints the command to type next, for a person who reads: not with `--quiet` or `--json`. */
export function printNext(options: Options, command: string): void {
    if (!options.quiet && !options.json) console.log(`\nNext: ${skepCommand(command, options)}`);
}

/** Prints a value as JSON, for `--json`. */
export function printJson(value: unknown): void {
    console.log(JSON.stringify(value, undefined, 2));
}
