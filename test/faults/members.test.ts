// A swarm that loses members, on real hosts: managers with their disks, one after another and all at once, and a dead
// manager whose role another host gets.

import assert from "node:assert/strict";
import { Lab } from "../lab/lab";
import { Swarm } from "./swarm";

const SMALL = { "skep:workers": 1, "skep:sample": { enabled: false } };
const lab = new Lab("test-change");
const swarm = new Swarm(lab);
let clusterId: string;

describe("A swarm that loses members", function () {
    this.timeout(900_000);

    before(async () => {
        lab.configure(SMALL);
        await lab.skep("up");
        clusterId = (await lab.skep("output", "clusterId")).trim();
    });
    after(async () => {
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
    });

    it("gets a lost manager back by up, also the one that made the swarm: no ghost, the same swarm", async () => {
        await swarm.lose("manager-1");
        await lab.skep("up");
        await assertSameSwarm();
    });

    it("gets a second one back after it, the leader this time, and has lost no vote", async () => {
        const leader = (await swarm.members()).find((member) => member.leader);
        assert.ok(leader);
        await swarm.lose(leader.name);
        await lab.skep("up");
        await assertSameSwarm();
    });

    it("takes a manager with an emptied disk in again as a new member", async () => {
        const wiped = (await swarm.members()).find(({ name }) => name === "manager-2");
        await lab.on(
            "manager-2",
            "sudo systemctl stop docker.socket docker && sudo find /var/lib/docker/swarm -mindepth 1 -delete && sudo systemctl start docker",
        );
        await lab.skep("up");
        await assertSameSwarm();
        assert.ok((await swarm.members()).every(({ id }) => id !== wiped?.id));
    });

    it("gives the part of a manager whose host is dead to a worker, and takes the host in as a worker when it is back", async () => {
        await swarm.kill("manager-3");
        lab.configure({
            ...SMALL,
            "skep:nodes": { "manager-3": { role: "worker" }, "worker-1": { role: "manager" } },
        });
        // Unlike Skep's own up, this starts no hosts.
        await assert.rejects(lab.pulumi("up", "--yes"), ({ stdout }: { stdout: string }) =>
            /NODE_HOST_UNREACHABLE: The engine of manager-3 does not answer/.test(stdout),
        );
        const without = (await swarm.members()).map(({ name, reachability }) => `${name} ${reachability}`);
        assert.deepEqual(without.sort(), [
            "manager-1 reachable",
            "manager-2 reachable",
            "worker-1 reachable",
        ]);
        await lab.skep("up");
        await assertSameSwarm();
        lab.configure(SMALL);
        await lab.skep("up");
        await assertSameSwarm();
    });

    it("is unlocked by up when all managers are locked, also where a worker has to come anew", async () => {
        await lockAll();
        await swarm.lose("worker-1");
        await lab.skep("up");
        await assertSameSwarm();
    });

    it("that loses all managers at once says so, and is made anew by a second up, with the hosts that are left", async () => {
        for (const name of ["manager-1", "manager-2", "manager-3"]) await swarm.lose(name);
        await assert.rejects(lab.skep("up"), /CLUSTER_GONE: No manager host is in the swarm any more/);
        await lab.skep("up");
        await swarm.assertWhole();
        assert.notEqual(await swarm.clusterId(), clusterId);
        assert.equal((await lab.skep("output", "clusterId")).trim(), await swarm.clusterId());
    });

    it("is destroyed within a minute when all its managers are locked", async () => {
        await lockAll();
        await swarm.destroy();
    });
});

async function assertSameSwarm(): Promise<void> {
    await swarm.assertWhole();
    assert.equal(await swarm.clusterId(), clusterId);
    assert.equal((await lab.skep("output", "clusterId")).trim(), clusterId);
}

async function lockAll(): Promise<void> {
    const managers = (await swarm.nodes()).filter(({ role }) => role === "manager").map(({ name }) => name);
    await Promise.all(managers.map((name) => lab.on(name, "sudo systemctl restart docker")));
    for (const name of managers)
        assert.equal(await lab.on(name, "docker info --format '{{.Swarm.LocalNodeState}}'"), "locked", name);
}
