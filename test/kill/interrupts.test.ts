// `up` interrupted and killed at its critical moments: it ends in time and in order, the next one goes on, and however
// often that happens there is one swarm. Each scenario is one stack that goes through all moments.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dockerClient } from "../../scripts/setup/docker";
import { Lab } from "../lab/lab";

interface Outcome {
    changes: Record<string, number>;
    steps: { verb: string; type: string; name: string }[];
}

const LIMIT_MILLISECONDS = 10_000;
const INTERRUPTED = 130;
/** What `up` says when it begins something, and how long to wait from then. */
const MOMENTS: readonly [string, RegExp, number][] = [
    ["hosts are made", /create docker:Container manager-1/, 0],
    ["hosts boot", /create swarm:HostKey manager-1-hostkey/, 200],
    ["engines are installed", /create \S+ manager-2-engine/, 3000],
    ["the swarm is made", /create swarm:Cluster swarm-cluster/, 300],
    ["managers join", /create swarm:Node manager-3-node/, 500],
    ["a stack is deployed", /create swarm:Stack registry-stack/, 1500],
];

for (const [how, stack] of [
    ["interrupted", "test-interrupt"],
    ["killed", "test-kill"],
] as const)
    describe(`An up that is ${how}`, function () {
        this.timeout(600_000);
        const lab = new Lab(stack);
        const seen = new Set<string>();

        before(() =>
            lab.configure({
                "skep:zones": 1,
                "skep:managers": 3,
                "skep:workers": 0,
                "skep:sample": { enabled: false },
            }),
        );
        after(async () => {
            await lab.skep("destroy", "--yes").catch(() => undefined);
            lab.forget();
        });

        for (const [i, [moment, said, wait]] of MOMENTS.entries())
            it(`while ${moment} ends as it should`, async () => {
                const up = lab.start("up");
                await up.until(said);
                await new Promise((done) => setTimeout(done, wait));
                if (how === "interrupted") {
                    const { took, code } = await up.interrupt(i % 2 === 0 ? "terminal" : "program");
                    assert.ok(took < LIMIT_MILLISECONDS, `took ${took} ms\n${up.said}`);
                    assert.equal(code, INTERRUPTED, up.said);
                    assert.match(up.said, /Run the same command again/);
                    console.log(`      ended after ${took} ms`);
                } else await up.kill();
                assert.deepEqual(up.session(), [], "processes that go on");
                for (const id of await clusterIds(stack)) seen.add(id);
                assert.ok(seen.size <= 1, `swarms: ${[...seen].join(", ")}`);
            });

        it("is finished by the next one, as one swarm", async () => {
            const next = lab.start("up");
            assert.equal(await next.result(), 0, next.said);
            if (how === "killed")
                assert.match(next.said, /Took away the lock of a command that was killed/, next.said);
            const { clusterId } = await lab.json<{ clusterId: string }>("output");
            assert.deepEqual(await clusterIds(stack), [clusterId]);
            assert.deepEqual([...seen], [clusterId]);
            const nodes = await lab.on(
                "manager-1",
                "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'",
            );
            assert.equal((nodes.match(/Leader|Reachable/g) ?? []).length, 3, nodes);
            assert.equal(nodes.split("\n").length, 3, nodes);
        });

        it("leaves nothing for another up to do", async () => {
            const { changes, steps } = await lab.json<Outcome>("up");
            assert.deepEqual(Object.keys(changes), ["same"], JSON.stringify(steps));
        });
    });

/** The swarms that the stack's hosts are in, as their own engines say; hosts without an engine are in none. */
async function clusterIds(stack: string): Promise<string[]> {
    const hosts = await dockerClient().listContainers({ filters: { label: [`io.skep.stack=${stack}`] } });
    const said = hosts.map(({ Id }) => {
        try {
            const ask = [
                "exec",
                Id,
                "timeout",
                "5",
                "docker",
                "info",
                "--format",
                "{{with .Swarm.Cluster}}{{.ID}}{{end}}",
            ];
            return execFileSync("docker", ask, { encoding: "utf8", stdio: "pipe" }).trim();
        } catch {
            return "";
        }
    });
    return [...new Set(said.filter((id) => id !== ""))];
}
