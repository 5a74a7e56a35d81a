// When a swarm stack is whole: task lists as engines give them, and properties that hold for every one of them.

import assert from "node:assert/strict";
import fc from "fast-check";
import { digestOf } from "../../planning/convergence";
import type { SwarmService, SwarmTask } from "../../planning/engine-api";
import { allowedNodes } from "../../planning/places";
import { stack } from "../../providers/swarm/stack";
import { converge, stillAbandoned } from "../../swarm/converge";
import type { Swarm } from "../../swarm/swarm";
import { NOW, ago, TEMPLATE, service, task, node, NODES, stands, lacking } from "../support/tasks";

describe("a service's standing", () => {
    it("is good when all tasks of its present specification run", () => {
        const tasks = [task(1, "running"), task(2, "running")];
        assert.deepEqual(stands(service(), tasks), { name: "lab_web", done: 2 });
    });

    it("does not count tasks of an earlier specification", () => {
        const old = task(1, "running", { Spec: { ContainerSpec: { Image: "web:1" } } });
        assert.match(stands(service(), [old, task(2, "running")]).pending ?? "", /1 of 2/);
    });

    it("says which capability a host lacks for a task", () => {
        const caps =
            'invalid CapAdd: capability not supported by your kernel or not available in the current environment: "CAP_IPC_LOCK"';
        const limit =
            "OCI runtime create failed: error setting rlimits for ready process: error setting rlimit type 8: operation not permitted: unknown";
        for (const [Err, capability] of [
            [caps, "IPC_LOCK"],
            [limit, "SYS_RESOURCE"],
        ] as const) {
            const rejected = task(1, "rejected", { Status: { State: "rejected", Err } });
            assert.match(
                stands(service(), [rejected]).pending ?? "",
                new RegExp(`the host has no capability ${capability}, see `),
            );
        }
    });

    it("names the newest error of a task, and the node that it happened on", () => {
        const rejected = task(1, "rejected", {
            NodeID: "n2",
            Status: { Err: "No such image: web:2", Timestamp: ago(2) },
        });
        const older = task(1, "rejected", { Status: { Err: "older", Timestamp: ago(9) } });
        const next = task(1, "preparing", { DesiredState: "running" });
        assert.match(
            stands(service(), [older, rejected, next]).pending ?? "",
            /0 of 2 .* No such image: web:2 \(on host-n2\)/,
        );
    });

    it("says that tasks end again and again without an error", () => {
        const ended = (seconds: number) =>
            task(1, "complete", { Status: { State: "complete", Timestamp: ago(seconds) } });
        const starting = task(1, "starting", { DesiredState: "running" });
        const pending = (of: SwarmService, ...tasks: SwarmTask[]) => stands(of, tasks).pending ?? "";
        assert.match(
            pending(service(), ended(9), ended(30), starting),
            /newest error: a task ends with exit code 0 again and again: its command ends, so .* \(on host-n1\)$/,
        );
        const checked = service({
            template: {
                ContainerSpec: { ...TEMPLATE.ContainerSpec, Healthcheck: { Test: ["CMD", "true"] } },
            },
        });
        const spec = checked.Spec.TaskTemplate;
        const own = (one: SwarmTask) => ({ ...one, Spec: spec });
        assert.match(pending(checked, own(ended(9)), own(ended(30))), /or its health check fails/);
        assert.match(pending(service(), ended(9), starting), /tasks run$/, "one may have been stopped");
    });

    it("names the task that waits longest on its node, once that is long", () => {
        const preparing = (NodeID: string, seconds: number) =>
            task(1, "preparing", {
                NodeID,
                DesiredState: "running",
                Status: { State: "preparing", Timestamp: ago(seconds) },
            });
        const pending = (...tasks: SwarmTask[]) => stands(service(), tasks).pending ?? "";
        assert.match(
            pending(preparing("n1", 70), preparing("n2", 170)),
            /; a task on host-n2 is preparing since 170 s$/,
        );
        assert.match(pending(preparing("n1", 50)), /tasks run$/);
    });

    it("waits for an update, and fails when it was rolled back", () => {
        const tasks = [task(1, "running"), task(2, "running")];
        assert.match(stands(service({ status: { State: "updating" } }), tasks).pending ?? "", /under way/);
        const back = service({ status: { State: "rollback_completed", Message: "rollback completed" } });
        assert.match(stands(back, tasks).failed ?? "", /rolled back/);
    });

    it("is hopeless exactly where swarm has ended a task and starts no other in its place", () => {
        const trying = task(2, "ready", { DesiredState: "ready" });
        assert.equal(stands(service(), [task(1, "running"), task(2, "failed"), trying]).gaveUp, undefined);
        assert.equal(stands(service(), [task(1, "running"), task(2, "failed")]).gaveUp, true);
    });

    it("has one digest for every order of keys", () => {
        assert.equal(
            digestOf({ Spec: { Name: "a", Labels: { c: "2", d: "3" } } as object }),
            digestOf({ Spec: { Labels: { d: "3", c: "2" }, Name: "a" } as object }),
        );
    });
});

