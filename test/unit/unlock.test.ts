import assert from "node:assert/strict";

import { unlockStanding } from "../../cli/commands/unlock";
import { showKeyOf, showTokenOf } from "../../cli/commands/secrets";
import { exitCodeOf, SkepError } from "../../errors";
import { EXIT_CODES } from "../../errors/problem-group";
import { fakeStanding } from "../support/fake-standing";
import { FakeWorld } from "../support/fake-swarm";
import { printed } from "../support/printed";
import { assertMatches } from "../support/schema";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const options = { stack: "dev" };

function swarm(autolock = true) {
    const world = new FakeWorld([...MANAGERS, "worker-1"]);
    const cluster = world.standing(MANAGERS, ["worker-1"], autolock);
    cluster.key = "SWMKEY-1-present";
    return { world, cluster };
}

async function unlocked({ world, cluster }: ReturnType<typeof swarm>, keys = {}, json = false) {
    const standing = fakeStanding(world, cluster, keys);
    const { text, error } = await printed(() => unlockStanding(standing, { ...options, json }));
    const problems = error instanceof SkepError ? error.problems : [];
    if (error && problems.length === 0) throw error;
    return { text, ids: problems.map(({ id }) => id), code: problems[0] && exitCodeOf(problems[0].id) };
}

describe("skep unlock", () => {
    it("opens the one locked manager with the key that the others have, not with the older one of the last up", async () => {
        const { world, cluster } = swarm();
        world.at("manager-3").restart();
        const { text, ids } = await unlocked({ world, cluster }, { unlockKey: "SWMKEY-1-old" });
        assert.deepEqual(ids, []);
        assert.equal(
            text,
            "manager-1  is open\nmanager-2  is open\nmanager-3  unlocked\n\nNext: npm run skep -- status",
        );
        assert.equal(world.at("manager-3").isLocked, false);
    });

    it("opens all managers after a power cut, when none is open", async () => {
        const { world, cluster } = swarm();
        for (const name of MANAGERS) world.at(name).restart();
        const { text, ids } = await unlocked({ world, cluster });
        assert.deepEqual(ids, []);
        assert.match(text, /manager-1 {2}unlocked\nmanager-2 {2}unlocked\nmanager-3 {2}unlocked/);
        assert.notEqual(cluster.leader(), undefined);
    });

    it("opens a manager with a key that only the managers know that it opened before", async () => {
        const { world, cluster } = swarm();
        for (const name of MANAGERS) world.at(name).restart();
        const known = "SWMKEY-1-of-last-up";
        for (const host of [world.at("manager-1"), world.at("manager-2")]) {
            const call = host.call.bind(host);
            host.call = <T>(method: string, path: string, given: { body?: unknown } = {}): Promise<T> => {
                const isKnown = (given.body as { UnlockKey?: string } | undefined)?.UnlockKey === known;
                return call<T>(method, path, isKnown ? { body: { UnlockKey: cluster.key } } : given);
            };
        }
        const { text, ids } = await unlocked({ world, cluster }, { unlockKey: known });
        assert.deepEqual(ids, []);
        assert.match(text, /manager-3 {2}unlocked/);
    });

    it("says which manager its own key opens in vain, because its data is damaged", async () => {
        const { world, cluster } = swarm();
        world.at("manager-2").restart();
        world.at("manager-2").damage = "falls";
        world.at("manager-3").restart();
        world.at("manager-3").damage = { error: "irreparable WAL error: walpb: crc mismatch" };
        const { text, ids, code } = await unlocked({ world, cluster }, { unlockKey: cluster.key }, true);
        assert.deepEqual(ids, ["NODE_BROKEN", "NODE_BROKEN"]);
        assert.equal(code, EXIT_CODES.swarm);
        assertMatches("unlock", JSON.parse(text));
        assert.deepEqual(
            (JSON.parse(text) as { hosts: { did: string }[] }).hosts.map(({ did }) => did),
            ["was-open", "broken", "broken"],
        );
    });

    it("opens what it reaches and ends with a host's exit code when a manager's host is down", async () => {
        const { world, cluster } = swarm();
        for (const name of MANAGERS) world.at(name).restart();
        world.at("manager-2").isUp = false;
        world.at("worker-1").isUp = false;
        const { text, ids, code } = await unlocked({ world, cluster });
        assert.match(text, /manager-1 {2}unlocked\nmanager-2 {2}does not answer\nmanager-3 {2}unlocked$/);
        assert.deepEqual(ids, ["HOST_UNREACHABLE"], "a worker that is down is no matter of the managers");
        assert.equal(code, EXIT_CODES.host);
    });

    it("says which manager no key opens, with the swarm's exit code before a host's", async () => {
        const { world, cluster } = swarm();
        for (const name of MANAGERS) world.at(name).restart();
        world.at("manager-2").isUp = false;
        const { text, ids, code } = await unlocked({ world, cluster }, { unlockKey: "SWMKEY-1-wrong" });
        assert.match(text, /manager-1 {2}stays locked: no known key opens it/);
        assert.deepEqual(ids, ["NODE_LOCKED", "NODE_LOCKED", "HOST_UNREACHABLE"]);
        assert.equal(code, EXIT_CODES.swarm);
    });

    it("prints JSON of its schema, without keys", async () => {
        const { world, cluster } = swarm();
        world.at("manager-1").restart();
        world.at("manager-2").isUp = false;
        const { text } = await unlocked({ world, cluster }, {}, true);
        assertMatches("unlock", JSON.parse(text));
        assert.doesNotMatch(text, /SWMKEY/);
        assert.throws(
            () => assertMatches("unlock", { hosts: [{ host: "x", did: "nothing" }] }),
            /must be equal/,
        );
    });
});

