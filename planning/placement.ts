// Which hosts a stack has, and in which availability zone each of them stands. No I/O.

export type Role = "manager" | "worker";

export interface PlacedHost {
    /** `manager-1`, `worker-1` and so on. A host keeps its name for the life of the stack. */
    name: string;
    role: Role;
    /** The host's number within its role, from 1. */
    ordinal: number;
    /** The availability zone's name. */
    zone: string;
    /** The zone's number, from 0. Addresses are computed from it. */
    zoneIndex: number;
}

/** The zone in which a host stands. */
export type Place = Pick<PlacedHost, "zone" | "zoneIndex">;
/** The zones of hosts, by the host's name. */
export type Places = Readonly<Record<string, Place>>;

export interface PlacementArgs {
    /** Number of hosts that are made as managers. */
    managers: number;
    /** Number of hosts that are made as workers. */
    workers: number;
    /** The names of the zones, each of them once. */
    zones: readonly string[];
    /** Where the hosts stand since the last up. Default: nowhere yet. */
    before?: Places;
    /** Whether a host votes in the swarm. Default: hosts that were made as managers vote. */
    votes?: (name: string) => boolean;
}

export interface Placement {
    hosts: PlacedHost[];
    /** Hosts that this run moves to another zone, by replacing them. */
    moved: string[];
    /** Voters that a later run moves: each run moves one voter only. */
    waiting: string[];
}

/**
 * Spreads the hosts of each role evenly over the zones: 1-1-1, 2-2-1, 3-2-2 over three zones, so that the loss of any one
 * zone of three leaves a majority (Docker admin guide, "Distribute manager nodes"). A host stays in its zone if an even
 * spread allows it. A zone keeps its index, from which addresses are computed, as long as a host stands in it.
 */
export function planPlacement({ managers, workers, zones, before = {}, votes }: PlacementArgs): Placement {
    if (zones.length === 0) throw new Error("a placement needs at least one zone");
    const names = { manager: namesOf("manager", managers), worker: namesOf("worker", workers) };
    const wanted = new Map([...spread(names.manager, zones, before), ...spread(names.worker, zones, before)]);
    const moving = [...wanted.keys()].filter(
        (name) => before[name] && before[name].zone !== wanted.get(name),
    );
    const voters = moving.filter(votes ?? ((name) => names.manager.includes(name)));
    const waiting = voters.slice(0, -1);
    const indexes = indexZones(zones, before);
    const place =
        (role: Role) =>
        (name: string, i: number): PlacedHost => {
            const zone = (waiting.includes(name) ? before[name]?.zone : wanted.get(name)) ?? "";
            return { name, role, ordinal: i + 1, zone, zoneIndex: indexes.get(zone) ?? 0 };
        };
    return {
        hosts: [...names.manager.map(place("manager")), ...names.worker.map(place("worker"))],
        moved: moving.filter((name) => !waiting.includes(name)),
        waiting,
    };
}

/** The hosts of a new stack, placed. */
export function placeHosts(managers: number, workers: number, zones: readonly string[]): PlacedHost[] {
    return planPlacement({ managers, workers, zones }).hosts;
}

function namesOf(role: Role, count: number): string[] {
    return Array.from({ length: count }, (_, i) => `${role}-${i + 1}`);
}

/** Chooses a zone for each host. Hosts with low numbers are the first to keep their zone. */
function spread(names: readonly string[], zones: readonly string[], before: Places): Map<string, string> {
    const least = Math.floor(names.length / zones.length);
    const isFull = (zone: string) => names.filter((name) => before[name]?.zone === zone).length > least;
    // Some zones get one host more than others. Zones that already have one more come first, so fewer hosts move.
    const bigger = [...zones.filter(isFull), ...zones.filter((zone) => !isFull(zone))];
    const extra = new Set(bigger.slice(0, names.length % zones.length));
    const room = new Map(zones.map((zone) => [zone, least + (extra.has(zone) ? 1 : 0)]));
    const held = new Map(zones.map((zone) => [zone, 0]));
    const chosen = new Map<string, string>();
    const put = (name: string, zone: string) => {
        chosen.set(name, zone);
        held.set(zone, (held.get(zone) ?? 0) + 1);
    };
    const hasRoom = (zone: string) => (held.get(zone) ?? 0) < (room.get(zone) ?? 0);
    for (const name of names) {
        const zone = before[name]?.zone;
        if (zone !== undefined && hasRoom(zone)) put(name, zone);
    }
    for (const name of names) {
        if (chosen.has(name)) continue;
        const open = zones.filter(hasRoom);
        const fewest = Math.min(...open.map((zone) => held.get(zone) ?? 0));
        put(name, open.find((zone) => held.get(zone) === fewest) ?? "");
    }
    return chosen;
}

/** The index of each zone. Zones with hosts keep their index, even if this run empties them; new zones take free indexes. */
function indexZones(zones: readonly string[], before: Places): Map<string, number> {
    const indexes = new Map(Object.values(before).map(({ zone, zoneIndex }) => [zone, zoneIndex]));
    for (const zone of zones) {
        if (indexes.has(zone)) continue;
        const taken = new Set(indexes.values());
        let free = 0;
        while (taken.has(free)) free++;
        indexes.set(zone, free);
    }
    return indexes;
}

/** How many managers may be lost before the swarm loses its quorum. */
export function tolerated(managers: number): number {
    return Math.ceil(managers / 2) - 1;
}