describe("A task that ends", () => {
    const once = (Condition: "none" | "on-failure" | "any") =>
        service({ Mode: { Replicated: { Replicas: 1 } }, template: { RestartPolicy: { Condition } } });

    it("has done its work with exit code 0, where it is not to be started again", () => {
        for (const condition of ["none", "on-failure"] as const)
            assert.equal(lacking(once(condition), [task(1, "complete")]), undefined, condition);
        assert.match(lacking(once("any"), [task(1, "complete")]) ?? "", /0 of 1/);
    });

    it("has done its work also where swarm paused the update because it ended early", () => {
        const paused = { State: "paused" as const, Message: "update paused due to early termination" };
        const once = { RestartPolicy: { Condition: "none" as const } };
        const of = service({ template: once, status: paused });
        const own = (one: SwarmTask) => ({ ...one, Spec: of.Spec.TaskTemplate });
        assert.deepEqual(stands(of, [own(task(1, "complete")), own(task(2, "complete"))]), {
            name: "lab_web",
            done: 2,
        });
        assert.match(stands(of, [own(task(1, "complete"))]).failed ?? "", /was paused/);
        const server = service({ status: paused });
        assert.match(stands(server, [task(1, "complete"), task(2, "complete")]).failed ?? "", /was paused/);
    });

    it("has not done its work when it failed, and swarm leaves it at that", () => {
        const failed = task(1, "failed", { Status: { State: "failed", Err: "task: non-zero exit (1)" } });
        const found = stands(once("none"), [failed]);
        assert.match(found.pending ?? "", /0 of 1 .* non-zero exit \(1\)/);
        assert.equal(found.gaveUp, true);
        assert.equal(stands(once("on-failure"), [failed, task(1, "complete")]).pending, undefined);
    });

    it("counts in a job by its completions, on every node that a global job may use", () => {
        const job = (Mode: object) => service({ Mode });
        const complete = (Slot: number, NodeID = "n1") => task(Slot, "complete", { NodeID });
        const replicated = job({ ReplicatedJob: { TotalCompletions: 2 } });
        assert.equal(lacking(replicated, [complete(1), complete(2)]), undefined);
        assert.match(lacking(replicated, [complete(1)]) ?? "", /1 of 2/);
        assert.equal(lacking(job({ GlobalJob: {} }), [complete(0), complete(0, "n2")]), undefined);
        assert.match(lacking(job({ GlobalJob: {} }), [complete(0)]) ?? "", /1 of 2/);
    });
});

describe("A global service", () => {
    const onGpu = service({
        Mode: { Global: {} },
        template: { Placement: { Constraints: ["node.labels.gpu == true"] } },
    });

    it("is done without a node that may run it, and misses a task on each that may", () => {
        assert.equal(lacking(onGpu, []), undefined);
        const gpu = node("n2", { Labels: { gpu: "true" } });
        assert.match(lacking(onGpu, [], [node("n1"), gpu]) ?? "", /0 of 1/);
        const runs = task(0, "running", { NodeID: "n2" });
        assert.equal(lacking(onGpu, [runs], [node("n1"), gpu]), undefined);
    });

    it("misses a task on an active node, however many run on paused ones", () => {
        const everywhere = service({ Mode: { Global: {} } });
        const nodes = [node("n1"), node("n2", { Availability: "pause" })];
        assert.match(lacking(everywhere, [task(0, "running", { NodeID: "n2" })], nodes) ?? "", /0 of 1/);
    });
});

