// Setup: installs what this machine needs before a stack can be brought up. Each step has a file of its own, and keeps its
// result in the cache under a hash of its sources, so a second setup has nothing to do. scripts/skep.mjs installs npm packages.

import { hasLoopbackProxy } from "../../planning/proxies";
import type { Progress } from "./progress";
import { dockerClient, ensureDocker } from "./docker";
import { type Pulumi, ensurePulumi } from "./pulumi";
import { ensureImages, type Images } from "./images";
import { askedKind, ensurePlugins } from "./plugin-kind";
import { ensureSwarmPlugin } from "./plugins";
import { prune } from "./prune";
import { reachability, type Reachability } from "./reachability";
import { type DockerRepository, ensureRepository, type RepositoryWishes } from "./repository";
import { allOrProblems } from "./all-or-problems";
import type { PluginKind, PulumiTools, Tools } from "./tools";

/**
 * What a command needs besides `pulumi` and its plugins.
 * - `pulumi`: nothing, to read a stack's state.
 * - `docker`: a Docker engine that answers, to take a lab down.
 * - `lab`: the same, the lab's images and a repository of docker-ce, to bring a lab up.
 * - `instances`: the workloads' images and a repository of docker-ce for hosts elsewhere.
 */
export type Needs = "pulumi" | "docker" | "lab" | "instances";

export interface SetupOptions {
    progress: Progress;
    needs: Needs;
    /** The kind of plugins that the stack was made with. */
    made?: PluginKind;
    /** What the stack needs of docker-ce's repository, for `lab` and `instances`. */
    repository?: Omit<RepositoryWishes, "official">;
}

/** Installs what is missing and says where it is. It can be killed at any moment and run again. */
export async function setup(options: SetupOptions & { needs: "pulumi" | "docker" }): Promise<PulumiTools>;
export async function setup(options: SetupOptions & { needs: "lab" | "instances" }): Promise<Tools>;
export async function setup({
    progress,
    needs,
    made,
    repository: wishes = {},
}: SetupOptions): Promise<PulumiTools | Tools> {
    // Refuse a wrong SKEP_PLUGINS before anything is downloaded.
    askedKind();
    const [reachable] = await allOrProblems([reachability(progress)]);
    const [pulumi, plugins, swarmPlugin, images, repository] = await allOrProblems([
        ensurePulumi(progress, reachable.pulumi),
        ensurePlugins(progress, reachable, made),
        ensureSwarmPlugin(progress),
        dockerAndImages(progress, needs, reachable),
        repositoryFor(progress, needs, reachable, wishes),
    ]);
    // Prune last: by now everything in use is marked.
    const removed = needs === "lab" ? await prune(dockerClient()) : [];
    if (removed.length > 0) progress.note(`Removed, unused for two weeks: ${removed.join(", ")}`);
    return { pulumi, ...plugins, swarmPlugin, images, repository };
}

/** The program `pulumi` alone, which is enough to read a stack's state; installed where it is missing. */
export async function pulumiAlone(progress: Progress): Promise<Pulumi> {
    return ensurePulumi(progress, (await reachability(progress)).pulumi);
}

async function dockerAndImages(
    progress: Progress,
    needs: Needs,
    reachable: Reachability,
): Promise<Images | undefined> {
    if (needs === "pulumi") return undefined;
    const docker = await ensureDocker(progress, needs === "lab" ? "hosts" : "any");
    return needs === "docker" ? undefined : ensureImages(progress, docker, reachable.dockerHub);
}

async function repositoryFor(
    progress: Progress,
    needs: Needs,
    reachable: Reachability,
    wishes: Omit<RepositoryWishes, "official">,
): Promise<DockerRepository | undefined> {
    // Instances on EC2 reach Docker's own repository, whatever this machine reaches.
    if (needs === "instances") return ensureRepository(progress, { ...wishes, official: true });
    if (needs !== "lab") return undefined;
    // Containers cannot use a proxy on this machine's loopback.
    const official = reachable.dockerPackages && !hasLoopbackProxy(process.env);
    const found = await ensureRepository(progress, { ...wishes, official });
    return found.mount ? found : { ...found, viaProxy: true };
}
