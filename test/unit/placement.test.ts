// Where hosts stand when the number or the names of zones change: few moves, an even spread, one moved voter in each run.

import assert from "node:assert/strict";
import fc from "fast-check";
import { labAddress, labSubnets } from "../../planning/addresses";
import {
    type PlacedHost,
    placeHosts,
    type Placement,
    type Places,
    planPlacement,
} from "../../planning/placement";

const ALL = ["a", "b", "c", "d", "e"];
const zones = fc.shuffledSubarray(ALL, { minLength: 1 });
const managers = fc.constantFrom(1, 3, 5, 7);
const workers = fc.integer({ min: 0, max: 6 });
const sizes = fc.record({ managers, workers, zones });

/** The places that a stack remembers. */
function placesOf(hosts: readonly PlacedHost[]): Places {
    return Object.fromEntries(hosts.map(({ name, zone, zoneIndex }) => [name, { zone, zoneIndex }]));
}

/** Possible places of hosts: after up to three changes, each completed in a single run. */
const before = fc.array(sizes, { maxLength: 3 }).map((history) => {
    const runs = (places: Places, wanted: (typeof history)[number]) =>
        placesOf(planPlacement({ ...wanted, before: places }).hosts);
    return history.reduce(runs, {});
});

/** Runs up as often as its note asks. Returns how many hosts moved in total. */
function settle(wanted: { managers: number; workers: number; zones: string[] }, from: Places) {
    let places = from;
    let moves = 0;
    for (let runs = 1; ; runs++) {
        const plan: Placement = planPlacement({ ...wanted, before: places });
        places = placesOf(plan.hosts);
        moves += plan.moved.length;
        if (plan.waiting.length === 0) return { plan, places, moves, runs };
        assert.ok(runs < 10, "it never ends");
    }
}

/** The smallest number of hosts that must leave their zone for an even spread. It tries every even spread. */
function fewestMoves(names: readonly string[], over: readonly string[], places: Places): number {
    const least = Math.floor(names.length / over.length);
    const extra = names.length % over.length;
    const standing = over.map((zone) => names.filter((name) => places[name]?.zone === zone).length);
    const existing = names.filter((name) => places[name]).length;
    let stay = 0;
    for (let mask = 0; mask < 2 ** over.length; mask++) {
        const bits = over.map((_, i) => (mask >> i) & 1);
        if (bits.reduce((sum, bit) => sum + bit, 0) !== extra) continue;
        const kept = standing.map((count, i) => Math.min(count, least + (bits[i] ?? 0)));
        stay = Math.max(
            stay,
            kept.reduce((sum, count) => sum + count, 0),
        );
    }
    return existing - stay;
}

