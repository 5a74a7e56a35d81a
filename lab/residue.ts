// What is on this machine's engine for a stack whatever the state knows: found by label, removed at the end of destroy.

import { dockerClient } from "../scripts/setup/docker";
import { objectsOf } from "./project";

/** Removes a stack's containers, volumes and networks, those of this copy of the project or of any copy; their names. */
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
