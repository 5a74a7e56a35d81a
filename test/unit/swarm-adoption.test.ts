// Which swarm the manager hosts are in, with hosts in memory: it is adopted, opened, refused, and never created twice.

import assert from "node:assert/strict";
import fc from "fast-check";
import { SkepError } from "../../errors";
import { whyUnusable } from "../../planning/adoption";
import { findOrMake, open } from "../../swarm/adopt";
import { FakeWorld, type Fate } from "../support/fake-swarm";

const NAMES = ["manager-1", "manager-2", "manager-3"];
const WANTED = { autolock: true, addressPool: "10.20.0.0/16", subnetSize: 24 };

function bringUp(world: FakeWorld) {
    const hosts = world.hosts.map(({ host }) => host);
    return findOrMake(hosts, WANTED, world.ctx);
}

describe("The manager hosts of a deployment", function () {
    this.timeout(60_000);

    it("get a swarm on the first of them where all answer and none is in one", async () => {
        const world = new FakeWorld(NAMES);
        const { swarm, locked } = await bringUp(world);
        assert.equal(swarm.id, world.at("manager-1").cluster?.id);
        assert.equal(world.clusters.length, 1);
        assert.deepEqual(locked, []);
    });

    it("keep the swarm that they are in, also when its first manager was made anew", async () => {
        const world = new FakeWorld(NAMES);
        const cluster = world.standing(["manager-2", "manager-3"]);
        assert.equal((await bringUp(world)).swarm.id, cluster.id);
        assert.equal(world.clusters.length, 1);
    });

    it("keep a swarm whose making was not answered", async () => {
        const world = new FakeWorld(NAMES);
        world.fate = (_host, _method, path) => (path === "/swarm/init" ? { is: "lost" } : {});
        await assert.rejects(bringUp(world), /ENGINE_CONNECTION/);
        const { swarm } = await bringUp(world);
        assert.equal(swarm.id, world.clusters[0]?.id);
        assert.equal(world.clusters.length, 1);
    });

    it("get none while one of them does not answer, is locked, or waits for others of its swarm", async () => {
        const away = new FakeWorld(NAMES);
        away.at("manager-3").isUp = false;
        await assert.rejects(bringUp(away), /CLUSTER_HOST_UNREACHABLE/);

        const locked = new FakeWorld(NAMES);
        locked.standing(["manager-3"]);
        locked.at("manager-3").restart();
        await assert.rejects(bringUp(locked), /CLUSTER_LOCKED/);

        const worker = new FakeWorld([...NAMES, "other"]);
        worker.standing(["other"], ["manager-3"]);
        const hosts = NAMES.map((name) => worker.at(name).host);
        await assert.rejects(findOrMake(hosts, WANTED, worker.ctx), /CLUSTER_HOST_BUSY/);
    });

    it("are refused where they manage two swarms, or another one than was made", async () => {
        const world = new FakeWorld(NAMES);
        world.standing(["manager-1"]);
        world.standing(["manager-2"]);
        await assert.rejects(bringUp(world), /CLUSTER_SPLIT/);
        const one = new FakeWorld(NAMES);
        one.standing(NAMES);
        await assert.rejects(open(one.swarm(NAMES, "another"), []), /CLUSTER_FOREIGN/);
    });

    it("are unlocked with the key of the others, with a known one, and named where no key fits", async () => {
        const world = new FakeWorld(NAMES);
        const { id, key } = world.standing(NAMES);
        world.at("manager-1").restart();
        assert.deepEqual(await open(world.swarm(NAMES, id), []), []);
        assert.match(world.said.join(), /unlocked manager-1/);

        for (const name of NAMES) world.at(name).restart();
        await assert.rejects(
            open(world.swarm(NAMES, id), ["wrong"]),
            /CLUSTER_LOCKED: .*manager-1, manager-2/,
        );
        assert.deepEqual(await open(world.swarm(NAMES, id), ["wrong", key]), []);
    });

    it("are told what their engines say where these cannot work with their data", async () => {
        const world = new FakeWorld(NAMES);
        const cluster = world.standing(NAMES);
        cluster.key = "SWMKEY-1-cmlnaHQ";
        const error = "can't initialize raft node: irreparable WAL error: no space left on device";
        world.at("manager-3").damage = { error };
        assert.deepEqual(await open(world.swarm(NAMES, cluster.id), []), [], "the two others decide");

        world.at("manager-3").damage = "falls";
        world.at("manager-3").restart();
        assert.deepEqual(await open(world.swarm(NAMES, cluster.id), []), ["manager-3"]);
        assert.match(world.said.join("\n"), /NODE_BROKEN: .*manager-3/);
        assert.doesNotMatch(world.said.join("\n"), /No known unlock key/);

        for (const name of NAMES) Object.assign(world.at(name), { damage: { error }, isLocked: false });
        const looks = await world.swarm(NAMES, cluster.id).look();
        const lost = whyUnusable(looks);
        assert.equal(lost.id, "QUORUM_LOST");
        assert.match(lost.problem, /manager-1 is in error: .*no space left on device/);
        assert.match(lost.advice, /skep restore ARCHIVE/);
        world.at("manager-1").damage = undefined;
        assert.match(whyUnusable(await world.swarm(NAMES, cluster.id).look()).advice, /skep recover/);
    });

    it("never get a second swarm, in whatever order they answer, and however often that is tried", async () => {
        const fate = fc.record({
            delayMs: fc.integer({ min: 0, max: 3 }),
            is: fc.constantFrom<Fate["is"]>(undefined, undefined, undefined, undefined, "refused", "lost"),
        });
        const host = fc.record({
            isUp: fc.boolean(),
            was: fc.constantFrom("manager", "manager", "worker", "none"),
            restarted: fc.boolean(),
        });
        const world = fc.tuple(host, host, host);
        await fc.assert(
            fc.asyncProperty(
                fc.boolean(),
                world,
                fc.array(fate, { maxLength: 40 }),
                async (isNew, were, fates) => {
                    const world = new FakeWorld(NAMES);
                    const named = (role: string) =>
                        NAMES.filter((_name, i) => !isNew && were[i]?.was === role);
                    if (named("manager").length > 0) world.standing(named("manager"), named("worker"));
                    const before = world.clusters.length;
                    let count = 0;
                    world.fate = () => fates[count++] ?? {};
                    for (let round = 0; round < 4; round++) {
                        // In the last round, all hosts are up again.
                        for (const [i, { isUp, restarted }] of were.entries()) {
                            const host = world.hosts[i]!;
                            host.isUp = round === 3 || (isUp && round > 0) || i === round;
                            if (restarted && round === 1) host.restart();
                        }
                        // Limit the time: a swarm without a majority is waited for.
                        const stop = new AbortController();
                        const ctx = { ...world.ctx, signal: stop.signal };
                        setTimeout(() => stop.abort(), 20);
                        await findOrMake(
                            world.hosts.map(({ host }) => host),
                            WANTED,
                            ctx,
                        ).catch((error: unknown) => assert.ok(error instanceof SkepError, String(error)));
                    }
                    assert.ok(world.clusters.length <= Math.max(before, 1), world.asked.join("\n"));
                },
            ),
            { numRuns: 150 },
        );
    });
});