describe("the placement of a stack that stands", () => {
    it("ends with each role spread evenly, with the fewest hosts moved", () => {
        fc.assert(
            fc.property(before, sizes, (from, wanted) => {
                const { plan, moves } = settle(wanted, from);
                let fewest = 0;
                for (const role of ["manager", "worker"] as const) {
                    const hosts = plan.hosts.filter((host) => host.role === role);
                    const perZone = wanted.zones.map(
                        (zone) => hosts.filter((host) => host.zone === zone).length,
                    );
                    assert.equal(
                        perZone.reduce((sum, count) => sum + count, 0),
                        role === "manager" ? wanted.managers : wanted.workers,
                    );
                    assert.ok(Math.max(...perZone) - Math.min(...perZone) <= 1, perZone.join("-"));
                    fewest += fewestMoves(
                        hosts.map(({ name }) => name),
                        wanted.zones,
                        from,
                    );
                }
                assert.equal(moves, fewest);
            }),
            { numRuns: 500 },
        );
    });

    it("moves one manager a run at the most, and says which ones wait for a later run", () => {
        fc.assert(
            fc.property(before, sizes, (from, wanted) => {
                const { hosts, moved, waiting } = planPlacement({ ...wanted, before: from });
                const now = placesOf(hosts);
                const differ = Object.keys(now).filter(
                    (name) => from[name] && from[name].zone !== now[name]?.zone,
                );
                assert.deepEqual(moved.toSorted(), differ.sort());
                assert.ok(moved.filter((name) => name.startsWith("manager")).length <= 1);
                for (const name of waiting) assert.deepEqual(now[name], from[name]);
                assert.equal(settle(wanted, from).runs, waiting.length + 1);
            }),
        );
    });

    it("takes workers that vote for managers, and managers that do not for workers", () => {
        const from = placesOf(placeHosts(3, 3, ["a", "b", "c"]));
        const votes = (name: string) => ["manager-1", "worker-1", "worker-2"].includes(name);
        const plan = planPlacement({ managers: 3, workers: 3, zones: ["d"], before: from, votes });
        assert.deepEqual(plan.moved.sort(), ["manager-2", "manager-3", "worker-2", "worker-3"]);
        assert.deepEqual(plan.waiting, ["manager-1", "worker-1"]);
    });

    it("is the same again when nothing changed", () => {
        fc.assert(
            fc.property(before, sizes, (from, wanted) => {
                const { plan, places } = settle(wanted, from);
                const again = planPlacement({ ...wanted, before: places });
                assert.deepEqual(again, { ...plan, moved: [], waiting: [] });
            }),
        );
    });

    it("keeps hosts where they are when there are more of them", () => {
        fc.assert(
            fc.property(before, sizes, managers, workers, (from, wanted, moreManagers, moreWorkers) => {
                const { places } = settle(wanted, from);
                const larger = {
                    ...wanted,
                    managers: Math.max(wanted.managers, moreManagers),
                    workers: wanted.workers + moreWorkers,
                };
                const later = placesOf(planPlacement({ ...larger, before: places }).hosts);
                for (const [name, place] of Object.entries(places))
                    if (later[name] && wanted[name.startsWith("manager") ? "managers" : "workers"] > 0)
                        assert.deepEqual(later[name], place, name);
            }),
        );
    });

    it("gives no two zones the same index, nor a host that stays another address", () => {
        fc.assert(
            fc.property(before, sizes, (from, wanted) => {
                const { hosts, moved } = planPlacement({ ...wanted, before: from });
                const indexes = new Map(hosts.map(({ zone, zoneIndex }) => [zone, zoneIndex]));
                assert.equal(new Set(indexes.values()).size, indexes.size);
                for (const { zone, zoneIndex } of [...hosts, ...Object.values(from)]) {
                    const other = Object.values(from).find((place) => place.zoneIndex === zoneIndex);
                    assert.ok(!other || other.zone === zone, `${zone} takes the index of ${other?.zone}`);
                }
                const [subnet = ""] = labSubnets();
                for (const host of hosts) {
                    const place = from[host.name];
                    const isMoved = moved.includes(host.name);
                    if (!place) continue;
                    const address = labAddress(subnet, { ...host, ...place });
                    assert.equal(labAddress(subnet, host) !== address, isMoved, host.name);
                }
            }),
        );
    });

    it("is round robin on a stack that stands nowhere yet", () => {
        fc.assert(
            fc.property(sizes, (wanted) => {
                const { hosts, moved, waiting } = planPlacement(wanted);
                assert.deepEqual([moved, waiting], [[], []]);
                for (const { ordinal, zone, zoneIndex } of hosts) {
                    assert.equal(zoneIndex, (ordinal - 1) % wanted.zones.length);
                    assert.equal(zone, wanted.zones[zoneIndex]);
                }
            }),
        );
    });

    it("moves one manager from three zones to two, and back", () => {
        const three = placesOf(placeHosts(3, 2, ["a", "b", "c"]));
        const two = planPlacement({ managers: 3, workers: 2, zones: ["a", "b"], before: three });
        assert.deepEqual(two.moved, ["manager-3"]);
        const back = planPlacement({
            managers: 3,
            workers: 2,
            zones: ["a", "b", "c"],
            before: placesOf(two.hosts),
        });
        assert.deepEqual(back.moved, ["manager-3"]);
        assert.deepEqual(placesOf(back.hosts), three);
    });
});
