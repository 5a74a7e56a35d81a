// What a lab's hosts and network were created with and cannot change while they stand. A host keeps the ports that it
// publishes. Settings that would recreate every host are refused.

import type { Settings } from "../config/settings";
import { type Problem, SkepError } from "../errors";
import { placementOf } from "../planning/zone-moves";
import { hostPorts, type HostPorts, portsFrom, servicePorts } from "../planning/ports";
import { labNetwork } from "./lost-network";
import type { LabHost } from "./hosts";

/** The subnet of the stack's network; undefined if there is none. */
export async function standingSubnet(stack: string): Promise<string | undefined> {
    const network = await labNetwork(stack);
    return network?.IPAM?.Config?.find(({ Subnet }) => Subnet?.includes("."))?.Subnet;
}

/** The ports that the standing hosts keep, by host name. Hosts that were never started are recreated, and keep none. */
export function standingPorts(settings: Settings, hosts: readonly LabHost[]): Record<string, HostPorts> {
    if (settings.labPorts === undefined) return {};
    const { labPorts, registry, sample } = settings;
    const wanted = placementOf(settings).hosts;
    const kept = hosts.filter(({ state }) => state !== "created");
    return Object.fromEntries(
        kept.flatMap(({ name, published }) => {
            const host = wanted.find((other) => other.name === name);
            if (!host) return [];
            const services = { app: sample.port, registry: registry.port };
            return [[name, portsFrom(published, services, hostPorts(labPorts, host))]];
        }),
    );
}

/** Throws LAB_FIXED if settings would recreate every standing host, and names the values that the hosts have. */
export function refuseOtherPorts(settings: Settings, hosts: readonly LabHost[]): void {
    const problems = fixedProblems(settings, hosts);
    if (problems.length > 0) throw new SkepError(problems);
}

/** Problems for settings that the standing hosts cannot follow. No I/O. */
export function fixedProblems({ registry, sample }: Settings, hosts: readonly LabHost[]): Problem[] {
    const problems: Problem[] = [];
    const [standing] = hosts.filter(({ state }) => state !== "created");
    if (!standing) return problems;
    const made = servicePorts(standing.published);
    const publish = `publish ${made.join(" and ")}`;
    for (const [key, port] of [
        ["sample.port", sample.port],
        ["registry.port", registry.port],
    ] as const)
        if (!made.includes(port)) problems.push(fixed(key, port, publish));
    return problems;
}

function fixed(key: string, value: string | number, have: string): Problem {
    return {
        id: "LAB_FIXED",
        problem: `skep:${key} is ${value}, and the lab's hosts ${have}: every one of them would have to be made anew, and the swarm with them.`,
        advice: "Set it back; or destroy the stack and bring it up anew.",
    };
}
