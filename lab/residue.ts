// What is on this machine's engine for a stack whatever the state knows: found by label, removed at the end of destroy.

import { PROJECT_LABEL, STACK_LABEL } from "../planning/labels";
import { dockerClient } from "../scripts/setup/docker";

/**
 * Removes a stack's containers, volumes and networks; their names. `project` is the copy of the project whose objects
 * they are; without it those of any copy go.
 */
export async function removeLabObjects(stack: string, project?: string): Promise<string[]> {
    const docker = dockerClient();
    const own = project === undefined ? [] : [`${PROJECT_LABEL}=${project}`];
    const filters = { label: [`${STACK_LABEL}=${stack}`, ...own] };
    const removed: string[] = [];
    for (const { Id, Names } of await docker.listContainers({ all: true, filters })) {
        await docker.getContainer(Id).remove({ force: true, v: true });
        removed.push(`container ${Names[0]?.slice(1)}`);
    }
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? []) {
        await docker.getVolume(Name).remove();
        removed.push(`volume ${Name}`);
    }
    for (const { Id, Name } of await docker.listNetworks({ filters })) {
        await docker.getNetwork(Id).remove();
        removed.push(`network ${Name}`);
    }
    return removed;
}
