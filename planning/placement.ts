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

/** Where a host stands. */
export type Place = Pick<PlacedHost, "zone" | "zoneIndex">;
/** Where hosts stand, by name. */
export type Places = Readonly<Record<string, Place>>;

export interface PlacementArgs {
    /** How many hosts are made as managers. */
    managers: number;
    /** How many are made as workers. */
    workers: number;
    /** The zones' names; none is needed twice. */
    zones: readonly string[];
    /** Where the last up left the hosts. */
    before?: Places;
    /** Whether a host votes in the swarm, whatever it was made as. By default hosts do that were made as managers. */
    votes?: (name: string) => boolean;
}

export interface Placement {
    hosts: PlacedHost[];
    /** Hosts that stand in another zone: each is made anew by this run. */
    moved: string[];
    /** Voters that have to move too, and stay where they are until a later run: only one moves a run. */
    waiting: string[];
}

/**
 * Each role's hosts spread evenly over the zones: 1-1-1, 2-2-1, 3-2-2 over three of them, so that losing any one zone of
 * three keeps a majority (Docker admin guide, "Distribute manager nodes"). Hosts that stand somewhere stay there wherever
 * an even spread allows it, and a zone keeps its index, which its addresses come from, as long as a host stands in it.
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

/** Hosts of a stack that stands nowhere yet. */
export function placeHosts(managers: number, workers: number, zones: readonly string[]): PlacedHost[] {
    return planPlacement({ managers, workers, zones }).hosts;
}

function namesOf(role: Role, count: number): string[] {
    return Array.from({ length: count }, (_, i) => `${role}-${i + 1}`);
}

/** A zone for each of the hosts, of which the first ones stay where they stand. */
function spread(names: readonly string[], zones: readonly string[], before: Places): Map<string, string> {
    const least = Math.floor(names.length / zones.length);
    const isFull = (zone: string) => names.filter((name) => before[name]?.zone === zone).length > least;
    // Some zones get one more than others: those that have one more already, and fewer hosts move.
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

/** The zones that hosts stand in keep theirs, also those that are left by this run; new ones take what is free. */
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

/** Managers that may be lost before the swarm can no longer be changed. */
export function tolerated(managers: number): number {
    return Math.ceil(managers / 2) - 1;
}
