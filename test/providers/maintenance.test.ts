// What becomes of a node whose maintenance is cut short, against an SSH server and an engine that only answer.

import assert from "node:assert/strict";
import { utils } from "ssh2";
import type { Context } from "../../providers/runtime/types";
import { restore } from "../../swarm/maintenance";
import { closeRemotes } from "../../swarm/ssh";
import { FakeEngine } from "../support/fake-engine";
import { SshHost } from "../support/ssh-host";

describe("A node in maintenance", function () {
    this.timeout(30_000);
    let availability: string;
    let engine: FakeEngine;
    let host: SshHost;
    let serving: Parameters<typeof restore>[0];

    beforeEach(async () => {
        availability = "drain";
        engine = await new FakeEngine(({ method, path, body }) => {
            if (path === "/swarm") return { ID: "cluster" };
            if (path === "/nodes/node" && method === "GET")
                return {
                    ID: "node",
                    Spec: { Role: "worker", Availability: availability },
                    Version: { Index: 5 },
                };
            if (path !== "/nodes/node/update") return undefined;
            ({ Availability: availability } = JSON.parse(body.toString()) as { Availability: string });
            return 200;
        }).listen();
        const [own, user] = [utils.generateKeyPairSync("ed25519"), utils.generateKeyPairSync("ed25519")];
        host = new SshHost({ hostKey: own.private, authorizedKey: user.public, engineSocket: engine.socket });
        const ssh = {
            host: "127.0.0.1",
            port: await host.listen(),
            user: "admin",
            privateKey: user.private,
            hostKey: own.public,
        };
        const manager = {
            id: "1",
            name: "manager-1",
            role: "manager",
            zone: "a",
            address: "10.0.0.1",
            ssh,
        } as const;
        serving = { managers: [manager], clusterId: "cluster", nodeId: "node" };
    });
    afterEach(async () => {
        await closeRemotes();
        await host.close();
        await engine.close();
    });

    it("takes tasks again when the command was interrupted, and then its work failed", async () => {
        const said: string[] = [];
        const interrupted = { signal: AbortSignal.abort(), log: (text: string) => void said.push(text) };
        await restore(serving, { Availability: "active" }, interrupted as unknown as Context);
        assert.equal(availability, "active");
        assert.deepEqual(said, []);
    });

    it("is said to be drained still where no manager answers, and nothing waits longer than an interrupt may", async () => {
        await engine.close();
        engine = await new FakeEngine().listen();
        await host.close();
        const said: string[] = [];
        const began = Date.now();
        const context = { signal: AbortSignal.abort(), log: (text: string) => void said.push(text) };
        await restore(serving, { Availability: "active" }, context as unknown as Context);
        assert.match(said.join(), /NODE_DRAINED: Its availability is still drain/);
        assert.ok(Date.now() - began < 8_000, `it waited ${Date.now() - began} ms`);
    });
});
