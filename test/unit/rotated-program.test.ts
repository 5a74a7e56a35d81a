// The program of a stack whose keys were rotated, against one whose keys never were.

import assert from "node:assert/strict";
import type { Rotations } from "../../config/facts";
import { declare, type Declared, ofType } from "../support/declared";

const WANTED = { sample: { enabled: false } };
const KEY = "tls:index/privateKey:PrivateKey";
const PASSWORD = "random:index/randomPassword:RandomPassword";

const after = (rotations?: Rotations) => declare(WANTED, false, {}, {}, rotations);
const names = (declared: Declared[], type: string) => ofType(declared, type).map(({ name }) => name);

/** The lines of the registry's file of passwords. */
function passwords(declared: Declared[]): string[] {
    const stack = ofType(declared, "swarm:index:Stack").find(({ name }) => name === "registry-stack");
    assert.ok(stack);
    const { value = stack.inputs.secrets } = stack.inputs.secrets as { value?: Record<string, string> };
    const [, lines = ""] =
        Object.entries(value as Record<string, string>).find(([name]) => name.includes("htpasswd")) ?? [];
    return lines.split("\n");
}

describe("The program of a stack with rotated keys", function () {
    this.timeout(60_000);

    it("asks for no rotation where there was none, so that a standing stack stays as it is", async () => {
        const declared = await after();
        const [cluster] = ofType(declared, "swarm:index:Cluster");
        assert.ok(cluster && !("rotations" in cluster.inputs));
        assert.deepEqual(names(declared, "swarm:index:HostLogin"), []);
        assert.deepEqual(passwords(declared), ["skep:hash"]);
    });

    it("tells the swarm how often its own keys were rotated", async () => {
        const [cluster] = ofType(await after({ unlockKey: 2, sshKey: 1 }), "swarm:index:Cluster");
        assert.deepEqual(cluster?.inputs.rotations, { unlockKey: 2 });
    });

    it("keeps the registry's password before under its own user, until it is ended", async () => {
        const both = await after({ registryPassword: 1 });
        assert.deepEqual(passwords(both), ["skep-2:hash", "skep:hash"]);
        assert.deepEqual(names(both, PASSWORD).sort(), [
            "registry-http-secret",
            "registry-password",
            "registry-password-2",
        ]);
        const one = await after({ registryPassword: 1, endedRegistryPasswords: 1 });
        assert.deepEqual(passwords(one), ["skep-2:hash"]);
        assert.ok(!names(one, PASSWORD).includes("registry-password"));
    });

    it("gives every host the new login key, and keeps the one before until it is ended", async () => {
        const both = await after({ sshKey: 1 });
        const logins = ofType(both, "swarm:index:HostLogin");
        assert.equal(logins.length, 6);
        assert.ok(logins.every(({ inputs }) => inputs.formerKey !== undefined));
        assert.ok(["lab-login", "lab-login-2"].every((name) => names(both, KEY).includes(name)));
        const one = await after({ sshKey: 1, endedSshKeys: 1 });
        assert.ok(ofType(one, "swarm:index:HostLogin").every(({ inputs }) => !("formerKey" in inputs)));
        assert.ok(!names(one, KEY).includes("lab-login"));
    });
});