describe("A task that dies late", () => {
    // It runs for 4 s, and swarm starts the next one 5 s later.
    const Mode = { Replicated: { Replicas: 1 } };
    const one = service({ Mode });
    const died = (seconds: number) =>
        task(1, "failed", { Status: { State: "failed", Err: "non-zero exit (1)", Timestamp: ago(seconds) } });
    const running = (seconds: number) =>
        task(1, "running", { Status: { State: "running", Timestamp: ago(seconds) } });

    it("is missed also while the next one runs, until that has run for the monitor time", () => {
        assert.match(lacking(one, [died(8), running(3)]) ?? "", /0 of 1 .*non-zero exit \(1\)/);
        assert.equal(lacking(one, [died(11), running(6)]), undefined);
        const slow = service({ Mode, UpdateConfig: { Parallelism: 1, Order: "stop-first", Monitor: 60e9 } });
        assert.match(lacking(slow, [died(61), running(40)]) ?? "", /0 of 1/);
    });

    it("is waited for at a deploy, and not held against a node that has just started", () => {
        assert.match(stands(one, [running(3)]).pending ?? "", /0 of 1/);
        assert.equal(lacking(one, [running(3)]), undefined);
    });

    it("is trusted at once where a health check has passed or swarm has watched its update", () => {
        const checked = { ContainerSpec: { Image: "web:2", Healthcheck: { Test: ["CMD", "true"] } } };
        const healthy = service({ Mode, template: checked });
        assert.equal(stands(healthy, [{ ...running(1), Spec: checked }]).pending, undefined);
        const updated = service({ Mode, status: { State: "completed" } });
        assert.equal(stands(updated, [running(1)]).pending, undefined);
    });

    it("is judged by an engine's clock: a node whose clock is ahead keeps nothing waiting", () => {
        assert.equal(stands(one, [running(-30)]).pending, undefined);
    });
});

describe("Replicas that find no place", () => {
    const most = (MaxReplicas: number, Constraints: string[] = []) =>
        service({ template: { Placement: { MaxReplicas, Constraints } } });

    it("are not missed while nodes are down, drained or paused", () => {
        const one = [task(1, "running")];
        for (const away of [
            node("n2", {}, "down"),
            node("n2", { Availability: "drain" }),
            node("n2", { Availability: "pause" }),
        ]) {
            assert.equal(lacking(most(1), one, [node("n1"), away]), undefined);
            assert.match(lacking(most(2), one, [node("n1"), away]) ?? "", /1 of 2/);
        }
        assert.match(lacking(most(1), one) ?? "", /1 of 2/);
    });

    it("are missed where no node would do, however well all of them are", () => {
        assert.match(lacking(most(0, ["node.labels.disk == ssd"]), []) ?? "", /0 of 2/);
    });

    it("count where they go on running on a paused node", () => {
        const paused = [node("n1"), node("n2", { Availability: "pause" })];
        const tasks = [task(1, "running"), task(2, "running", { NodeID: "n2" })];
        assert.deepEqual(stands(most(1), tasks, paused), { name: "lab_web", done: 2 });
    });
});

describe("A placement constraint", () => {
    it("is compared as swarm does: without regard to case, a missing label as an empty one", () => {
        const zoned = node("n1", { Labels: { zone: "A" } });
        const nodes = [zoned, node("n2")];
        const ids = (...Constraints: string[]) =>
            allowedNodes(service({ template: { Placement: { Constraints } } }), nodes).map(({ ID }) => ID);
        assert.deepEqual(ids("node.labels.zone == a"), ["n1"]);
        assert.deepEqual(ids("node.labels.zone!=a"), ["n2"]);
        assert.deepEqual(ids("node.hostname == HOST-N2", "node.role==worker"), ["n2"]);
        assert.deepEqual(ids("node.id == n1", "node.labels.zone != A"), []);
        assert.deepEqual(ids("node.colour == blue"), []);
    });
});

describe("The wait for a stack", function () {
    this.timeout(15_000);

    /** The wait's end, in seconds, for three replicas that start one after another, one each `stepSeconds`. */
    async function waited(stepSeconds: number, last: number): Promise<number> {
        const began = Date.now();
        const elapsed = () => (Date.now() - began) / 1000;
        const swarm = {
            ctx: { signal: new AbortController().signal, log: () => undefined },
            during: () => swarm,
            services: async () => [service({ Mode: { Replicated: { Replicas: 3 } } })],
            members: async () => NODES,
            clock: async () => NOW,
            tasks: async () =>
                [1, 2, 3].map((slot) =>
                    slot <= Math.min(elapsed() / stepSeconds, last)
                        ? task(slot, "running")
                        : task(slot, "starting", { DesiredState: "running" }),
                ),
        };
        await converge(swarm as unknown as Swarm, { name: "lab", timeoutSeconds: 2 });
        return elapsed();
    }

    it("lasts as long as an update moves, beyond the time that it may stand still", async () => {
        assert.ok((await waited(1.3, 3)) > 3.9);
    });

    it("ends when an update stands still, and says for how long", async () => {
        await assert.rejects(waited(0.2, 2), /For 2 s no further task of the stack lab .* 2 of 3 tasks run/);
    });
});

