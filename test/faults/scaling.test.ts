// More and fewer hosts, on real hosts: what a preview says, what happens meanwhile, and the result.

import assert from "node:assert/strict";
import { Lab } from "../lab/lab";
import type { Outcome } from "../../cli/pulumi/operate";
import { Swarm } from "./swarm";
import { MemberWatch } from "./watch";

const lab = new Lab("test-scale");
const swarm = new Swarm(lab);
let clusterId: string;

describe("A swarm that is scaled", function () {
    this.timeout(900_000);

    before(async () => {
        configure(3, 1);
        await lab.skep("up");
        clusterId = (await lab.skep("output", "clusterId")).trim();
    });
    after(async () => {
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
    });

    for (const managers of [5, 3, 1])
        it(`has ${managers} managers when the settings say so, one vote at a time`, () => scale(managers, 1));

    for (const workers of [3, 6, 2])
        it(`has ${workers} workers when the settings say so, and moves no other host`, () =>
            scale(1, workers));

    it("has 3 managers again after it had one", () => scale(3, 2));

    it("gives the first manager's part to a worker", async () => {
        configure(3, 2, { "manager-1": { role: "worker" }, "worker-1": { role: "manager" } });
        await lab.skep("up");
        await swarm.assertWhole();
        assert.equal(await swarm.clusterId(), clusterId);
    });

    it("is destroyed within a minute when one of its hosts is dead", async () => {
        await swarm.kill("manager-2");
        await swarm.destroy();
    });
});

function configure(managers: number, workers: number, nodes: Record<string, object> = {}): void {
    lab.configure({
        "skep:managers": managers,
        "skep:workers": workers,
        "skep:nodes": nodes,
        "skep:sample": { enabled: false },
    });
}

/**
 * Previews a change of size and carries it out. Hosts come or go as the preview says, none is replaced, and a member that
 * goes is drained first.
 */
async function scale(managers: number, workers: number): Promise<void> {
    const before = await swarm.nodes();
    const names = [...numbered("manager", managers), ...numbered("worker", workers)];
    const differ = (a: string[], b: string[]) => a.filter((name) => !b.includes(name)).sort();
    const old = before.map(({ name }) => name);
    const [coming, going] = [differ(names, old), differ(old, names)];
    configure(managers, workers);
    const plan = await lab.json<Outcome>("preview");
    const watch = await MemberWatch.begin(lab, "manager-1");
    const done = await lab.json<Outcome>("up");
    const seen = await watch.stop();
    for (const { steps } of [plan, done]) {
        assert.deepEqual(hosts("+ create", steps), coming);
        assert.deepEqual(hosts("- delete", steps), going);
        assert.deepEqual(hosts("± replace", steps), []);
    }
    const members = await swarm.assertWhole();
    assert.deepEqual(members.map(({ name }) => name).sort(), names.sort());
    assert.ok(members.every(({ availability }) => availability === "active"));
    assert.equal(await swarm.clusterId(), clusterId);
    for (const role of ["manager", "worker"])
        assertSpread(members.filter(({ name }) => name.startsWith(role)));
    for (const name of going) {
        const changes = seen.get(name) ?? [];
        const [drained, demoted] = ["availability drain", "role worker"].map((each) => changes.indexOf(each));
        const story = `${name}: ${changes.join(", ")}`;
        assert.ok(drained !== undefined && drained >= 0, story);
        if (name.startsWith("manager")) assert.ok(demoted !== undefined && demoted > drained, story);
    }
    for (const { name } of members) {
        const changes = (seen.get(name) ?? []).join(", ");
        assert.doesNotMatch(changes, /drain|unreachable|role worker/, name);
    }
}

function numbered(role: string, count: number): string[] {
    return Array.from({ length: count }, (_, i) => `${role}-${i + 1}`);
}

function hosts(verb: string, steps: Outcome["steps"]): string[] {
    return steps
        .filter((step) => step.type === "docker:Container" && step.verb === verb)
        .map(({ name }) => name)
        .filter((name) => name !== "lab-gateway")
        .sort();
}

/** Checks that no zone has two members more than another. */
function assertSpread(members: readonly { zone: string }[]): void {
    const counts = ["lab-a", "lab-b", "lab-c"].map(
        (each) => members.filter(({ zone }) => zone === each).length,
    );
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join("-"));
}
