// A test of a rollout: it runs on the lab of another test, and leaves its engines on another version.

import assert from "node:assert/strict";
import type { Outcome } from "../../cli/pulumi/operate";
import type { Lab } from "./lab";
import { requests } from "./requests";

/** A locked lab with three managers, three workers and the sample, on Docker 26.1. */
export function testUpgrade(lab: Lab): void {
    it("gets another Docker on all hosts, one after another and the leader last, and serves every request meanwhile", async () => {
        const { sample } = await lab.json<{ sample: { url: string } }>("output");
        const leader = await lab.on(
            "manager-1",
            "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'",
        );
        lab.usual = { ...lab.usual, "skep:dockerVersion": "28.5" };
        lab.configure({ "skep:upgrade": { soak: "5s" } });
        const plan = await lab.json<Outcome>("preview");
        assert.deepEqual(
            plan.steps.map(({ type }) => type),
            ["swarm:EngineRollout"],
        );
        assert.match(plan.steps[0]?.details?.join() ?? "", /^6 hosts: version: 26\.1\.5 → 28\.5\.2/);

        const load = requests(`${sample.url}/`);
        const said = await lab.skep("up");
        const { answered, failed } = await load.end();
        assert.deepEqual(failed, []);
        assert.ok(answered > 100, `${answered} requests`);
        assert.match(said, /1 changed/);

        const engines = await lab.on("manager-1", "docker node ls --format '{{.EngineVersion}}'");
        assert.deepEqual(
            [...new Set(engines.split("\n"))].map((text) => text.replace(/\+.*/, "")),
            ["28.5.2"],
        );
        const nodes = await lab.on("manager-1", "docker node ls --format '{{.Availability}} {{.Status}}'");
        assert.deepEqual([...new Set(nodes.split("\n"))], ["Active Ready"]);
        // Its engine restarted last, and another manager leads since.
        const before = /^(\S+) Leader/m.exec(leader)?.[1] ?? "";
        const now = await lab.on("manager-1", "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'");
        assert.notEqual(/^(\S+) Leader/m.exec(now)?.[1], before);
        assert.deepEqual((await lab.json<Outcome>("preview")).steps, []);
    });
}
