// Setup: what must be on this machine before a stack can be brought up, each step in its own file. Every step keeps its
// result in the cache under a hash of what it was made from, so a second setup finds everything done.
// Installing npm packages comes before all this: scripts/skep.mjs.

import { SkepError } from "../../errors";
import type { Progress } from "../progress";
import { removePartials, withSetupLock } from "./cache";
import { ensureDocker } from "./docker";
import { ensureEngine } from "./engine";
import { ensureImages } from "./images";
import { ensureStandIns, ensureSwarmPlugin } from "./plugins";
import { reachability } from "./reachability";
import { ensureRepository } from "./repository";
import type { Tools } from "./tools";

export interface SetupOptions {
    progress: Progress;
    /** Whether hosts are containers of this machine: then an engine and images are needed too. */
    lab: boolean;
}

/** Installs what is missing and says where it is. Safe to run again after being killed at any moment. */
export async function setup({ progress, lab }: SetupOptions): Promise<Tools> {
    return withSetupLock(progress, async () => {
        await removePartials();
        const reachable = await reachability(progress);
        const images = async () =>
            lab ? ensureImages(progress, await ensureDocker(progress), reachable.dockerHub) : undefined;
        // Instances on EC2 reach Docker's own repository, wherever this machine stands.
        const repository = ensureRepository(progress, reachable.dockerPackages || !lab);
        const [pulumi, pulumiHome, swarmPlugin, labImages, dockerRepository] = await allOrProblems([
            ensureEngine(progress, reachable.pulumi),
            reachable.pulumi ? Promise.resolve(undefined) : ensureStandIns(progress),
            ensureSwarmPlugin(progress),
            images(),
            repository,
        ]);
        return {
            pulumi,
            plugins: pulumiHome === undefined ? "official" : "standins",
            pulumiHome,
            swarmPlugin,
            images: labImages,
            repository: dockerRepository,
        };
    });
}

/**
 * Like Promise.all, but waits for every step to end, also when one has failed: what the others finish is kept, nothing
 * runs on unseen, and all problems are reported at once.
 */
async function allOrProblems<T extends readonly unknown[]>(
    steps: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
    const results = await Promise.allSettled(steps as readonly Promise<unknown>[]);
    const reasons: unknown[] = results.flatMap((result) =>
        result.status === "rejected" ? [result.reason] : [],
    );
    const bug = reasons.find((reason) => !(reason instanceof SkepError));
    if (bug) throw bug;
    if (reasons.length > 0) throw new SkepError(reasons.flatMap((reason) => (reason as SkepError).problems));
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
