// Which hosts there are and in which availability zone each one stands. Pure: names and zones in, hosts out.

export type Role = "manager" | "worker";

export interface PlacedHost {
    /** `manager-1`, `worker-1`: fixed for the life of the stack. */
    name: string;
    role: Role;
    /** Counted from 1 within its role. */
    ordinal: number;
    /** The availability zone's name. */
    zone: string;
    /** The zone's place in the list of zones, counted from 0. */
    zoneIndex: number;
}

/**
 * Hosts spread round robin over the zones, managers first: 1-1-1, 2-2-1, 3-2-2 over three zones, so that
 * losing any one zone of three keeps a majority (Docker admin guide, "Distribute manager nodes").
 * A host's zone depends on its own ordinal alone, so that changing either count moves nobody.
 */
export function placeHosts(managers: number, workers: number, zones: readonly string[]): PlacedHost[] {
    const place = (role: Role, ordinal: number): PlacedHost => {
        const zoneIndex = (ordinal - 1) % zones.length;
        const zone = zones[zoneIndex];
        if (zone === undefined) throw new Error("placeHosts needs at least one zone");
        return { name: `${role}-${ordinal}`, role, ordinal, zone, zoneIndex };
    };
    return [
        ...Array.from({ length: managers }, (_, i) => place("manager", i + 1)),
        ...Array.from({ length: workers }, (_, i) => place("worker", i + 1)),
    ];
}

/** Managers that may be lost before the swarm can no longer be changed. */
export function tolerated(managers: number): number {
    return Math.ceil(managers / 2) - 1;
}
