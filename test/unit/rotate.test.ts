// Rotations of what a swarm makes, with hosts in memory: which keys are kept meanwhile, and what is waited for.

import assert from "node:assert/strict";
import { printRotated, refuseRotation } from "../../cli/commands/rotate";
import { unlockStanding } from "../../cli/commands/unlock";
import { exitCodeOf } from "../../errors";
import { EXIT_CODES } from "../../errors/problem-group";
import { open, setAutolock } from "../../swarm/adopt";
import { untilTrusted } from "../../swarm/rotate/ca";
import { untilConfirmed } from "../../swarm/rotate/key-file";
import { keysAfterChange, keysNow, type UnlockKeys, withoutUseless } from "../../swarm/rotate/kept-keys";
import { rotate } from "../../swarm/rotate/rotations";
import { fakeStanding } from "../support/fake-standing";
import { FakeWorld } from "../support/fake-swarm";
import { printed } from "../support/printed";
import { assertMatches } from "../support/schema";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const FIRST = "SWMKEY-1-Zmlyc3Q";
const KEPT: UnlockKeys = { unlockKey: FIRST, formerUnlockKeys: [], rekeyed: false };

function standing(autolock = true) {
    const world = new FakeWorld(MANAGERS);
    const cluster = world.standing(MANAGERS, [], autolock);
    cluster.key = FIRST;
    return { world, cluster, swarm: world.swarm(MANAGERS, cluster.id) };
}

/** Stops the host, and starts it later: its manager is then locked with the key that it had. */
function stopped(world: FakeWorld, name: string) {
    const host = world.at(name);
    host.isUp = false;
    return () => {
        host.restart();
        host.isUp = true;
    };
}

describe("A rotated unlock key", function () {
    this.timeout(30_000);

    it("replaces the one before where every manager has confirmed it", async () => {
        const { cluster, swarm } = standing();
        await rotate(swarm, { unlockKey: 1 }, {});
        const keys = await keysNow(swarm, KEPT);
        assert.notEqual(keys.unlockKey, FIRST);
        assert.deepEqual(keys, { unlockKey: cluster.key, formerUnlockKeys: [FIRST], rekeyed: true });
        assert.deepEqual(await untilConfirmed(swarm, cluster.key), []);
        assert.deepEqual((await withoutUseless(swarm, keys)).formerUnlockKeys, []);
    });

    it("leaves the one before to a manager that was down, which it opens, and is then alone", async () => {
        const { world, cluster, swarm } = standing();
        const start = stopped(world, "manager-3");
        await rotate(swarm, { unlockKey: 1 }, {});
        const keys = await withoutUseless(swarm, await keysNow(swarm, KEPT));
        assert.deepEqual(keys.formerUnlockKeys, [FIRST]);
        assert.deepEqual(await untilConfirmed(swarm, cluster.key, 50), ["manager-3"]);
        start();
        assert.equal(world.at("manager-3").isLocked, true);
        assert.deepEqual((await withoutUseless(swarm, keys)).formerUnlockKeys, [FIRST]);
        assert.deepEqual(await open(swarm, [keys.unlockKey, ...keys.formerUnlockKeys]), []);
        assert.deepEqual(await withoutUseless(swarm, keys), { ...keys, formerUnlockKeys: [] });
    });

    it("may be followed by another one while a manager is still down: unlock opens it with the key before both", async () => {
        const { world, cluster, swarm } = standing();
        const start = stopped(world, "manager-3");
        let keys = KEPT;
        for (const number of [1, 2]) {
            await rotate(swarm, { unlockKey: number }, { unlockKey: number - 1 });
            keys = await withoutUseless(swarm, await keysNow(swarm, keys));
        }
        assert.equal(keys.formerUnlockKeys.length, 2);
        assert.equal(keys.formerUnlockKeys.at(-1), FIRST);
        start();
        await printed(() => unlockStanding(fakeStanding(world, cluster, keys), { stack: "dev" }));
        assert.equal(world.at("manager-3").isLocked, false);
    });

    it("is made once, also when the run is killed before the state knows of it", async () => {
        const { cluster, swarm } = standing();
        await rotate(swarm, { unlockKey: 1 }, {});
        const made = cluster.key;
        await rotate(swarm, { unlockKey: 1 }, {});
        assert.equal(cluster.key, made);
        const keys = await keysNow(swarm, KEPT);
        assert.deepEqual([keys.unlockKey, keys.formerUnlockKeys], [made, [FIRST]]);
    });

    it("is made once where the swarm's answer is lost", async () => {
        const { world, cluster, swarm } = standing();
        let made = "";
        world.fate = (_host, method, path) => {
            if (method !== "POST" || path !== "/swarm/update" || made !== "") return {};
            queueMicrotask(() => (made = cluster.key));
            return { is: "lost" };
        };
        await rotate(swarm, { unlockKey: 1 }, {});
        assert.notEqual(made, FIRST);
        assert.equal(cluster.key, made);
    });

    it("that somebody else made is noticed, and the one in the state of an older Skep is kept", async () => {
        const { swarm } = standing();
        const keys = await keysNow(swarm, {
            unlockKey: "SWMKEY-1-b2xk",
            previousUnlockKey: "SWMKEY-1-b2xkZXI",
        });
        assert.deepEqual(keys, {
            unlockKey: FIRST,
            formerUnlockKeys: ["SWMKEY-1-b2xk", "SWMKEY-1-b2xkZXI"],
            rekeyed: true,
        });
    });
});

