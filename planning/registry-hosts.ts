// Which hosts run the registry, and in which order the others try them. No I/O.

import type { PlacedHost } from "./placement";

type Candidate = Pick<PlacedHost, "name" | "role" | "zone">;

/**
 * Chooses the hosts that run the registry. Hosts in `kept` stay as long as they exist: without object storage, the images
 * are on their disks. The others are spread over the zones, workers before managers, by the role that they were made with.
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
            // The sort is stable: among hosts of equal cost, the one with the lowest number comes first.
            .sort((a, b) => cost(a) - cost(b));
        if (next === undefined) break;
        chosen.push(next);
    }
    return chosen.map(({ name }) => name);
}

/** Sorts a host's registries: those of its own zone come first, because an engine tries a name's addresses in order. */
export function nearestFirst<T extends Pick<PlacedHost, "zoneIndex">>(
    registries: readonly T[],
    { zoneIndex }: Pick<PlacedHost, "zoneIndex">,
): T[] {
    const isNear = (host: T) => host.zoneIndex === zoneIndex;
    return [...registries.filter(isNear), ...registries.filter((host) => !isNear(host))];
}
