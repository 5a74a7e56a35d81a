// How long a drain waits for the tasks of a node, with a swarm in memory.

import assert from "node:assert/strict";
import { remove } from "../../swarm/leave";
import { inMaintenance } from "../../swarm/maintenance";
import { FakeWorld } from "../support/fake-swarm";

const NAMES = ["manager-1", "worker-1"];

/** A swarm whose drains wait so long, and its worker with a running task of `db`. */
function standing(drainMs?: number) {
    const world = new FakeWorld(NAMES);
    const cluster = world.standing(["manager-1"], ["worker-1"]);
    const worker = world.at("worker-1");
    const task = worker.runTask("db");
    return { world, worker, task, cluster, swarm: world.swarm(["manager-1"], cluster.id, 50, drainMs) };
}

describe("A drained node", function () {
    this.timeout(10_000);

    it("is waited for until its tasks have stopped, and the services that still stop are named", async () => {
        const { world, worker, task, cluster, swarm } = standing(9000);
        let runs = true;
        setTimeout(() => {
            runs = false;
            task.Status = { State: "complete" };
        }, 1200);
        await inMaintenance(swarm, [worker.host], () => {
            assert.equal(runs, false, "the engine stopped under a task");
            assert.equal(cluster.members.get(worker.nodeId)?.spec.Availability, "drain");
            return Promise.resolve();
        });
        const waiting = world.said.filter((line) => line.startsWith("draining"));
        assert.deepEqual(waiting, [
            "draining worker-1: waiting for the tasks of db to stop, at most 9 s more",
        ]);
    });

    it("goes on at the end of its time and names what is killed", async () => {
        const { world, worker, cluster, swarm } = standing(600);
        worker.runTask("web");
        const began = Date.now();
        await remove(swarm, worker.host, worker.nodeId);
        assert.ok(Date.now() - began < 5000);
        assert.equal(cluster.members.size, 1);
        assert.match(
            world.said.join("\n"),
            /TASKS_NOT_STOPPED: Tasks of db, web still run on worker-1 after the 1 s of skep:drainTimeout/,
        );
    });

    it("has two minutes where nothing says otherwise, also in the view of the other managers", () => {
        const { swarm, world } = standing();
        assert.equal(swarm.drainMs, 120_000);
        assert.equal(standing(5).swarm.without(world.at("worker-1")).during({ patienceMs: 1 }).drainMs, 5);
    });

    it("is waited for no longer when the command is interrupted", async () => {
        const { world, worker, swarm } = standing(9000);
        setTimeout(() => world.stop.abort(), 300);
        await assert.rejects(remove(swarm, worker.host, worker.nodeId), /CANCELLED/);
    });
});
