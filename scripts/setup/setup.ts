// Setup: what must be on this machine before a stack can be brought up, each step in its own file. Every step keeps its
// result in the cache under a hash of what it was made from, so a second setup finds everything done.
// Installing npm packages comes before all this: scripts/skep.mjs.

import type { Progress } from "../progress";
import { removePartials, withSetupLock } from "./cache";
import { ensureDocker } from "./docker";
import { ensureEngine } from "./engine";
import { ensureImages } from "./images";
import { ensureStandIns, ensureSwarmPlugin } from "./plugins";
import { reachability } from "./reachability";
import { ensureRepository } from "./repository";
import { allOrProblems } from "./together";
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
        const [pulumi, pulumiHome, swarmPlugin, labImages, repository] = await allOrProblems([
            ensureEngine(progress, reachable.pulumi),
            reachable.pulumi ? Promise.resolve(undefined) : ensureStandIns(progress),
            ensureSwarmPlugin(progress),
            images(),
            // Instances on EC2 reach Docker's own repository, wherever this machine stands.
            ensureRepository(progress, reachable.dockerPackages || !lab),
        ]);
        return {
            pulumi,
            plugins: pulumiHome === undefined ? "official" : "standins",
            pulumiHome,
            swarmPlugin,
            images: labImages,
            repository,
        };
    });
}