describe("skep key show and token show", () => {
    it("print the key that the managers have, and note that the state has another one", async () => {
        const { world, cluster } = swarm();
        const standing = fakeStanding(world, cluster, { unlockKey: "SWMKEY-1-old" });
        const { text } = await printed(() => showKeyOf(standing, options));
        assert.equal(text, "SWMKEY-1-present");
        assert.deepEqual(world.said, ["The stack's state does not have this key yet: run up"]);
    });

    it("print the key of the last up when all managers are locked, and never note it", async () => {
        const { world, cluster } = swarm();
        for (const name of MANAGERS) world.at(name).restart();
        const standing = fakeStanding(world, cluster, {}, 0);
        const { text } = await printed(() => showKeyOf(standing, { ...options, json: true }));
        assertMatches("key-show", JSON.parse(text));
        assert.match(world.said.join(), /^The key is the one of the last up/);
        assert.doesNotMatch(world.said.join(), /SWMKEY/);
    });

    it("say that a swarm without locks has no key", async () => {
        const { world, cluster } = swarm(false);
        const standing = fakeStanding(world, cluster, { unlockKey: "" });
        const { error } = await printed(() => showKeyOf(standing, options));
        assert.match(String(error), /KEY_NONE: The swarm has no unlock key/);
    });

    it("print the token of a role, alone or with where managers are", async () => {
        const { world, cluster } = swarm();
        const standing = fakeStanding(world, cluster);
        assert.equal(
            (await printed(() => showTokenOf(standing, "worker", options))).text,
            `worker ${cluster.id}`,
        );
        const { text } = await printed(() => showTokenOf(standing, "manager", { ...options, json: true }));
        assertMatches("token-show", JSON.parse(text));
        assert.match(text, /"token": "manager swarm1"/);
    });

    it("say that no manager tells a token without a majority", async () => {
        const { world, cluster } = swarm();
        for (const name of MANAGERS.slice(1)) world.at(name).isUp = false;
        const standing = fakeStanding(world, cluster, {}, 0);
        const { text, error } = await printed(() => showTokenOf(standing, "worker", options));
        assert.equal(text, "");
        assert.match(String(error), /SWARM_UNREACHABLE/);
    });
});