describe("Autolock", () => {
    it("that is switched off leaves the key to a manager that was down, and then nothing", async () => {
        const { world, swarm } = standing();
        const start = stopped(world, "manager-3");
        await setAutolock(swarm, false);
        const keys = await keysAfterChange(swarm, KEPT, 50);
        assert.deepEqual([keys.unlockKey, keys.formerUnlockKeys], ["", [FIRST]]);
        start();
        assert.equal(world.at("manager-3").isLocked, true);
        assert.deepEqual(await open(swarm, [keys.unlockKey, ...keys.formerUnlockKeys]), []);
        assert.deepEqual((await withoutUseless(swarm, keys)).formerUnlockKeys, []);
        assert.deepEqual((await keysAfterChange(swarm, KEPT, 1000)).formerUnlockKeys, []);
        for (const name of MANAGERS) world.at(name).restart();
        assert.ok(MANAGERS.every((name) => !world.at(name).isLocked));
    });

    it("that is switched on gives the state a key, and no former one", async () => {
        const { cluster, swarm } = standing(false);
        await setAutolock(swarm, true);
        const keys = await keysNow(swarm, { unlockKey: "", formerUnlockKeys: [], rekeyed: false });
        assert.deepEqual([keys.unlockKey, keys.formerUnlockKeys], [cluster.key, []]);
    });
});

describe("Rotated join tokens", () => {
    it("are both new, and the key and the certificate authority stay", async () => {
        const { cluster, swarm } = standing();
        const before = (await swarm.inspect()).JoinTokens;
        await rotate(swarm, { joinTokens: 3 }, { joinTokens: 2 });
        const now = (await swarm.inspect()).JoinTokens;
        assert.notEqual(now.Worker, before.Worker);
        assert.notEqual(now.Manager, before.Manager);
        assert.equal(cluster.key, FIRST);
        assert.deepEqual(Object.keys(cluster.spec).sort(), ["EncryptionConfig", "Labels"]);
    });
});

describe("A rotated certificate authority", () => {
    const TIMES = { renewalMs: 2000, awayMs: 30 };

    it("is asked of the swarm, and is done when every node has its certificate", async () => {
        const { cluster, swarm } = standing();
        await rotate(swarm, { ca: 1 }, {});
        const { CAConfig } = cluster.spec as { CAConfig?: { ForceRotate?: number } };
        assert.equal(CAConfig?.ForceRotate, 1);
        const said: string[] = [];
        cluster.trust.RootRotationInProgress = true;
        setTimeout(() => (cluster.trust.RootRotationInProgress = false), 60);
        await untilTrusted(swarm, (text) => void said.push(text), TIMES);
        assert.equal(cluster.trust.RootRotationInProgress, false);
        assert.equal(said.at(-1), "3 of 3 nodes have their new certificate");
    });

    it("waits for a node that is down, and names it", async () => {
        const { world, cluster, swarm } = standing();
        stopped(world, "manager-2");
        cluster.trust.RootRotationInProgress = true;
        const said: string[] = [];
        const waiting = untilTrusted(swarm, (text) => void said.push(text), TIMES);
        await assert.rejects(waiting, /CA_ROTATION_WAITS: The rotation waits for manager-2:/);
        assert.equal(said.at(-1), "2 of 3 nodes have their new certificate; manager-2 is down");
        assert.equal(exitCodeOf("CA_ROTATION_WAITS"), EXIT_CODES.left);
    });
});

describe("skep rotate", () => {
    const refused = (rotated: "unlock-key" | "ca", hasFacts: boolean, autolock: boolean) => () =>
        refuseRotation(rotated, { hasFacts, autolock });

    it("refuses a key that there is not, and settings that no up has done yet", () => {
        assert.throws(refused("unlock-key", true, false), /KEY_NONE/);
        assert.throws(refused("ca", false, true), /ROTATE_FIRST_UP/);
        assert.doesNotThrow(refused("ca", true, false));
        assert.doesNotThrow(refused("unlock-key", true, true));
    });

    it("prints what its schema says, and for people which managers have still to confirm", async () => {
        const waitsFor = ["manager-3"];
        const json = await printed(async () =>
            printRotated("unlock-key", waitsFor, { stack: "dev", json: true }),
        );
        assertMatches("rotate", JSON.parse(json.text));
        const { text } = await printed(async () => printRotated("unlock-key", waitsFor, { stack: "dev" }));
        assert.match(text, /^manager-3 has not confirmed it\./m);
        assert.match(text, /Next: npm run skep -- key show$/);
    });
});
