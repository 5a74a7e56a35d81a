// How members join, change their role, are maintained and leave, with a swarm in memory.

import assert from "node:assert/strict";
import { admit, giveRole, managersFor, untilReady } from "../../swarm/join";
import { disband, remove } from "../../swarm/leave";
import { inMaintenance } from "../../swarm/maintenance";
import { EngineError } from "../../swarm/failures";
import { FakeCluster, FakeWorld } from "../support/fake-swarm";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const ALL = [...MANAGERS, "worker-1"];
type Role = "manager" | "worker";

function join(world: FakeWorld, name: string, role: Role, formerId = "", id = world.clusters[0]!.id) {
    return admit(world.swarm(MANAGERS, id), world.at(name).host, { hostname: name, role, formerId });
}

/** The members' names, those of managers with a star. */
function members(world: FakeWorld): string[] {
    const all = [...world.clusters[0]!.members.values()];
    return all.map(({ host, spec }) => `${host.name}${spec.Role === "manager" ? "*" : ""}`).sort();
}

function availability(world: FakeWorld, name: string): string | undefined {
    return world.clusters[0]!.members.get(world.at(name).nodeId)?.spec.Availability;
}

describe("A host that is to be a member", function () {
    this.timeout(20_000);

    it("joins in its role, and is found to be a member the next time", async () => {
        const world = new FakeWorld(ALL);
        world.standing(["manager-1"]);
        for (const name of ["manager-2", "manager-3"]) await join(world, name, "manager");
        const id = await join(world, "worker-1", "worker");
        assert.deepEqual(members(world), ["manager-1*", "manager-2*", "manager-3*", "worker-1"]);
        assert.equal(await join(world, "worker-1", "worker", id), id);
        assert.equal(world.asked.filter((line) => line === "worker-1 POST /swarm/join").length, 1);
    });

    it("is one member though the answer to its joining was lost", async () => {
        const world = new FakeWorld(ALL);
        world.standing(MANAGERS);
        world.fate = (_host, _method, path) => (path === "/swarm/join" ? { is: "lost" } : {});
        await assert.rejects(join(world, "worker-1", "worker"), /ENGINE_CONNECTION/);
        assert.equal(await join(world, "worker-1", "worker"), world.at("worker-1").nodeId);
        assert.deepEqual(members(world), ["manager-1*", "manager-2*", "manager-3*", "worker-1"]);
    });

    it("takes the place of the dead member that it was, so that no vote is lost", async () => {
        const world = new FakeWorld(ALL);
        const cluster = world.standing(MANAGERS);
        const host = world.at("manager-3");
        const formerId = host.nodeId;
        Object.assign(host, { cluster: undefined, nodeId: "" });
        assert.notEqual(await join(world, "manager-3", "manager", formerId), formerId);
        assert.equal(cluster.members.has(formerId), false);
        assert.deepEqual(members(world), ["manager-1*", "manager-2*", "manager-3*"]);
        const asked = world.asked.map((line) => line.replace(/^\S+ /, ""));
        assert.ok(asked.indexOf(`DELETE /nodes/${formerId}`) < asked.indexOf("POST /swarm/join"));
    });

    it("is unlocked with the swarm's key, and refused where that does not fit", async () => {
        const world = new FakeWorld(ALL);
        const cluster = world.standing(MANAGERS);
        const host = world.at("manager-2");
        const id = host.nodeId;
        host.restart();
        assert.equal(await join(world, "manager-2", "manager", id), id);
        host.ownKey = "SWMKEY-1-b3RoZXI";
        host.restart();
        await assert.rejects(join(world, "manager-2", "manager", id), /NODE_LOCKED/);
        assert.equal(cluster.members.size, 3);
        assert.ok(cluster.members.has(id));
    });

    it("is made anew where its engine cannot work with its data, and the engine's own words are said", async () => {
        const world = new FakeWorld(ALL);
        const cluster = world.standing(MANAGERS);
        const host = world.at("manager-3");
        const former = host.nodeId;
        host.damage = { error: "can't initialize raft node: irreparable WAL error: walpb: crc mismatch" };
        const id = await join(world, "manager-3", "manager", former);
        assert.notEqual(id, former);
        assert.deepEqual(members(world), ["manager-1*", "manager-2*", "manager-3*"]);
        assert.ok(!cluster.members.has(former), "the former member costs a vote");
        assert.match(world.said.join("\n"), /NODE_BROKEN: .*manager-3.*walpb: crc mismatch/);
    });

    it("is made anew where its engine ends each time that the right key opens it", async () => {
        const world = new FakeWorld(ALL);
        const cluster = world.standing(MANAGERS);
        const host = world.at("manager-3");
        const former = host.nodeId;
        cluster.key = "SWMKEY-1-cmlnaHQ";
        host.damage = "falls";
        host.restart();
        assert.notEqual(await join(world, "manager-3", "manager", former), former);
        assert.deepEqual(members(world), ["manager-1*", "manager-2*", "manager-3*"]);
        const tries = world.asked.filter((request) => request === "manager-3 POST /swarm/unlock");
        assert.equal(tries.length, 2, "an interrupted connection looks the same the first time");
    });

    it("is opened when only the first try was interrupted", async () => {
        const world = new FakeWorld(ALL);
        const cluster = world.standing(MANAGERS);
        cluster.key = "SWMKEY-1-cmlnaHQ";
        const host = world.at("manager-3");
        const former = host.nodeId;
        host.restart();
        let tries = 0;
        world.fate = (_name, _method, path) =>
            path === "/swarm/unlock" && (tries += 1) === 1 ? { is: "refused" } : {};
        assert.equal(await join(world, "manager-3", "manager", former), former);
    });

    it("is left where it is when that is another deployment's swarm", async () => {
        const world = new FakeWorld([...ALL, "foreign"]);
        world.standing(MANAGERS);
        world.standing(["foreign"], ["worker-1"]);
        await assert.rejects(join(world, "worker-1", "worker"), /NODE_IN_OTHER_SWARM/);
        assert.equal(world.at("worker-1").cluster?.id, world.clusters[1]?.id);
    });

    it("becomes a manager, and a worker again, by turns of their own", async () => {
        const world = new FakeWorld(ALL);
        const { id } = world.standing(MANAGERS, ["worker-1"]);
        const { host, nodeId } = world.at("worker-1");
        const swarm = world.swarm(ALL, id);
        await giveRole(swarm, host, nodeId, "manager");
        assert.ok(members(world).includes("worker-1*"));
        await giveRole(world.swarm(MANAGERS, id), host, nodeId, "worker");
        assert.ok(members(world).includes("worker-1"));
        const managing = managersFor(swarm, host, "worker");
        assert.equal((await untilReady(managing, nodeId, "worker", "it")).ID, nodeId);
        assert.equal(world.clusters[0]!.spec.Labels?.["io.skep.lease"], undefined);
    });

    it("is told why its engine could not be restarted, where it cannot leave what it was a member of", async () => {
        const world = new FakeWorld(ALL);
        world.standing(MANAGERS);
        const host = world.at("worker-1");
        host.isLocked = true;
        host.cluster = new FakeCluster("another", true);
        world.fate = (_host, _method, path) => (path === "/swarm/leave" ? { is: "refused" } : {});
        host.exec = async () => ({ code: 1, stdout: "", stderr: "Job for docker.service failed.\n" });
        await assert.rejects(
            join(world, "worker-1", "worker", "gone"),
            /HOST_SCRIPT: .* ended with 1 on worker-1: Job for docker.service failed/,
        );
    });

    it("makes a bug of the program known as what it is", async () => {
        const world = new FakeWorld(ALL);
        world.standing(MANAGERS);
        world.fate = () => (undefined as unknown as { missing: () => never }).missing();
        await assert.rejects(join(world, "worker-1", "worker"), TypeError);
    });
});

