// What commands print: the plan, its summary, outputs, and what to type next.

import type * as auto from "@pulumi/pulumi/automation";
import type { Options } from "./options";
import type { Left } from "./pulumi/diagnostics";
import type { Outcome, Step } from "./pulumi/operate";

/** One line for each step, below the component that it belongs to. */
export function tree(steps: readonly Step[], parent?: string, depth = 0): string[] {
    // A component that does not change is not among the steps. A component and its child may have the same name.
    const isTop = (step: Step) => !steps.some((other) => other !== step && other.name === step.parent);
    const here = steps.filter((step) => (parent === undefined ? isTop(step) : step.parent === parent));
    const others = steps.filter((step) => !here.includes(step));
    return here.flatMap((step) => [
        `${"  ".repeat(depth)}${step.verb} ${step.type} ${step.name}`,
        ...tree(others, step.name, depth + 1),
    ]);
}

/** The outputs' values by name, secrets in clear text. */
export function plainOutputs(outputs: auto.OutputMap): Record<string, unknown> {
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value as unknown]));
}

/** The outputs' values by name, without secrets. */
export function withoutSecrets(outputs: auto.OutputMap): Record<string, unknown> {
    return plainOutputs(Object.fromEntries(Object.entries(outputs).filter(([, output]) => !output.secret)));
}

/** How much an operation changes, in one line. */
export function summary({ changes }: Outcome): string {
    const said = ["create", "update", "replace", "delete"].flatMap((verb) =>
        changes[verb] ? [`${changes[verb]} to ${verb}`] : [],
    );
    return said.length === 0
        ? `No changes, ${changes.same ?? 0} resources as they should be`
        : said.join(", ");
}

/** What an operation left undone or could not see, one line each. */
export function leftLines(left: readonly Left[], heading: string): string {
    return [`\n${heading}:`, ...left.map(({ name, reason }) => `  ${name}: ${reason}`)].join("\n");
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
