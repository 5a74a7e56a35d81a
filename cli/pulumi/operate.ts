// Runs an operation of Pulumi and shows what it does: one line for each resource that changes, and problems by id.

import * as auto from "@pulumi/pulumi/automation";
import { reasonOf } from "../../planning/sentence";
import { interruptible } from "../interrupt";
import type { Progress } from "../../scripts/setup/progress";
import { failureOf, type Left, leftIn, type Said } from "./diagnostics";
import { noted } from "./holder";
import { freeLock } from "./lock";
import { hasPending, settlePending } from "./pending";

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

/** What Pulumi prints first when it is asked to stop. */
const STOPPING = /\^C received|cancell?ing/i;
const STOPPING_MILLISECONDS = 400;

/** A step that changes something. */
export interface Step {
    /** `+ create`, `~ update`, `± replace` or `- delete`. */
    verb: string;
    /** The resource's type, as in `swarm:Node`. */
    type: string;
    name: string;
    /** The name of the component that it belongs to; undefined at the top. */
    parent?: string;
}

export interface Outcome {
    changes: Changes;
    steps: Step[];
    outputs?: auto.OutputMap;
    /** What was left undone without a failure. */
    left: Left[];
    /** Set if a killed run has left operations behind. Every operation but a preview clears them. */
    pending?: true;
}

/**
 * Runs an operation. If it fails, throws one SkepError with every problem that resources reported. If a killed run left a
 * lock, or operations whose end nobody knows, clears them and says so in one line.
 */
export async function operate(stack: auto.Stack, operation: Operation, progress: Progress): Promise<Outcome> {
    try {
        return await run(stack, operation, progress);
    } catch (error) {
        if (!(error instanceof auto.ConcurrentUpdateError)) throw error;
        await freeLock(stack, error.message, progress);
        await settlePending(stack, progress);
        return run(stack, operation, progress);
    }
}

/**
 * Finds out what became of operations that a killed run had begun, before others begin: what exists must not be made twice.
 * The refresh takes the lock, so nobody else is at work meanwhile.
 */
export async function settle(stack: auto.Stack, progress: Progress): Promise<void> {
    await progress.step("Looking for what a killed command has left half made", () =>
        operate(stack, "refresh", progress),
    );
}

async function run(stack: auto.Stack, operation: Operation, progress: Progress): Promise<Outcome> {
    const steps: Step[] = [];
    const errors: Said[] = [];
    const warnings: Said[] = [];
    const raw: string[] = [];
    let pending = false;
    const onEvent = (event: auto.EngineEvent) => {
        const step = event.resourcePreEvent && stepOf(event.resourcePreEvent.metadata);
        if (step) {
            steps.push(step);
            if (operation !== "preview") progress.note(`${step.verb} ${step.type} ${step.name}`);
        }
        const diagnostic = event.diagnosticEvent;
        const said = diagnostic && {
            name: diagnostic.urn?.split("::").at(-1),
            text: plain(diagnostic.message),
        };
        if (said && diagnostic.severity === "error") errors.push(said);
        // Keep the warnings of resources. Pulumi's own warnings have no resource.
        if (said?.name && diagnostic?.severity === "warning") {
            warnings.push(said);
            if (operation !== "preview")
                progress.note(`Note: ${said.name}: ${said.text.replace(/\s+/g, " ")}`);
        }
        pending ||= hasPending(diagnostic?.message ?? "");
    };
    const cancel = new AbortController();
    const options = {
        onEvent,
        onOutput: (text: string) => void raw.push(text),
        color: "never" as const,
        signal: cancel.signal,
    };
    // A terminal's Ctrl-C has already reached Pulumi, and a second one would kill it. So cancel only if Pulumi is not
    // stopping yet.
    const stop = () =>
        void setTimeout(() => {
            if (!STOPPING.test(raw.join(""))) cancel.abort();
        }, STOPPING_MILLISECONDS);
    const forgetPending = async () => {
        if (pending && operation !== "preview") await settlePending(stack, progress);
    };
    let outcome: Outcome;
    try {
        outcome = await interruptible(stop, isPulumis, async () => {
            if (operation === "preview") {
                const { changeSummary } = await stack.preview(options);
                return {
                    changes: changeSummary,
                    steps,
                    left: leftIn(warnings, true),
                    ...(pending && { pending }),
                };
            }
            const result = await noted(stack.name, () => stack[operation](options));
            const outputs = "outputs" in result ? (result.outputs as auto.OutputMap) : undefined;
            const changes = result.summary.resourceChanges ?? {};
            return { changes, steps, outputs, left: leftIn(warnings) };
        });
    } catch (error) {
        if (process.env.SKEP_DEBUG) process.stderr.write(raw.join(""));
        // A refused plan: what it would have cost.
        if (operation === "preview")
            for (const { verb, type, name } of steps.filter(isLoss)) progress.note(`${verb} ${type} ${name}`);
        // The next command tries again to settle. Why this one failed must not get lost over that.
        await forgetPending().catch((second: unknown) =>
            progress.note(`What a killed command had begun could not be forgotten: ${reasonOf(second)}`),
        );
        if (!isPulumis(error) || error instanceof auto.ConcurrentUpdateError) throw error;
        throw failureOf(operation, errors, error.message);
    }
    await forgetPending();
    return outcome;
}

/** Whether Pulumi itself failed. Everything else says already what is wrong, or is a bug. */
function isPulumis(error: unknown): error is auto.CommandError {
    return error instanceof auto.CommandError;
}

/** A changing step in words for the user; undefined for providers and the stack itself, which are Pulumi's own. */
function stepOf({ op, urn, old, new: wanted }: auto.StepEventMetadata): Step | undefined {
    const verb = VERBS[op];
    const [type = "", name = ""] = typeAndName(urn);
    if (verb === undefined || type.startsWith("pulumi:")) return undefined;
    const [parentType = "pulumi:", parent] = typeAndName((wanted ?? old)?.parent ?? "");
    return { verb, type, name, ...(!parentType.startsWith("pulumi:") && { parent }) };
}

/** Whether a step takes something away that users may miss. */
function isLoss({ verb, type }: Step): boolean {
    return (verb === VERBS.replace || verb === VERBS.delete) && !type.startsWith("swarm:Host");
}

/** The type, without its parents' types and the package's path, and the name. */
function typeAndName(urn: string): [string, string] | [] {
    const [, , types, name] = urn.split("::");
    const type = types?.split("$").at(-1)?.split(":");
    return type === undefined || name === undefined ? [] : [`${type[0]}:${type.at(-1)}`, name];
}

function plain(message: string): string {
    return message.replace(/<\{%.*?%\}>/g, "").trim();
}
