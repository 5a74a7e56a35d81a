// Which Docker engine has a lab's hosts: its id is kept with the stack. On another one the state would find nothing of
// the lab, forget all of it and plan a new one, so another one is refused before anything is planned.

import { skepError } from "../errors";
import { dockerClient, dockerEndpoint, dockerEnvironment } from "../providers/runtime/docker";
import type { LabEngine } from "../config/facts";
import { objectsOf } from "./project";

/** What is known of a stack's engine. */
export interface Known {
    /** What an up has kept. */
    engine?: LabEngine;
    /** The stack was up once, by a Skep that kept no engine where `engine` is missing. */
    wasUp: boolean;
}

/** The engine that answers now. Fails with ENGINE_OTHER_MACHINE where the stack's hosts are on another. */
export async function labEngine(stack: string, { engine, wasUp }: Known): Promise<LabEngine> {
    const docker = dockerClient();
    const { host } = dockerEndpoint();
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
 * For the plain `pulumi` command, which starts the docker plugin with this process's environment: refuses one that lets
 * the plugin take another engine than Skep does.
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
