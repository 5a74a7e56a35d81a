// What every command on a stack begins with: the settings, the facts, the set-up, and refusals before anything changes.
// steps.ts says what happens and in which order.

import { formatProblem, SkepError } from "../errors";
import { exitClassOf } from "../errors/catalog";
import type { ReadySettings } from "../config/settings";
import type { ProgramArgs } from "../program";
import type { Progress } from "../scripts/setup/progress";
import { setup } from "../scripts/setup/setup";
import type { PulumiTools, Tools } from "../scripts/setup/tools";
import { type LabHost } from "../lab/hosts";
import { findFacts, type FoundFacts, isSameFacts, madeWith } from "./stack/facts";
import { StackFile } from "./stack/file";
import { linkSwarmPlugin } from "./pulumi/workspace";

import { type Options, progressFor } from "./options";
import { Preparation, readerOf, type Rotating, STEPS, type Way } from "./steps";

export interface Ready {
    progress: Progress;
    tools: Tools;
    settings: ReadySettings;
    program: ProgramArgs;
    /** The lab's hosts that existed when the command began. */
    hosts: readonly LabHost[];
    /** Whether a killed run has begun operations whose end nobody knows. */
    hasPending: boolean;
    /** Whether the state has a swarm. */
    hasSwarm: boolean;
    /** Whether the state already has all current facts, but for what this command rotates. */
    hasFacts: boolean;
    /** Writes the facts beside the state when an up begins: it may be killed before the state has them. */
    keepFacts(): Promise<void>;
}

/** Runs the steps for a command that then works on the stack. `rotate`: what it rotates. */
export async function ready(options: Options, rotate?: Rotating): Promise<Ready> {
    const work = await prepare("command", options, rotate);
    const { progress, tools, settings, hosts, found, files } = work;
    const program = work.program();
    return {
        progress,
        tools: tools!,
        settings: settings as ReadySettings,
        hosts,
        program,
        hasPending: found.hasPending,
        hasSwarm: found.hasSwarm,
        hasFacts:
            found.from === "state" &&
            isSameFacts(found.facts, { ...program.facts, rotations: found.facts.rotations }),
        keepFacts: () => files.kept.keep({ facts: program.facts }),
    };
}

/**
 * Prepares this machine for the plain `pulumi` command on a stack. Settings that are refused, such as a missing key of the
 * registry's bucket, are noted only: the plain command may be what sets them.
 */
export async function readyForPlain(options: Options): Promise<{ progress: Progress; tools: PulumiTools }> {
    try {
        const { progress, tools } = await prepare("env", options);
        return { progress, tools: tools! };
    } catch (error) {
        const isRefused =
            error instanceof SkepError &&
            error.problems.every(({ id }) => ["refused", "usage"].includes(exitClassOf(id)));
        if (!isRefused) throw error;
        const progress = progressFor(options);
        for (const problem of error.problems)
            progress.note(`Not prepared for an up: ${formatProblem(problem)}`);
        const { facts } = await factsOfStack(options.stack, progress);
        const tools = await setup({ progress, needs: "pulumi", made: madeWith(facts) });
        linkSwarmPlugin(tools);
        return { progress, tools };
    }
}

/**
 * The program's arguments for the plain `pulumi` command. Installs, starts and writes nothing. Throws NOT_PREPARED if a
 * skep command has to do so first.
 */
export async function plainProgram(stack: string): Promise<ProgramArgs> {
    return (await prepare("plain", { stack, json: true })).program();
}

/** The facts of a stack, for commands that destroy or read it whatever else is wrong with it. */
export async function factsOfStack(stack: string, progress: Progress): Promise<FoundFacts> {
    const { facts } = await StackFile.read(stack);
    return findFacts(facts, await readerOf(stack, progress));
}

async function prepare(way: Way, options: Options, rotate?: Rotating): Promise<Preparation> {
    const work = new Preparation(way, options, rotate);
    for (const { name, does, ways, on, run } of STEPS) {
        if (!ways.includes(way) || (on === "lab" && work.settings.hosts !== "lab")) continue;
        const began = Date.now();
        await run(work);
        if (process.env.SKEP_DEBUG) process.stderr.write(`  ${name} (${Date.now() - began} ms): ${does}\n`);
    }
    return work;
}
