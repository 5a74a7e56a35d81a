// Removes what is left of a stack on this machine's engine at the end of destroy, whatever the state knows. Finds it by
// label.

import { dockerClient } from "../scripts/setup/docker";
import { objectsOf } from "./project";

/**
 * Removes a stack's containers, volumes and networks: those that this copy of the project made, or any copy. Returns
 * their names.
 */
export async function removeLabObjects(stack: string, owner: "own" | "any"): Promise<string[]> {
    const docker = dockerClient();
    const filters = objectsOf(stack, owner);
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
