// How a lab's hosts were made, against how a new one would be. No I/O.

import type { Problem } from "../errors";
import { listed } from "./sentence";

/** What a container keeps for life. */
export interface Making {
    /** The image's id. */
    image: string;
    /** Names of the capabilities that it was given. */
    capabilities: readonly string[];
    /** The folder with docker-ce's repository that it mounts; undefined if it mounts none. */
    repository?: string;
}

/** A problem that names the hosts that were made otherwise than a new one would be, and in what. */
export function olderHosts(hosts: readonly { name: string; made: Making }[], wanted: Making): Problem[] {
    const older = hosts.flatMap(({ name, made }) => {
        const parts = partsIn(made, wanted);
        return parts.length === 0 ? [] : [`${name} (${listed(parts)})`];
    });
    if (older.length === 0) return [];
    return [
        {
            id: "HOSTS_OLDER",
            problem: `${listed(older)} ${older.length === 1 ? "was" : "were"} made otherwise than new hosts are.`,
            advice: "To have them made anew, name them in skep:renew; managers go one a run.",
        },
    ];
}

function partsIn(made: Making, wanted: Making): string[] {
    const sorted = (names: readonly string[]) => [...names].sort().join();
    return [
        ...(made.image === wanted.image ? [] : ["image"]),
        ...(sorted(made.capabilities) === sorted(wanted.capabilities) ? [] : ["capabilities"]),
        ...(made.repository === wanted.repository ? [] : ["repository"]),
    ];
}
