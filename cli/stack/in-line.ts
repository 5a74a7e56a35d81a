// The run of Pulumi with which a recovery ends: missing managers join anew, the unlock key is another one, and settings,
// state and swarm agree.

import type { Rotations } from "../../config/facts";
import type { Problem } from "../../errors";
import { startStoppedHosts } from "../../lab/hosts";
import { operate, settle } from "../pulumi/operate";
import { openStack } from "../pulumi/workspace";
import type { Options } from "../options";
import { type Ready, ready } from "../prepare";
import { plainOutputs } from "../print";
import { writeClientFiles } from "./client-files";
import { lastLook } from "./last-look";
import type { Outputs } from "./outputs";

/** Prepares this machine for a recovery, and starts the stopped hosts of a lab: those need no recovery. */
export async function readyToRecover(options: Options): Promise<Ready> {
    const work = await ready(keeping(options), oneKeyMore);
    if (work.settings.hosts === "lab") await startStoppedHosts(options.stack, work.progress);
    return work;
}

/** Opens the stack for an operation that must not end its swarm. */
export function openToRecover(options: Options, { tools, program }: Ready) {
    return openStack(keeping(options), tools, program);
}

/** The name that --lose-swarm gives answers the question only: no run of Pulumi may give up this swarm. */
function keeping(options: Options): Options {
    return { ...options, loseSwarm: undefined };
}

function oneKeyMore(rotations: Rotations): Rotations {
    return { ...rotations, unlockKey: (rotations.unlockKey ?? 0) + 1 };
}

/** Brings the stack in line with a swarm that has come back. Returns its outputs, and what is still wrong with it. */
export async function bringInLine(
    options: Options,
    work: Ready,
): Promise<{ outputs: Outputs; found: readonly Problem[] }> {
    const { progress, hasPending, settings } = work;
    const { stack, sizes } = await openToRecover(options, work);
    if (hasPending) await settle(stack, progress);
    await work.keepFacts();
    const outcome = await progress.step("Bringing the stack in line", (update) =>
        operate(stack, "up", progress, { update, sizes, verbose: options.verbose }),
    );
    const outputs = plainOutputs(outcome.outputs ?? {}) as unknown as Outputs;
    await writeClientFiles(options.stack, outputs);
    const found = await progress.step("Looking at the swarm", () =>
        lastLook(options.stack, outputs, {
            asks: true,
            settles: true,
            dataPath: settings.checkDataPath,
            progress,
        }),
    );
    return { outputs, found };
}
