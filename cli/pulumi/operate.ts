// Runs an operation of Pulumi, shows how far it has come, and reads out of its events what it does and what goes wrong.

import * as auto from "@pulumi/pulumi/automation";
import { reasonOf } from "../../planning/sentence";
import { interruptible } from "../interrupt";
import type { Progress } from "../../scripts/setup/progress";
import { planLines, isLoss } from "../plan";
import type { Sizes } from "./sizes";
import { failureOf, type Left, leftIn, type Said } from "./diagnostics";
import { noted } from "./holder";
import { freeLock } from "./lock";
import { hasPending, settlePending } from "./pending";
import { partsOfUrn, type Step, Steps } from "./steps";
import { ROLLOUT_TYPE, Watch } from "./watch";

export type Operation = "preview" | "up" | "refresh" | "destroy";
/** How many resources an operation created, updated, replaced, deleted or left as they were. */
export type Changes = Partial<Record<string, number>>;

/** What Pulumi prints first when it is asked to stop. */
const STOPPING = /\^C received|cancell?ing/i;
const STOPPING_MILLISECONDS = 400;

export interface Outcome {
    changes: Changes;
    /** Each resource that changes, once. */
    steps: Step[];
    outputs?: auto.OutputMap;
    /** What was left undone without a failure. */
    left: Left[];
    /** Set if a killed run has left operations behind. Every operation but a preview clears them. */
    pending?: true;
}

/** What an operation works on, and how it shows how far it has come. */
export interface Shown {
    /** Whether to show each resource that changes. */
    verbose?: boolean;
    /** Shows what takes longest just now. */
    update?: (text: string) => void;
    /** How many resources each part of the stack has, so that a part is known to be done. Default: not known. */
    sizes?: () => Sizes;
    /** URNs of the only resources that may change. Default: all may. */
    target?: string[];
    /** URNs of resources to replace, whether anything in them differs or not. Default: none. */
    replace?: string[];
}

/**
 * Runs an operation. If it fails, throws one SkepError with every problem that resources reported. If a killed run left a
 * lock, or operations whose end nobody knows, clears them and says so in one line.
 */
export async function operate(
    stack: auto.Stack,
    operation: Operation,
    progress: Progress,
    shown: Shown = {},
): Promise<Outcome> {
    try {
        return await run(stack, operation, progress, shown);
    } catch (error) {
        if (!(error instanceof auto.ConcurrentUpdateError)) throw error;
        await freeLock(stack, error.message, progress);
        await settlePending(stack, progress);
        return run(stack, operation, progress, shown);
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

async function run(
    stack: auto.Stack,
    operation: Operation,
    progress: Progress,
    { verbose, update = () => undefined, sizes = () => new Map(), target, replace }: Shown,
): Promise<Outcome> {
    const steps = new Steps();
    const watch =
        operation === "up" || operation === "destroy"
            ? new Watch({ progress, update, verbose, sizes })
            : undefined;
    const errors: Said[] = [];
    const warnings: Said[] = [];
    const raw: string[] = [];
    let pending = false;
    const onEvent = (event: auto.EngineEvent) => {
        const { resourcePreEvent: begins, resOutputsEvent: ends, resOpFailedEvent: fails } = event;
        if (begins) {
            const step = steps.add(begins.metadata);
            watch?.began(begins.metadata.urn, step);
        }
        const ended = ends ?? fails;
        if (ended) watch?.ended(ended.metadata, fails !== undefined);
        const diagnostic = event.diagnosticEvent;
        const said = diagnostic && {
            name: diagnostic.urn && partsOfUrn(diagnostic.urn).name,
            text: plain(diagnostic.message),
        };
        if (said && diagnostic.severity === "error") errors.push(said);
        if (said && diagnostic.severity === "info") {
            if (watch) watch.said(diagnostic.urn!, said.text);
            else if (diagnostic.urn!.includes(`${ROLLOUT_TYPE}::`)) progress.note(said.text);
        }
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
        ...(target && { target }),
        ...(replace && { replace }),
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
                    steps: steps.all,
                    left: leftIn(warnings, true),
                    ...(pending && { pending }),
                };
            }
            const result = await noted(stack.name, () => stack[operation](options));
            const outputs = "outputs" in result ? (result.outputs as auto.OutputMap) : undefined;
            const changes = result.summary.resourceChanges ?? {};
            return { changes, steps: steps.all, outputs, left: leftIn(warnings) };
        });
    } catch (error) {
        watch?.finish();
        if (process.env.SKEP_DEBUG) process.stderr.write(raw.join(""));
        // A refused plan: what it would have cost.
        if (operation === "preview")
            for (const line of planLines(steps.all.filter(isLoss))) progress.note(line, " ");
        // The next command tries again to settle. Why this one failed must not get lost over that.
        await forgetPending().catch((second: unknown) =>
            progress.note(`What a killed command had begun could not be forgotten: ${reasonOf(second)}`),
        );
        if (!isPulumis(error) || error instanceof auto.ConcurrentUpdateError) throw error;
        throw failureOf(operation, errors, error.message);
    }
    watch?.finish();
    await forgetPending();
    return outcome;
}

/** Whether Pulumi itself failed. Everything else says already what is wrong, or is a bug. */
function isPulumis(error: unknown): error is auto.CommandError {
    return error instanceof auto.CommandError;
}

function plain(message: string): string {
    return message.replace(/<\{%.*?%\}>/g, "").trim();
}