describe("A member that goes", function () {
    this.timeout(20_000);

    it("leaves no trace in the swarm, nor on its host", async () => {
        const world = new FakeWorld(ALL);
        const { id } = world.standing(MANAGERS, ["worker-1"]);
        for (const name of ["worker-1", "manager-3"]) {
            const { host, nodeId } = world.at(name);
            await remove(world.swarm(MANAGERS, id), host, nodeId);
            assert.equal(world.at(name).cluster, undefined);
        }
        assert.deepEqual(members(world), ["manager-1*", "manager-2*"]);
    });

    it("is removed by the others when its host is dead", async () => {
        const world = new FakeWorld(ALL);
        const { id } = world.standing(MANAGERS);
        const { host, nodeId } = world.at("manager-1");
        world.at("manager-1").isUp = false;
        await remove(world.swarm(MANAGERS, id), host, nodeId);
        assert.deepEqual(members(world), ["manager-2*", "manager-3*"]);
    });

    it("goes with the swarm when it is the last manager, and stays when it only lost sight of the others", async () => {
        const world = new FakeWorld(["manager-1"]);
        const { id } = world.standing(["manager-1"]);
        const { host, nodeId } = world.at("manager-1");
        await remove(world.swarm(["manager-1"], id), host, nodeId);
        assert.equal(world.at("manager-1").cluster, undefined);

        const cut = new FakeWorld(MANAGERS);
        const cluster = cut.standing(MANAGERS);
        for (const name of ["manager-2", "manager-3"]) cut.at(name).isUp = false;
        const last = cut.at("manager-1");
        await assert.rejects(
            remove(cut.swarm(MANAGERS, cluster.id), last.host, last.nodeId),
            /SWARM_UNREACHABLE/,
        );
        assert.equal(last.cluster, cluster);
    });
});

