// Which Docker engine runs a lab's hosts. The stack keeps the engine's id. On another engine, Pulumi would find nothing
// of the lab, forget all of it and plan a new one, so another engine is refused before anything is planned.

import { skepError } from "../errors";
import { dockerClient, dockerEndpoint, dockerEnvironment } from "../providers/runtime/docker";
import { isRemote } from "../planning/docker-endpoint";
import type { LabEngine } from "../config/facts";
import { objectsOf } from "./project";

/** What is known about a stack's engine. */
export interface Known {
    /** The engine that an up has recorded. */
    engine?: LabEngine;
    /** Whether the stack was up once. If `engine` is missing then, a Skep that recorded no engine brought it up. */
    wasUp: boolean;
}

/** The engine that answers now. Throws ENGINE_OTHER_MACHINE if the stack's hosts are on another one. */
export async function labEngine(stack: string, { engine, wasUp }: Known): Promise<LabEngine> {
    const docker = dockerClient();
    const { host, from = "The environment" } = dockerEndpoint();
    if (isRemote({ host }))
        throw skepError(
            "DOCKER_REMOTE",
            `${from} names the engine at ${host}, and a lab's ports would be on that machine's own loopback.`,
            "Run Skep on that machine, or choose this machine's engine with DOCKER_HOST or docker context use.",
        );
    const { ID } = (await docker.info()) as { ID: string };
    const now = { id: ID, endpoint: host };
    if (engine ? engine.id === ID : !wasUp || (await hasHosts(stack))) return now;
    const there = engine ? `set DOCKER_HOST=${engine.endpoint}` : "set DOCKER_HOST to where it is";
    throw skepError(
        "ENGINE_OTHER_MACHINE",
        `The hosts of the stack "${stack}" are on another Docker engine than the one at ${host}, which is used now.`,
        `Go back to it: ${there}, or choose its context again; if it is gone for good, npm run destroy -- --stack ${stack} --orphaned forgets them.`,
    );
}

async function hasHosts(stack: string): Promise<boolean> {
    return (await dockerClient().listContainers({ all: true, filters: objectsOf(stack) })).length > 0;
}

/**
 * For the plain `pulumi` command, which starts the docker plugin with this process's environment. Throws
 * DOCKER_ENVIRONMENT if the plugin would use another engine than Skep does.
 */
export function refuseOtherEnvironment(): void {
    const other = Object.entries(dockerEnvironment()).some(
        ([name, value]) => (process.env[name] ?? "") !== value,
    );
    if (!other) return;
    throw skepError(
        "DOCKER_ENVIRONMENT",
        `The environment does not say which Docker engine is meant (${dockerEndpoint().host}), and Pulumi's plugin would look by itself.`,
        'Run once more in this shell: eval "$(npm run -s skep -- env)"',
    );
}
