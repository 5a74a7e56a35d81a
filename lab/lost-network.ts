// Puts the lab's network back into a state that has lost it. The official docker provider takes every failed look at a
// network for the end of the network. It still stands, with every host on it.

import type * as auto from "@pulumi/pulumi/automation";
import type { NetworkInspectInfo } from "dockerode";
import type { Deployment } from "../config/state";
import type { SkepError } from "../errors";
import type { Progress } from "../scripts/setup/progress";
import { dockerClient } from "../scripts/setup/docker";
import { objectsOf } from "./project";

const NETWORK_TYPE = "docker:index/network:Network";
const LAB_TYPE = "skep:hosts:Lab";

/** Whether this failure says that a network to be created already exists. */
export function isNetworkThere({ problems }: SkepError): boolean {
    return problems.some(({ problem }) => /network with name \S+ already exists/.test(problem));
}

/** The stack's network on this machine's engine, if this copy of the project made it. */
export async function labNetwork(stack: string): Promise<NetworkInspectInfo | undefined> {
    const [network] = await dockerClient().listNetworks({ filters: objectsOf(stack) });
    return network;
}

/** Puts the stack's network back into the state. Returns false if the state has one, or if there is none of ours. */
export async function adoptNetwork(stack: auto.Stack, progress: Progress): Promise<boolean> {
    const network = await labNetwork(stack.name);
    const state = await stack.exportStack();
    const { resources = [] } = state.deployment as Deployment;
    const lab = resources.find(({ type }) => type === LAB_TYPE);
    const provider = resources.find(({ type }) => type.startsWith("docker:"))?.provider;
    const isKnown = resources.some(({ type }) => type === NETWORK_TYPE);
    if (!network || isKnown || !lab || !provider) return false;
    const labels = Object.entries(network.Labels ?? {}).map(([label, value]) => ({ label, value }));
    // The refresh that comes with every up fills in the rest.
    const inputs = { name: network.Name, driver: network.Driver, labels };
    const [before, name = ""] = [lab.urn.split("::").slice(0, 2), lab.urn.split("::").at(-1)];
    // Below its parent and its provider: Pulumi reads the list in order.
    const place = resources.findIndex(({ urn }) => provider.startsWith(urn));
    resources.splice(Math.max(place, resources.indexOf(lab)) + 1, 0, {
        urn: [...before, `${LAB_TYPE}$${NETWORK_TYPE}`, `${name}-network`].join("::"),
        custom: true,
        id: network.Id,
        type: NETWORK_TYPE,
        inputs,
        outputs: inputs,
        parent: lab.urn,
        provider,
    });
    await stack.importStack(state);
    progress.note("The lab's network stood, and the state did not know it: it does again");
    return true;
}
