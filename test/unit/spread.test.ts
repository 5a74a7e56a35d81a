// When Skep spreads a service's tasks again: the planner compared with every possible placement, and the provider's inputs
// for it.

import assert from "node:assert/strict";
import type Docker from "dockerode";
import fc from "fast-check";
import type { SwarmNode, SwarmService, SwarmTask } from "../../planning/engine-api";
import { isUneven, unevenServices, type SpreadNode } from "../../planning/spread";
import { stack } from "../../providers/swarm/stack";
import type { Props } from "../../providers/runtime/types";

/** One to five nodes in up to three zones. */
const nodes = fc
    .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 5 })
    .map((zones) => zones.map((zone, i): SpreadNode => ({ id: `n${i + 1}`, groups: [zone] })));
const most = fc.constantFrom(1, 2, 5);

/** Every way to put `count` tasks on the nodes, at most `mostPerNode` on each, as numbers of tasks for each node. */
function* placements(count: number, places: number, mostPerNode: number): Generator<number[]> {
    if (places === 0) {
        if (count === 0) yield [];
        return;
    }
    for (let here = 0; here <= Math.min(count, mostPerNode); here++)
        for (const rest of placements(count - here, places - 1, mostPerNode)) yield [here, ...rest];
}

/** A smaller value means a more even spread; zones count before the nodes in them. */
function unevenness(counts: readonly number[], members: readonly SpreadNode[]): [number, number] {
    const zones = new Map<string, number>();
    for (const [i, { groups }] of members.entries())
        zones.set(groups[0] ?? "", (zones.get(groups[0] ?? "") ?? 0) + (counts[i] ?? 0));
    const squares = (all: Iterable<number>) => [...all].reduce((sum, n) => sum + n * n, 0);
    return [squares(zones.values()), squares(counts)];
}

function tasksOf(counts: readonly number[], members: readonly SpreadNode[]): string[] {
    return members.flatMap(({ id }, i) => Array<string>(counts[i] ?? 0).fill(id));
}

describe("the spread of a service's tasks", () => {
    it("between zones is uneven whenever another placement is more even", () => {
        fc.assert(
            fc.property(nodes, most, fc.integer({ min: 0, max: 5 }), (members, mostPerNode, count) => {
                const all = [...placements(count, members.length, mostPerNode)];
                const best = Math.min(...all.map((counts) => unevenness(counts, members)[0]));
                for (const counts of all) {
                    const [zones] = unevenness(counts, members);
                    const found = isUneven(tasksOf(counts, members), members, mostPerNode);
                    if (zones > best) assert.equal(found, true, counts.join());
                }
            }),
        );
    });

    it("is even as soon as nothing more even is left within the same numbers a zone", () => {
        fc.assert(
            fc.property(nodes, most, fc.integer({ min: 0, max: 5 }), (members, mostPerNode, count) => {
                const all = [...placements(count, members.length, mostPerNode)];
                const measured = all.map((counts) => ({ counts, is: unevenness(counts, members) }));
                const zones = Math.min(...measured.map(({ is }) => is[0]));
                const perZone = (counts: readonly number[]) => {
                    const sums: Record<string, number> = {};
                    for (const [i, { groups }] of members.entries())
                        sums[groups[0] ?? ""] = (sums[groups[0] ?? ""] ?? 0) + (counts[i] ?? 0);
                    return JSON.stringify(sums);
                };
                for (const { counts, is } of measured.filter(({ is: [first] }) => first === zones)) {
                    const alike = measured.filter((other) => perZone(other.counts) === perZone(counts));
                    const isBest = is[1] === Math.min(...alike.map((other) => other.is[1]));
                    assert.equal(isUneven(tasksOf(counts, members), members, mostPerNode), !isBest);
                }
            }),
        );
    });

    it("is no matter of tasks on nodes that take none, nor of how many there are of them", () => {
        const members: SpreadNode[] = [
            { id: "n1", groups: ["a"] },
            { id: "n2", groups: ["b"] },
        ];
        assert.equal(isUneven(["n1", "n2", "gone", "gone", "gone"], members), false);
        assert.equal(isUneven([], []), false);
    });

    it("counts the room of all nodes of a zone", () => {
        const members = ["a", "a", "a", "b", "b"].map((zone, i): SpreadNode => ({
            id: `n${i}`,
            groups: [zone],
        }));
        assert.equal(isUneven(["n0", "n1", "n2", "n3"], members, 1), true);
        assert.equal(isUneven(["n0", "n1", "n2", "n3", "n4"], members, 1), false);
    });
});

