// What a lab's hosts and network were created with and cannot change while they stand. A host keeps the ports that it
// publishes. A subnet that would recreate every host is refused.

import type { Settings } from "../config/settings";
import { skepError } from "../errors";
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

/** Throws LAB_FIXED if the lab's subnet would recreate every standing host. */
export function refuseFixed({ labSubnet }: Settings, subnet?: string): void {
    if (subnet === undefined || labSubnet === undefined || labSubnet === subnet) return;
    throw skepError(
        "LAB_FIXED",
        `skep:labSubnet is ${labSubnet}, and the lab's hosts have addresses of ${subnet}: every one of them would have to be made anew, and the swarm with them.`,
        "Set it back; or destroy the stack and bring it up anew.",
    );
}
