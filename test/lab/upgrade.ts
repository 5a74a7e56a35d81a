// A test of a rollout: it runs on the lab of another test, and leaves its engines on another version.

import assert from "node:assert/strict";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "../../cli/pulumi/operate";
import type { Lab } from "./lab";

const EVERY_MS = 100;
const ANSWER_MS = 3000;

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

/** Ten requests a second until `end`. One that fails is tried once more; both failures are one failed request. */
function requests(url: string) {
    const failed: string[] = [];
    let answered = 0;
    let runs = true;
    const once = async () => {
        try {
            await answer(url);
        } catch {
            await answer(url);
        }
        answered += 1;
    };
    const work = (async () => {
        while (runs) {
            const begins = new Date().toISOString();
            await once().catch((error: Error) => failed.push(`${begins} ${error.message}`));
            await sleep(EVERY_MS);
        }
    })();
    return {
        async end() {
            runs = false;
            await work;
            return { answered, failed };
        },
    };
}

function answer(url: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const asked = get(url, { agent: false, timeout: ANSWER_MS }, (response) => {
            response.resume();
            if (response.statusCode === 200) response.on("end", resolve).on("error", reject);
            else reject(new Error(`status ${response.statusCode}`));
        });
        asked.on("timeout", () => asked.destroy(new Error("no answer in time"))).on("error", reject);
    });
}
