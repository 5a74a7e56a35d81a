// Runs an operation of the Pulumi engine and shows what it does: a line for each resource that changes, problems by id.

import type * as auto from "@pulumi/pulumi/automation";
import { SkepError, skepError } from "../../errors";
import type { Progress } from "../progress";

export type Operation = "preview" | "up" | "refresh" | "destroy";
/** How many resources an operation created, updated, replaced, deleted or left as they were. */
export type Changes = Partial<Record<string, number>>;

const VERBS: Record<string, string> = {
    create: "+ create",
    update: "~ update",
    replace: "± replace",
    "create-replacement": "± replace",
    delete: "- delete",
};

export interface Outcome {
    changes: Changes;
    /** Every step that changes something: verb, type, name. */
    steps: string[];
    outputs?: auto.OutputMap;
}

/** Runs it; a failure is one SkepError with every problem that resources reported. */
export async function operate(stack: auto.Stack, operation: Operation, progress: Progress): Promise<Outcome> {
    const steps: string[] = [];
    const diagnostics: string[] = [];
    const raw: string[] = [];
    const onEvent = (event: auto.EngineEvent) => {
        const metadata = event.resourcePreEvent?.metadata;
        const verb = VERBS[metadata?.op ?? ""];
        if (metadata && verb) {
            const step = `${verb} ${describe(metadata.urn)}`;
            steps.push(step);
            if (operation !== "preview") progress.note(step);
        }
        const diagnostic = event.diagnosticEvent;
        if (diagnostic?.severity === "error") diagnostics.push(plain(diagnostic.message));
    };
    const options = { onEvent, onOutput: (text: string) => void raw.push(text), color: "never" as const };
    try {
        if (operation === "preview") {
            const { changeSummary } = await stack.preview(options);
            return { changes: changeSummary, steps };
        }
        const result = await stack[operation](options);
        const outputs = "outputs" in result ? (result.outputs as auto.OutputMap) : undefined;
        return { changes: result.summary.resourceChanges ?? {}, steps, outputs };
    } catch (error) {
        if (process.env.SKEP_DEBUG) process.stderr.write(raw.join(""));
        throw problemsOf(operation, diagnostics, error);
    }
}

/** The last two parts of a URN, as a person would say them: its type without the package's path, and its name. */
function describe(urn: string): string {
    const [, , types = "", name = ""] = urn.split("::");
    const type = types.split("$").at(-1)?.split(":") ?? [];
    return `${type[0]}:${type.at(-1)} ${name}`;
}

function plain(message: string): string {
    return message.replace(/<\{%.*?%\}>/g, "").trim();
}

/** Problems with an id of ours come first; without any, what the engine said. */
function problemsOf(operation: Operation, diagnostics: readonly string[], error: unknown): SkepError {
    const lines = diagnostics.flatMap((text) => text.split("\n"));
    const ours = lines.flatMap((line) => {
        const [, id, problem] = /(?:^|[\s:])(?:skep: )?([A-Z]{3,}(?:_[A-Z]+)+): (.+)$/.exec(line) ?? [];
        return id && problem ? [{ id, problem, advice: "" }] : [];
    });
    if (ours.length > 0) return new SkepError(unique(ours));
    const said = diagnostics.filter((text) => !/^(update|preview|refresh|destroy) failed$/.test(text));
    const text =
        said.join("\n") || (error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    return skepError(
        "ENGINE_FAILED",
        `The ${operation} ended early: ${text}`,
        "Run the same command again: it goes on from what is there. SKEP_DEBUG=1 shows all that the engine said.",
    );
}

function unique<T extends { problem: string }>(problems: T[]): T[] {
    return problems.filter(
        (problem, i) => problems.findIndex((other) => other.problem === problem.problem) === i,
    );
}
