// What a lab's hosts and network were created with and cannot change while they stand.

import type { PublishedPort } from "../planning/ports";
import { labNetwork } from "./lost-network";
import type { LabHost } from "./hosts";

/** The subnet of the stack's network; undefined if there is none. */
export async function standingSubnet(stack: string): Promise<string | undefined> {
    const network = await labNetwork(stack);
    return network?.IPAM?.Config?.find(({ Subnet }) => Subnet?.includes("."))?.Subnet;
}

/** What the standing hosts publish, by host name. Hosts that were never started are recreated, and keep nothing. */
export function standingPorts(hosts: readonly LabHost[]): Record<string, PublishedPort[]> {
    const kept = hosts.filter(({ state }) => state !== "created");
    return Object.fromEntries(kept.map(({ name, published }) => [name, published]));
}