describe("A service that lacks a task which swarm does not start", function () {
    this.timeout(15_000);

    /** Which services are given up, if the second task is missing for so many looks. */
    async function givenUp(looks: number): Promise<string[]> {
        let asked = 0;
        const swarm = {
            ctx: { signal: new AbortController().signal },
            services: async () => [service()],
            members: async () => NODES,
            clock: async () => NOW,
            tasks: async () => [
                task(1, "running"),
                task(2, asked++ < looks ? "failed" : "running", { NodeID: "n2" }),
            ],
        };
        return (await stillAbandoned(swarm as unknown as Swarm, "lab", ["s"])).map(({ ID }) => ID);
    }

    it("is given up when it stays so, and not for the moment after a node has left or joined", async () => {
        assert.deepEqual(await givenUp(3), []);
        assert.deepEqual(await givenUp(Number.POSITIVE_INFINITY), ["s"]);
    });
});

/** Up to four replicas over up to four nodes of every kind, each with a task that runs on one of the nodes or is lost. */
const worlds = fc
    .record({
        replicas: fc.integer({ min: 0, max: 4 }),
        most: fc.constantFrom(0, 1, 2),
        kinds: fc.array(
            fc.constantFrom(["active", "ready"], ["active", "down"], ["drain", "ready"], ["pause", "ready"]),
            { minLength: 1, maxLength: 4 },
        ),
        places: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 4, maxLength: 4 }),
    })
    .map(({ replicas, most, kinds, places }) => {
        const nodes = kinds.map(([Availability, state], i) =>
            node(`n${i}`, { Availability: Availability as "active" }, state),
        );
        const of = service({
            Mode: { Replicated: { Replicas: replicas } },
            template: { Placement: { MaxReplicas: most } },
        });
        const tasks = places.slice(0, replicas).flatMap((place, i) => {
            const at = nodes[place];
            const runs = at?.Status?.State === "ready" && at.Spec.Availability !== "drain";
            return runs ? [task(i + 1, "running", { NodeID: at.ID })] : [];
        });
        return { of, nodes, tasks, replicas };
    });

describe("The drift of tasks", () => {
    it("is none when all replicas run, whatever the nodes are", () => {
        fc.assert(
            fc.property(worlds, ({ of, nodes, tasks, replicas }) => {
                if (tasks.length === replicas) assert.equal(lacking(of, tasks, nodes), undefined);
            }),
        );
    });

    it("is there whenever a replica is missing that a ready and active node has room for", () => {
        fc.assert(
            fc.property(worlds, ({ of, nodes, tasks, replicas }) => {
                const most = of.Spec.TaskTemplate.Placement?.MaxReplicas || Number.POSITIVE_INFINITY;
                const on = (id: string) => tasks.filter(({ NodeID }) => NodeID === id).length;
                const hasRoom = nodes.some(
                    ({ ID, Spec, Status }) =>
                        Spec.Availability === "active" && Status?.State === "ready" && on(ID) < most,
                );
                if (tasks.length < replicas && hasRoom) assert.ok(lacking(of, tasks, nodes));
            }),
        );
    });

    it("never grows when one more task runs", () => {
        fc.assert(
            fc.property(worlds, ({ of, nodes, tasks }) => {
                if (tasks.length > 0 && lacking(of, tasks.slice(1), nodes) === undefined)
                    assert.equal(lacking(of, tasks, nodes), undefined);
            }),
        );
    });

    it("shows a stack as changed", () => {
        const state = { services: {}, deployed: {} };
        assert.deepEqual(stack.drift?.({ ...state, lacking: { web: "0 of 1" } }, {}), ["lacking"]);
        assert.deepEqual(stack.drift?.({ ...state, lacking: {} }, {}), []);
        assert.deepEqual(stack.drift?.(state, {}), []);
    });
});
