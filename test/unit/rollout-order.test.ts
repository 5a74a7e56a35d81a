// In which order engines change, and which services keep a host from being drained.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { SwarmService } from "../../planning/engine-api";
import {
    batches,
    type AtOnce,
    nextBatch,
    planLine,
    type RolloutHost,
    secondsFor,
    workersAtOnce,
} from "../../planning/rollout";
import { drainRefused, leastOf, MIN_AVAILABLE, tolls } from "../../planning/spare";

const anyHost = fc.record({
    zone: fc.constantFrom("a", "b", "c"),
    role: fc.constantFrom("manager" as const, "worker" as const),
    isLeader: fc.constant(false),
    work: fc.constantFrom(
        undefined,
        "hold" as const,
        "reload" as const,
        "restart" as const,
        "packages" as const,
    ),
});
const anyHosts = fc.array(anyHost, { maxLength: 12 }).chain((hosts) =>
    fc.nat({ max: 11 }).map((leader) =>
        hosts.map((host, i): RolloutHost => {
            const isLeader = i === leader && host.role === "manager";
            return { ...host, name: `host-${i}`, isLeader };
        }),
    ),
);
const anyShare: fc.Arbitrary<AtOnce> = fc.oneof(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 100 }).map((share): AtOnce => `${share}%`),
);

describe("The order of a rollout", () => {
    it("reaches each host that is due once, and no other", () => {
        fc.assert(
            fc.property(anyHosts, anyShare, (hosts, atOnce) => {
                const due = hosts.filter(({ work }) => work !== undefined).map(({ name }) => name);
                const reached = batches(hosts, atOnce)
                    .flat()
                    .map(({ name }) => name);
                assert.deepEqual([...reached].sort(), [...due].sort());
            }),
        );
    });

    it("has managers alone, the leader as the last of them, and all workers after them", () => {
        fc.assert(
            fc.property(anyHosts, anyShare, (hosts, atOnce) => {
                const order = batches(hosts, atOnce).filter(([first]) => first?.work !== "hold");
                const managers = order.filter(([first]) => first?.role === "manager");
                assert.ok(managers.every((batch) => batch.length === 1));
                assert.deepEqual(order.slice(0, managers.length), managers);
                const leader = managers.findIndex(([first]) => first?.isLeader);
                assert.ok(leader === -1 || leader === managers.length - 1);
            }),
        );
    });

    it("has no more workers at once than asked, and never two zones", () => {
        fc.assert(
            fc.property(anyHosts, anyShare, (hosts, atOnce) => {
                const workers = hosts.filter(({ role }) => role === "worker").length;
                for (const batch of batches(hosts, atOnce)) {
                    if (batch[0]?.role !== "worker" || batch[0].work === "hold") continue;
                    assert.equal(new Set(batch.map(({ zone }) => zone)).size, 1);
                    const most = typeof atOnce === "number" ? atOnce : (workers * parseInt(atOnce, 10)) / 100;
                    assert.ok(batch.length === 1 || batch.length <= most);
                }
            }),
        );
    });

    it("takes a share as its whole part, and one at least", () => {
        assert.equal(workersAtOnce("20%", 10), 2);
        assert.equal(workersAtOnce("20%", 14), 2);
        assert.equal(workersAtOnce("1%", 10), 1);
        assert.equal(workersAtOnce("100%", 7), 7);
        assert.equal(workersAtOnce(3, 1), 3);
    });

    it("is said in one line, with what moves and about how long it takes", () => {
        const host = (name: string, role: "manager" | "worker", isLeader = false): RolloutHost => ({
            name,
            role,
            zone: "a",
            isLeader,
            work: "packages",
        });
        const hosts = [
            host("manager-1", "manager", true),
            host("manager-2", "manager"),
            host("worker-1", "worker"),
            host("worker-2", "worker"),
        ];
        assert.equal(
            planLine(batches(hosts, 2), { "manager-1": 2, "worker-2": 3 }),
            "manager-2, manager-1 (leader), worker-1 + worker-2; 5 tasks move; about 2 min",
        );
    });

    it("is over when every host is as it should be, and takes longer the more is due", () => {
        const host: RolloutHost = { name: "a", zone: "a", role: "worker", isLeader: false };
        assert.deepEqual(nextBatch([host], 1), []);
        const due = { ...host, work: "packages" as const };
        assert.ok(secondsFor(batches([due, { ...due, name: "b" }], 1)) > secondsFor(batches([due], 1)));
    });
});

