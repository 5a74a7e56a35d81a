// Engines that somebody changes by hand, on real hosts: previews show it, and an up restores them without costing the swarm
// its majority.

import assert from "node:assert/strict";
import { eventually, Lab } from "../lab/lab";
import type { Outcome } from "../../cli/pulumi/operate";
import { Swarm } from "./swarm";
import { MemberWatch } from "./watch";

const PACKAGES = "docker-ce docker-ce-cli containerd.io";
const lab = new Lab("test-engines");
const swarm = new Swarm(lab);
let clusterId: string;
/** Packages, versions and holds of every host after the first up. */
let asMade: string;

describe("A swarm whose engines are changed by hand", function () {
    this.timeout(900_000);

    before(async () => {
        lab.configure({ "skep:workers": 1, "skep:sample": { enabled: false } });
        await lab.skep("up");
        clusterId = await swarm.clusterId();
        asMade = await packages("manager-1");
        assert.equal(asMade.match(/hold/g)?.length, 3, asMade);
    });
    after(async () => {
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
    });

    it("shows another engine on a worker, and one that is not held, in its preview", async () => {
        await change("worker-1");
        await lab.on("manager-2", "sudo apt-mark unhold docker-ce-cli");
        assert.deepEqual(await previewed(), ["~ update engines-rollout"]);
    });

    it("brings them back: drained where the engine restarts, undisturbed where it does not", async () => {
        const seen = await watched("manager-1", () => lab.skep("up"));
        assert.ok(seen.get("worker-1")?.includes("availability drain"), story(seen));
        assert.doesNotMatch(String(seen.get("manager-2")), DISTURBED, story(seen));
        await assertAsMade();
        assert.deepEqual(await previewed(), []);
    });

    it("brings the leader's engine back while the others decide, and unlocks it", async () => {
        const leader = await leaderName();
        await changeAndUnlock(leader);
        assert.deepEqual(await previewed(), ["~ update engines-rollout"]);
        const observer = ["manager-1", "manager-2"].find((name) => name !== leader)!;
        const seen = await watched(observer, () => lab.skep("up"));
        assert.ok(seen.get(leader)?.includes("availability drain"), story(seen));
        for (const name of ["manager-1", "manager-2", "manager-3"].filter((name) => name !== leader))
            assert.doesNotMatch(String(seen.get(name)), DISTURBED, story(seen));
        await assertAsMade();
    });

    it("brings a manager's engine back in the same run that makes a lost manager's host anew, after it", async () => {
        await changeAndUnlock("manager-2");
        await swarm.lose("manager-3");
        const { left } = await lab.json<{ left: object[] }>("up");
        assert.deepEqual(left, []);
        await swarm.assertWhole();
        await assertAsMade();
    });

    it("is destroyed within a minute when most of its managers are dead", async () => {
        for (const name of ["manager-1", "manager-2"]) await swarm.kill(name);
        await swarm.destroy();
    });
});

/** Installs another engine from the same repository, as somebody would who does not know Skep. */
async function change(host: string): Promise<void> {
    await lab.on(
        host,
        `has=$(dpkg-query -W -f '\${Version}' docker-ce)
other=$(apt-cache madison docker-ce | awk -F ' *[|] *' -v has="$has" '$2 != has { print $2; exit }')
sudo apt-get -qq install -y --allow-downgrades --allow-change-held-packages "docker-ce=$other" "docker-ce-cli=$other" </dev/null >/dev/null 2>&1`,
    );
    assert.notEqual(await packages(host), asMade);
}

async function changeAndUnlock(host: string): Promise<void> {
    await change(host);
    const key = await lab.skep("output", "unlockKey");
    await lab.on(host, "docker swarm unlock", `${key.trim()}\n`);
    await swarm.assertWhole();
}

function packages(host: string): Promise<string> {
    const list = `dpkg-query -W -f '\${Package} \${Version} \${db:Status-Want}\\n' ${PACKAGES}`;
    return lab.on(host, `${list}; docker version --format '{{.Server.Version}}'`);
}

async function assertAsMade(): Promise<void> {
    await swarm.assertWhole();
    assert.equal(await swarm.clusterId(), clusterId);
    for (const { name } of await swarm.nodes()) assert.equal(await packages(name), asMade, name);
}

async function previewed(): Promise<string[]> {
    const { steps } = await lab.json<Outcome>("preview");
    return steps.map(({ verb, name }) => `${verb} ${name}`).sort();
}

async function leaderName(): Promise<string> {
    return eventually("a leader", async () => (await swarm.members()).find(({ leader }) => leader)?.name);
}

async function watched(manager: string, work: () => Promise<unknown>): Promise<Map<string, string[]>> {
    const watch = await MemberWatch.begin(lab, manager);
    // The connection must end even after a failure.
    const failure = await work().then(
        () => undefined,
        (error: unknown) => error,
    );
    const seen = await watch.stop();
    if (failure !== undefined) throw failure as Error;
    return seen;
}

/** A disturbed member was drained, or others did not hear it. */
const DISTURBED = /drain|down|unreachable/;

function story(seen: Map<string, string[]>): string {
    return [...seen].map(([name, states]) => `${name}: ${states.join(", ")}`).join("\n");
}
