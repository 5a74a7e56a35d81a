// Setup: what must be on this machine before a stack can be brought up, each step in its own file. Every step keeps its
// result in the cache under a hash of what it was made from, so a second setup finds everything done.
// Installing npm packages comes before all this: scripts/skep.mjs.

import { hasLoopbackProxy } from "../../planning/proxies";
import type { RepositorySettings } from "../../config/repository";
import type { Progress } from "./progress";
import { dockerClient, ensureDocker } from "./docker";
import { type Engine, ensureEngine } from "./pulumi";
import { ensureImages, type Images } from "./images";
import { askedKind, ensurePlugins } from "./plugin-kind";
import { ensureSwarmPlugin } from "./plugins";
import { prune } from "./prune";
import { reachability, type Reachability } from "./reachability";
import { type DockerRepository, ensureRepository } from "./repository";
import { allOrProblems } from "./all-or-problems";
import type { PluginKind, PulumiTools, Tools } from "./tools";

/**
 * What a command needs of this machine, beyond the Pulumi engine and its plugins.
 * - `engine`: nothing more; reads a stack's state.
 * - `docker`: a Docker engine that answers; takes a lab down.
 * - `lab`: that, the lab's images and a repository of docker-ce; brings a lab up.
 * - `instances`: workloads' images, and a repository of docker-ce for hosts that are not on this machine.
 */
export type Needs = "engine" | "docker" | "lab" | "instances";

export interface SetupOptions {
    progress: Progress;
    needs: Needs;
    /** The kind of plugins that the stack was made with, for what takes it down or reads it. */
    made?: PluginKind;
    /** The stack's mirror of Docker's package repository; with `lab` and `instances` only. */
    repository?: RepositorySettings;
}

/** Installs what is missing and says where it is. Safe to run again after being killed at any moment. */
export async function setup(options: SetupOptions & { needs: "engine" | "docker" }): Promise<PulumiTools>;
export async function setup(options: SetupOptions & { needs: "lab" | "instances" }): Promise<Tools>;
export async function setup({
    progress,
    needs,
    made,
    repository: mirror,
}: SetupOptions): Promise<PulumiTools | Tools> {
    // A setting that is wrong is refused before anything is fetched.
    askedKind();
    const [reachable] = await allOrProblems([reachability(progress)]);
    const [pulumi, plugins, swarmPlugin, images, repository] = await allOrProblems([
        ensureEngine(progress, reachable.pulumi),
        ensurePlugins(progress, reachable, made),
        ensureSwarmPlugin(progress),
        engineAndImages(progress, needs, reachable),
        repositoryFor(progress, needs, reachable, mirror),
    ]);
    // Last: what is in use has been marked so by now.
    const removed = needs === "lab" ? await prune(dockerClient()) : [];
    if (removed.length > 0) progress.note(`Removed, unused for two weeks: ${removed.join(", ")}`);
    return { pulumi, ...plugins, swarmPlugin, images, repository };
}

/** The program `pulumi` alone, which is enough to read a stack's state; installed where it is missing. */
export async function ensurePulumi(progress: Progress): Promise<Engine> {
    return ensureEngine(progress, (await reachability(progress)).pulumi);
}

async function engineAndImages(
    progress: Progress,
    needs: Needs,
    reachable: Reachability,
): Promise<Images | undefined> {
    if (needs === "engine") return undefined;
    const docker = await ensureDocker(progress, needs === "lab" ? "hosts" : "any");
    return needs === "docker" ? undefined : ensureImages(progress, docker, reachable.dockerHub);
}

async function repositoryFor(
    progress: Progress,
    needs: Needs,
    reachable: Reachability,
    mirror?: RepositorySettings,
): Promise<DockerRepository | undefined> {
    // Instances on EC2 reach Docker's own repository, wherever this machine stands.
    if (needs === "instances") return ensureRepository(progress, true, mirror);
    if (needs !== "lab") return undefined;
    // What this machine reaches by a proxy on its loopback, its containers do not reach.
    const official = reachable.dockerPackages && !hasLoopbackProxy(process.env);
    const found = await ensureRepository(progress, official, mirror);
    return found.mount ? found : { ...found, viaProxy: true };
}