describe("A service and a drain", () => {
    const node = (id: string) => ({
        ID: id,
        Version: { Index: 1 },
        Spec: { Role: "worker" as const, Availability: "active" as const },
        Description: { Hostname: id },
        Status: { State: "ready" as const },
    });
    const service = (
        replicas: number,
        more: object = {},
        labels: Record<string, string> = {},
    ): SwarmService =>
        ({
            ID: "s",
            Spec: {
                Name: "web",
                Labels: labels,
                Mode: { Replicated: { Replicas: replicas } },
                TaskTemplate: {},
                ...more,
            },
        }) as unknown as SwarmService;
    const on = (...nodes: string[]) =>
        nodes.map((NodeID) => ({
            ServiceID: "s",
            NodeID,
            DesiredState: "running",
            Status: { State: "running" },
        }));
    const view = (one: SwarmService, tasks: string[], nodes = ["a", "b", "c"]) => ({
        services: [one],
        tasks: on(...tasks),
        nodes: nodes.map(node),
        draining: ["a"],
    });

    it("spares as many tasks as it updates at once, or as its label says", () => {
        assert.equal(leastOf(service(3)), 2);
        assert.equal(leastOf(service(3, { UpdateConfig: { Parallelism: 2 } })), 1);
        assert.equal(leastOf(service(3, { UpdateConfig: { Parallelism: 0 } })), 0);
        assert.equal(leastOf(service(3, {}, { [MIN_AVAILABLE]: "3" })), 3);
        assert.equal(leastOf(service(3, {}, { [MIN_AVAILABLE]: "9" })), 3);
        assert.equal(leastOf(service(3, {}, { [MIN_AVAILABLE]: "many" })), 2);
        assert.equal(leastOf(service(1)), 0);
    });

    it("go together if enough tasks run elsewhere", () => {
        assert.deepEqual(
            tolls(view(service(3), ["a", "b", "c"])).map(({ way, elsewhere }) => [way, elsewhere]),
            [["drain", 2]],
        );
        assert.deepEqual(tolls(view(service(3), ["b", "c"])), []);
    });

    it("need the service to move first if it has too many tasks there", () => {
        assert.equal(tolls(view(service(3), ["a", "a", "b"]))[0]?.way, "move");
        const firstStart = service(1, { UpdateConfig: { Order: "start-first" } }, { [MIN_AVAILABLE]: "1" });
        assert.equal(tolls(view(firstStart, ["a"]))[0]?.way, "move");
    });

    it("go together on the only node that takes tasks, unless the label forbids that", () => {
        assert.equal(tolls(view(service(3), ["a", "a", "a"], ["a"]))[0]?.way, "drain");
        const strict = service(3, {}, { [MIN_AVAILABLE]: "1" });
        assert.equal(tolls(view(strict, ["a", "a", "a"], ["a"]))[0]?.way, "refuse");
    });

    it("do not go together if the service can be nowhere else, and the reason names it", () => {
        const problemOf = (one: SwarmService, tasks: string[], nodes?: string[]) => {
            const [problem, ...more] = drainRefused(view(one, tasks, nodes));
            assert.equal(more.length, 0);
            assert.equal(problem?.id, "SERVICE_CANNOT_SPARE");
            return problem.problem;
        };
        const all = { [MIN_AVAILABLE]: "2" };
        const pinned = service(2, { TaskTemplate: { Placement: { Constraints: ["node.id == a"] } } }, all);
        assert.match(problemOf(pinned, ["a", "a"]), /^web needs 2 .*no other node .* meets its constraints/);
        const limited = service(2, { TaskTemplate: { Placement: { MaxReplicas: 1 } } }, all);
        assert.match(problemOf(limited, ["a", "b"], ["a", "b"]), /room for 1 of 2 \(max_replicas_per_node\)/);
        const ports = { Ports: [{ PublishMode: "host" }] };
        const published = { UpdateConfig: { Order: "start-first" }, EndpointSpec: ports };
        assert.match(
            problemOf(service(3, published, { [MIN_AVAILABLE]: "3" }), ["a", "b", "c"]),
            /port taken/,
        );
        assert.match(problemOf(service(3, {}, { [MIN_AVAILABLE]: "3" }), ["a", "b", "c"]), /stop-first/);
    });
});
