// `npm run up` and `npm run preview`: bring the stack to what its settings say, or show what that would change, and say
// what to type next.

import { get } from "node:http";
import type * as auto from "@pulumi/pulumi/automation";
import type { ReadySettings } from "../../config/settings";
import { exitCodeOf, type Problem, SkepError } from "../../errors";
import { exitClassOf } from "../../errors/catalog";
import { EXIT_CODES } from "../../errors/problem-group";
import type { Progress } from "../../scripts/setup/progress";
import { adoptNetwork, isNetworkThere, labNetwork } from "../../lab/lost-network";
import { staysLeft } from "../pulumi/diagnostics";
import { pruneHistory } from "../pulumi/history";
import { hasColour, planLines } from "../plan";
import { operate, type Outcome, settle, type Shown } from "../pulumi/operate";
import { startStoppedHosts } from "../../lab/hosts";
import { openStack } from "../pulumi/workspace";
import { writeClientFiles } from "../stack/client-files";
import type { Outputs } from "../stack/outputs";
import { confirmed } from "../confirm";
import { inAskedSteps } from "./asked-rollout";
import type { Options } from "../options";
import { ready } from "../prepare";
import {
    skepCommand,
    doneSummary,
    leftLines,
    plainOutputs,
    planSummary,
    printJson,
    suffix,
    withoutSecrets,
} from "../print";
import { table } from "../text";

const ANSWER_MILLISECONDS = 2000;

/** Shows what up would do, and changes nothing. */
export async function preview(options: Options): Promise<void> {
    const { progress, tools, program, settings, hosts } = await ready(options);
    // The state has these hosts as complete, so the plan says nothing about them.
    for (const { name } of hosts.filter(({ state }) => state === "created"))
        progress.note(`${name} was made and never started: up makes it anew`);
    const { stack } = await openStack(options, tools, program);
    const outcome = await progress.step(`Previewing ${options.stack}`, () =>
        operate(stack, "preview", progress),
    );
    if (options.json) return printJson(outcome);
    if (settings.hosts === "lab") await noteLostNetwork(options.stack, outcome, progress);
    if (outcome.pending)
        progress.note("A killed command left operations behind: up looks what became of them");
    printPlan(outcome, options, process.stdout);
    if (outcome.left.length > 0) console.log(`${leftLines(outcome.left, "Good to know")}\n`);
    // "No changes" is the last line: scripts and people look there.
    console.log(planSummary(outcome));
    const next = `npm run up${suffix(options, options.loseSwarm)}`;
    if (outcome.steps.length > 0 && !options.quiet) console.log(`\nNext: ${next}`);
}

/** Prints what each part of the stack would get, to the stream where it is asked for. */
function printPlan({ steps }: Outcome, { verbose }: Options, stream: NodeJS.WriteStream): void {
    if (steps.length === 0) return;
    const lines = planLines(steps, { verbose, colour: hasColour(stream), columns: stream.columns });
    stream.write(`${lines.join("\n")}\n\n`);
}

/** Says that up takes the lost network back. A preview cannot do that, and its plan looks as if there were no network. */
async function noteLostNetwork(stack: string, { steps }: Outcome, progress: Progress): Promise<void> {
    const isMade = steps.some(({ verb, type }) => verb === "+ create" && type === "docker:Network");
    if (isMade && (await labNetwork(stack)) !== undefined)
        progress.note("The lab's network stands, and the state does not know it: up takes it back as it is");
}

/** Brings the stack to what its settings say. On a terminal, shows the changes first, and asks. */
export async function up(options: Options): Promise<void> {
    const began = Date.now();
    const { progress, tools, program, settings, hasPending, hasSwarm, hasFacts, keepFacts } =
        await ready(options);
    const { stack, sizes } = await openStack(options, tools, program);
    if (settings.hosts === "lab") await startStoppedHosts(options.stack, progress);
    if (hasPending) await settle(stack, progress);
    let unchanged: Outcome | undefined;
    const asks = process.stdin.isTTY && !options.yes;
    // The preview of a plan that would end a swarm fails, so nobody need look at it.
    if (asks || hasSwarm) {
        const plan = await progress.step(`Previewing ${options.stack}`, () =>
            operate(stack, "preview", progress),
        );
        if (asks) {
            // The plan belongs to the question. Only results go to standard output.
            printPlan(plan, options, process.stderr);
            if (plan.steps.length > 0 && !(await confirmed(`${planSummary(plan)}. Do it?`, options))) return;
        }
        // A preview also names what an up would mend.
        if (hasFacts && isSettled(plan, settings))
            unchanged = { ...plan, left: plan.left.filter(staysLeft), outputs: await stack.outputs() };
    }
    await keepFacts();
    await pruneHistory(options.stack);
    const outcome =
        unchanged ??
        (await progress
            .step(`Bringing up ${options.stack}`, (update) =>
                inAskedSteps(
                    program,
                    () => bringUp(stack, settings, progress, { update, verbose: options.verbose, sizes }),
                    asks ? (question) => confirmed(question, options) : undefined,
                ),
            )
            .catch(async (error: unknown) => {
                throw await explained(error, settings, stack, progress);
            }));
    const outputs = plainOutputs(outcome.outputs ?? {}) as unknown as Outputs;
    await writeClientFiles(options.stack, outputs);
    const found = await look(options.stack, outcome, settings, outputs, progress);
    // Some of what is left may be intended, such as an instance of another type. Its id then has the exit code of `done`.
    process.exitCode = Math.max(EXIT_CODES.done, ...outcome.left.map(({ id }) => exitCodeOf(id)));
    if (options.json) {
        printJson({ ...outcome, found, outputs: withoutSecrets(outcome.outputs ?? {}) });
        return refuseUnwell(found);
    }
    printResult(outcome, settings, outputs);
    const changed = outcome.steps.length > 0;
    if (changed) console.log(`\n${(await nodeTable(outputs)).join("\n")}\n`);
    console.log(doneSummary(outcome, Math.round((Date.now() - began) / 1000)));
    if (changed && !options.quiet) console.log(nextSteps(options, outputs));
    refuseUnwell(found);
}

