// Which hosts run the registry, and in which order the others look for it. Pure: hosts in, hosts out.

import type { PlacedHost } from "./placement";

type Candidate = Pick<PlacedHost, "name" | "role" | "zone">;

/**
 * The names of the hosts that run the registry, whatever their roles in the swarm have become. Those that run it already
 * stay while they exist: without object storage the images are on their disks. The rest are spread over the zones, workers
 * before managers.
 */
export function chooseRegistryHosts(
    hosts: readonly Candidate[],
    count: number,
    kept: readonly string[] = [],
): string[] {
    const find = (name: string) => hosts.find((host) => host.name === name);
    const chosen = [...new Set(kept)].flatMap((name) => find(name) ?? []).slice(0, count);
    while (chosen.length < count) {
        const inZone = ({ zone }: Candidate) => chosen.filter((other) => other.zone === zone).length;
        const cost = (host: Candidate) => 2 * inZone(host) + (host.role === "worker" ? 0 : 1);
        const [next] = hosts
            .filter((host) => !chosen.includes(host))
            // Sorting is stable: of equals the one with the lowest number.
            .sort((a, b) => cost(a) - cost(b));
        if (next === undefined) break;
        chosen.push(next);
    }
    return chosen.map(({ name }) => name);
}

/** Of several addresses for one name, an engine tries the first one first: that of its own zone, where there is one. */
export function nearestFirst<T extends Pick<PlacedHost, "zoneIndex">>(
    registries: readonly T[],
    { zoneIndex }: Pick<PlacedHost, "zoneIndex">,
): T[] {
    const isNear = (host: T) => host.zoneIndex === zoneIndex;
    return [...registries.filter(isNear), ...registries.filter((host) => !isNear(host))];
}
