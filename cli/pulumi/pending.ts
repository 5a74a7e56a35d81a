// Operations that a killed run had begun. The state remembers them, and nobody knows how they ended. Almost all of our
// resources find what exists when they are begun again. A container, network or volume of the lab clashes by its name.

import type * as auto from "@pulumi/pulumi/automation";
import type { Deployment, StateResource } from "../../config/state";
import { findHalfMade } from "./pending-aws";
import { partsOfUrn } from "./steps";
import type { Progress } from "../../scripts/setup/progress";
import { dockerClient } from "../../scripts/setup/docker";
import { objectsOf } from "../../lab/project";

/** Whether a diagnostic is Pulumi's warning about such operations, which comes with every operation. */
export function hasPending(diagnostic: string): boolean {
    return /pending operations/.test(diagnostic);
}

/**
 * Forgets these operations. Before that, removes the lab objects whose creation had begun and that the state does not
 * know.
 */
export async function settlePending(stack: auto.Stack, progress: Progress): Promise<void> {
    const state = await stack.exportStack();
    const deployment = state.deployment as Deployment;
    const pending = deployment.pending_operations ?? [];
    if (pending.length === 0) return;
    // What a later run has made in its place is complete, and the state knows it.
    const made = new Set((deployment.resources ?? []).map(({ urn }) => urn));
    const halfMade = pending
        .filter(({ type, resource }) => type === "creating" && !made.has(resource.urn))
        .map(({ resource }) => resource);
    for (const resource of halfMade) await removeHalfMade(stack.name, resource);
    const taken = await takeFromAws(halfMade, deployment.resources ?? [], progress);
    deployment.resources = [...(deployment.resources ?? []), ...taken];
    deployment.pending_operations = [];
    await stack.importStack(state);
    const names = pending.map(({ resource }) => partsOfUrn(resource.urn).name);
    progress.note(`Forgot what a killed command had begun, to begin it again: ${names.join(", ")}`);
}

/** The half-made resources on EC2 that exist, as the state is to have them. */
async function takeFromAws(
    halfMade: readonly StateResource[],
    resources: readonly StateResource[],
    progress: Progress,
): Promise<StateResource[]> {
    const onAws = halfMade.filter(({ type }) => type.startsWith("aws:"));
    if (onAws.length === 0) return [];
    const provider = resources.find(({ type }) => type === "pulumi:providers:aws");
    const { endpoints, ...config } = provider?.inputs ?? {};
    // Pulumi keeps lists in a provider's configuration as JSON.
    const list: unknown = typeof endpoints === "string" ? JSON.parse(endpoints) : (endpoints ?? []);
    const { clients } = await import("../../offline/plugins/aws/clients");
    const { ec2 } = clients({ config: { ...config, endpoints: list } });
    const known = new Set(resources.flatMap(({ id }) => id ?? []));
    const found = await findHalfMade(ec2, onAws, known, progress);
    for (const { urn, id } of found)
        progress.note(`${partsOfUrn(urn).name} was half made: ${id} is in the state again`);
    return found.map((resource) => ({ ...resource, outputs: resource.inputs }));
}

/**
 * Removes a half-made lab object if it has this stack's and this project's labels: a name alone could be somebody else's.
 */
async function removeHalfMade(stack: string, { type, inputs }: StateResource): Promise<void> {
    const name = inputs?.name;
    const docker = dockerClient();
    const filters = objectsOf(stack);
    if (type === "docker:index/container:Container") {
        for (const { Id, Names } of await docker.listContainers({ all: true, filters }))
            if (Names.includes(`/${name}`)) await docker.getContainer(Id).remove({ force: true, v: true });
    } else if (type === "docker:index/volume:Volume") {
        for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? [])
            if (Name === name) await docker.getVolume(Name).remove();
    } else if (type === "docker:index/network:Network") {
        for (const { Id, Name } of await docker.listNetworks({ filters }))
            if (Name === name) await docker.getNetwork(Id).remove();
    }
}