describe("A swarm that ends", () => {
    it("names the hosts that stay members, and why; the others leave", async () => {
        const world = new FakeWorld(ALL);
        const { id } = world.standing(MANAGERS);
        world.at("manager-1").isUp = false;
        const refusing = world.at("manager-2");
        const call = refusing.call.bind(refusing);
        refusing.call = ((method, path, options) =>
            path.startsWith("/swarm/leave")
                ? Promise.reject(new EngineError("manager-2", "POST /swarm/leave", 503, "context deadline"))
                : call(method, path, options)) as typeof call;
        const hosts = MANAGERS.map((name) => world.at(name).host);
        await disband(hosts, id, world.ctx);
        assert.deepEqual(world.said.map((line) => line.replace(/: .*/, "")).sort(), [
            "manager-1 may still be a member of the swarm",
            "manager-2 may still be a member of the swarm",
        ]);
        assert.match(world.said.join(" "), /manager-2 refused POST \/swarm\/leave \(503\): context deadline/);
        assert.equal(world.at("manager-3").cluster, undefined);
    });
});

describe("A host in maintenance", function () {
    this.timeout(20_000);

    function standing() {
        const world = new FakeWorld(ALL);
        const { id } = world.standing(MANAGERS, ["worker-1"]);
        return { world, swarm: world.swarm(MANAGERS, id) };
    }

    it("takes no tasks meanwhile, is unlocked after, and then as it was", async () => {
        const { world, swarm } = standing();
        const manager = world.at("manager-2");
        const done = await inMaintenance(swarm, [manager.host], async () => {
            assert.equal(availability(world, "manager-2"), "drain");
            manager.restart();
            return "done";
        });
        assert.deepEqual(done, ["done"]);
        assert.equal(manager.isLocked, false);
        assert.equal(availability(world, "manager-2"), "active");
    });

    it("waits for nobody longer than a restart takes, and is refused where another loss would cost the majority", async () => {
        const { world, swarm } = standing();
        world.at("manager-1").isUp = false;
        const began = swarm.takeTurn(
            { kind: "restart", id: world.at("manager-2").nodeId },
            "a restart",
            () => Promise.resolve(),
            { patienceMs: 50 },
        );
        await assert.rejects(began, /QUORUM_AT_RISK/);
    });

    it("takes tasks again when the command was interrupted, also through another manager", async () => {
        const { world, swarm } = standing();
        const work = inMaintenance(swarm, [world.at("worker-1").host], () => {
            world.at("manager-1").isUp = false;
            world.stop.abort();
            return Promise.reject(new Error("interrupted"));
        });
        await assert.rejects(work, /interrupted/);
        assert.equal(availability(world, "worker-1"), "active");
    });

    it("is said to be drained still where no manager answers, and nothing waits longer than an interrupt may", async () => {
        const { world, swarm } = standing();
        let began = 0;
        const work = inMaintenance(swarm, [world.at("worker-1").host], () => {
            for (const name of MANAGERS) world.at(name).isUp = false;
            world.stop.abort();
            began = Date.now();
            return Promise.reject(new Error("interrupted"));
        });
        await assert.rejects(work, /interrupted/);
        assert.match(world.said.join(), /NODE_DRAINED: Its availability is still drain/);
        assert.ok(Date.now() - began < 8000, `it waited ${Date.now() - began} ms`);
    });
});