/** What a user should know of a finished up before its last lines. */
function printResult({ left }: Outcome, { publish }: ReadySettings, outputs: Outputs): void {
    if (publish === "auto" && outputs.publish === "host")
        console.log(
            "Ports are published by the nodes that run a task, not by the routing mesh: the hosts' kernel has no IPVS.",
        );
    const classes = { left: "Left undone", done: "Good to know" } as const;
    for (const [kind, heading] of Object.entries(classes)) {
        const own = left.filter(({ id }) => exitClassOf(id) === kind);
        if (own.length > 0) console.log(leftLines(own, heading));
    }
}

/**
 * Looks at what the up has left behind. Tries the data path only after a change: it takes seconds, and is tried between
 * zones.
 */
async function look(
    stack: string,
    { steps }: Outcome,
    { checkDataPath }: ReadySettings,
    outputs: Outputs,
    progress: Progress,
): Promise<readonly Problem[]> {
    const changed = steps.length > 0;
    const dataPath = changed && checkDataPath;
    const { lastLook } = await import("../stack/last-look");
    return progress.step(dataPath ? "Looking at the swarm and its data path" : "Looking at the swarm", () =>
        lastLook(stack, outputs, { asks: true, settles: changed, dataPath, progress }),
    );
}

/**
 * The error of a failed up. If a stack does not run, tries the data path, which may be the reason: services whose tasks
 * do not reach each other fail their health checks. Needs the outputs of an earlier up.
 */
async function explained(
    error: unknown,
    { checkDataPath }: ReadySettings,
    stack: auto.Stack,
    progress: Progress,
): Promise<unknown> {
    const isStuck = error instanceof SkepError && error.problems.some(({ id }) => id === "STACK_NOT_RUNNING");
    if (!isStuck || !checkDataPath) return error;
    const outputs = plainOutputs(await stack.outputs()) as unknown as Partial<Outputs>;
    if (!outputs.nodes) return error;
    const { lastLook } = await import("../stack/last-look");
    const found = await progress.step("Looking at the data path", () =>
        lastLook(stack.name, outputs as Outputs, { asks: false, dataPath: true, progress }),
    );
    return new SkepError([...error.problems, ...found]);
}

/** An up that did all it should, and left a swarm that is not well, ends with what the last look found. */
function refuseUnwell(found: readonly Problem[]): void {
    if (found.length > 0) throw new SkepError(found);
}

/**
 * Runs up. If it meets the lab's own network, which the state has lost, puts the network back into the state and runs up
 * again.
 */
async function bringUp(
    stack: auto.Stack,
    { hosts }: ReadySettings,
    progress: Progress,
    shown: Shown,
): Promise<Outcome> {
    try {
        return await operate(stack, "up", progress, shown);
    } catch (error) {
        if (hosts !== "lab" || !(error instanceof SkepError) || !isNetworkThere(error)) throw error;
        if (!(await adoptNetwork(stack, progress))) throw error;
        return operate(stack, "up", progress, shown);
    }
}

/** Whether an earlier up has already done everything. */
function isSettled({ steps, pending }: Outcome, { placement }: ReadySettings): boolean {
    return steps.length === 0 && !pending && placement !== undefined;
}

/** The nodes as a table. Those on which the sample answers have its address there. */
async function nodeTable({ nodes }: Outputs): Promise<string[]> {
    const rows = nodes.map(async ({ name, role, zone, address, host, ports }) => {
        const url = `http://${host}:${ports.app}/`;
        const shown = ports.app !== undefined && (await answers(url)) ? url : "";
        return [name, role, zone, address, shown];
    });
    const heads = ["node", "role", "zone", "address", "sample"];
    return table([heads, ...(await Promise.all(rows))]).map((line) => `  ${line}`);
}

/**
 * Whether a web server answers at this URL within two seconds. Not by `fetch`: in Node.js 20 it never ends when the other
 * side closes the connection at once.
 */
function answers(url: string): Promise<boolean> {
    return new Promise((resolve) => {
        const asked = get(url, { agent: false, timeout: ANSWER_MILLISECONDS }, (response) => {
            response.destroy();
            resolve(true);
        });
        asked.on("timeout", () => asked.destroy()).on("error", () => resolve(false));
    });
}

function nextSteps(options: Options, { sample, stacks = {} }: Outputs): string {
    const addresses = Object.entries(stacks).flatMap(([stack, found]) =>
        found.addresses.flatMap(({ port, at }) =>
            at ? [`  ${at.padEnd(24)} # port ${port} of ${stack}`] : [],
        ),
    );
    return [
        "",
        "Next:",
        `  ${skepCommand("status", options)}`,
        ...(sample ? [`  curl ${sample.url}/   # the sample, over all zones`] : []),
        ...addresses,
        `  ${skepCommand("context", options)}   # for your own docker`,
        `  npm run destroy${suffix(options)}`,
    ].join("\n");
}
