// Tests of rotations: they run on the lab of another test, and leave it with other keys.

import assert from "node:assert/strict";
import type { Outcome } from "../../cli/pulumi/operate";
import { dockerClient } from "../../scripts/setup/docker";
import { assertMatches } from "../support/schema";
import { eventually, type Lab } from "./lab";
import { inFull } from "./required";
import { runsTasks } from "./stuck";

interface Rotated {
    rotated: string;
    waitsFor: string[];
}

/** A locked lab with three managers. */
export function testRotation(lab: Lab): void {
    const rotate = async (what: string) => {
        const done = await lab.json<Rotated>("rotate", what);
        assertMatches("rotate", done);
        return done;
    };
    const steps = async () => (await lab.json<Outcome>("preview")).steps;
    const unchanged = async () => assert.deepEqual(await steps(), []);

    it("rotates its unlock key and join tokens while one manager is down, which unlock opens with the key before", async () => {
        const away = dockerClient().getContainer(`skep-${lab.stack}-manager-3`);
        const tokens = () => lab.on("manager-1", "sudo docker swarm join-token -q worker");
        const [key, token] = await Promise.all([lab.skep("output", "unlockKey"), tokens()]);
        await away.stop({ t: 10 });
        assert.deepEqual((await rotate("unlock-key")).waitsFor, ["manager-3"]);
        const present = await lab.skep("output", "unlockKey");
        assert.notEqual(present, key);
        assert.equal(await lab.on("manager-1", "sudo docker swarm unlock-key -q"), present.trim());
        await rotate("join-tokens");
        assert.notEqual(await tokens(), token);

        await away.start();
        await eventually("manager-3 to be locked", async () => {
            const state = await lab.on("manager-3", "docker info --format '{{.Swarm.LocalNodeState}}'");
            return state === "locked" || undefined;
        });
        const opened = await lab.json<{ hosts: { host: string; did: string }[] }>("unlock");
        assert.ok(opened.hosts.some(({ host, did }) => host === "manager-3" && did === "unlocked"));
        await runsTasks(lab, "manager-3");
        // Services that run on every node have their task on this one again after a while.
        await eventually(
            "nothing to be left to change",
            async () => (await steps()).length === 0 || undefined,
        );
    });

    inFull("gets a new certificate authority, which every node trusts", async () => {
        const trusted = () =>
            lab.on("worker-1", "sudo cat /var/lib/docker/swarm/certificates/swarm-root-ca.crt");
        const before = await trusted();
        await rotate("ca");
        assert.notEqual(await trusted(), before);
        await unchanged();
    });

    inFull(
        "gets another registry password and certificate, and the password before until it is ended",
        async () => {
            const { server } = (await lab.json<{ registry: { server: string } }>("output")).registry;
            const login = (user: string, password: string) =>
                lab.on("manager-1", `docker login --username ${user} --password-stdin ${server}`, password);
            const first = (await lab.skep("output", "registryPassword")).trim();
            await rotate("registry-password");
            const { user } = (await lab.json<{ registry: { user: string } }>("output")).registry;
            const second = (await lab.skep("output", "registryPassword")).trim();
            assert.equal(user, "skep-2");
            await login(user, second);
            await login("skep", first);
            await lab.json("rotate", "registry-password", "--end-former");
            await login(user, second);
            await assert.rejects(login("skep", first), /unauthorized|401/);
            await rotate("registry-certificate");
            await login(user, second);
            await unchanged();
        },
    );

    inFull("gets another login key on every host, and no host takes the one before", async () => {
        const keys = () => lab.on("worker-1", "cat ~/.ssh/authorized_keys");
        const before = await keys();
        await rotate("ssh-key");
        const now = await keys();
        assert.notEqual(now, before);
        assert.equal(now.split("\n").length, 1);
        await unchanged();
    });
}