const ZONE_FIRST = { Preferences: [{ Spread: { SpreadDescriptor: "node.labels.availability_zone" } }] };
const node = (ID: string, availability_zone: string): SwarmNode => ({
    ID,
    Version: { Index: 1 },
    Spec: { Role: "worker", Availability: "active", Labels: { availability_zone } },
});
const NODES = [node("m1", "a"), node("w1", "a"), node("m2", "b"), node("w2", "b"), node("m3", "c")];
const service = (Placement: Docker.Placement, more: object = {}): SwarmService => ({
    ID: "s",
    Spec: { Name: "web", Mode: { Replicated: { Replicas: 3 } }, TaskTemplate: { Placement }, ...more },
});
const tasks = (...on: string[]): SwarmTask[] =>
    on.map((NodeID) => ({ ServiceID: "s", DesiredState: "running", NodeID }));

describe("a service that is to be spread again", () => {
    it("stands in two zones of three, and is named with where it stands", () => {
        const found = unevenServices(
            [service({ ...ZONE_FIRST, MaxReplicas: 1 })],
            tasks("m2", "w2", "m3"),
            NODES,
        );
        assert.deepEqual(found, { web: "m2 m3 w2" });
    });

    it("is none once it stands in all three, whatever ended elsewhere before", () => {
        const ended = { ServiceID: "s", DesiredState: "shutdown", NodeID: "m2" };
        const other = { ...ended, ServiceID: "other", DesiredState: "running" };
        const now = [...tasks("m1", "m2", "m3"), ended, ended, other, other];
        assert.deepEqual(unevenServices([service(ZONE_FIRST)], now, NODES), {});
    });

    it("stands unevenly by labels of the engines, too, however the preference is spelled", () => {
        const rack = (ID: string, Labels: Record<string, string>): SwarmNode => ({
            ...node(ID, "a"),
            Description: { Hostname: ID, Engine: { EngineVersion: "26.1.5", Labels } },
        });
        const nodes = [rack("w1", { rack: "1" }), rack("w2", { rack: "1" }), rack("w3", { rack: "2" })];
        for (const SpreadDescriptor of ["engine.labels.rack", "Engine.Labels.rack"]) {
            const byRack = service({ Preferences: [{ Spread: { SpreadDescriptor } }] });
            assert.deepEqual(unevenServices([byRack], tasks("w1", "w2"), nodes), { web: "w1 w2" });
        }
    });

    it("is none where tasks are tied to nodes, or run on every node", () => {
        const tied = service({ ...ZONE_FIRST, Constraints: ["node.labels.registry == true"] });
        const everywhere = service(ZONE_FIRST, { Mode: { Global: {} } });
        for (const each of [tied, everywhere])
            assert.deepEqual(unevenServices([each], tasks("m1", "m1", "m1"), NODES), {});
    });
});

describe("a stack with uneven services", () => {
    const state = { services: {}, deployed: {}, uneven: { web: "m2 m3 w2" }, tolerated: {} };
    const drift = (more: Props, inputs: Props) => stack.drift?.({ ...state, ...more }, inputs);

    it("shows as changed only where tasks are to be spread again", () => {
        assert.deepEqual(drift({}, { rebalance: ["m1"] }), ["rebalance"]);
        assert.deepEqual(drift({}, {}), []);
        assert.deepEqual(drift({ uneven: {} }, { rebalance: ["m1"] }), []);
    });

    it("is left alone where spreading changed nothing, until its tasks have moved", () => {
        assert.deepEqual(drift({ tolerated: { web: "m2 m3 w2" } }, { rebalance: ["m1"] }), []);
        assert.deepEqual(drift({ tolerated: { web: "m1 m3 w2" } }, { rebalance: ["m1"] }), ["rebalance"]);
    });
});
