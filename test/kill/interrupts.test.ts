// `up` is interrupted and killed at its critical moments. It ends in time and in order, the next one goes on, and there
// is one swarm however often that happens. Each scenario is one stack that goes through all moments.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { Outcome } from "../../cli/pulumi/operate";
import { EXIT_CODES } from "../../errors/problem-group";
import { eventually, hostContainers, Lab } from "../lab/lab";
import type { Running } from "../lab/running";

const SETTINGS = {
    "skep:zones": 1,
    "skep:managers": 3,
    "skep:workers": 0,
    "skep:sample": { enabled: false },
};
const LIMIT_MILLISECONDS = 10_000;
const INTERRUPTED = 130;

interface Moment {
    /** What `up` is doing at that moment. */
    doing: string;
    /** The pause point in the code where it stops, or a line that it has just printed. */
    at: string | RegExp;
    /** A program that runs on manager-2 at that moment. */
    running?: string;
    /** Set if another `up` runs meanwhile and must be refused. */
    refusesOther?: true;
}

const MOMENTS: readonly Moment[] = [
    // The docker plugin has no pause points.
    { doing: "hosts are made", at: /make docker:Container manager-1/ },
    { doing: "hosts boot, and refuses another up meanwhile,", at: "host:boot:manager-1", refusesOther: true },
    { doing: "engines are installed", at: "engine:apt:manager-2", running: "apt-get" },
    { doing: "the swarm is made, before anybody knows of it,", at: "cluster:made" },
    { doing: "managers join", at: "node:joined:manager-3" },
    { doing: "a stack is deployed", at: "stack:deployed:registry" },
];

for (const [how, stack] of [
    ["interrupted", "test-interrupt"],
    ["killed", "test-kill"],
] as const)
    describe(`An up that is ${how}`, function () {
        this.timeout(600_000);
        const lab = new Lab(stack);
        const seen = new Set<string>();

        before(() => lab.configure(SETTINGS));
        after(async () => {
            await lab.skep("destroy", "--yes").catch(() => undefined);
            lab.forget();
        });

        for (const [i, { doing, at, running, refusesOther }] of MOMENTS.entries())
            it(`while ${doing} ends as it should`, async () => {
                const isPoint = typeof at === "string";
                const paused = new Lab(stack, lab.project, isPoint ? { SKEP_TEST_PAUSE_AT: at } : {});
                const up = paused.start("up", "--verbose");
                await up.until(isPoint ? new RegExp(`paused at ${at}`) : at);
                if (running) await eventually(`${running} on manager-2`, () => runs(stack, running));
                if (refusesOther) await refused(lab.start("up"));
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

async function refused(up: Running): Promise<void> {
    assert.equal(await up.result(), EXIT_CODES.busy, up.said);
    assert.match(up.said, /^✗ STACK_BUSY: Another command works on the stack/m);
}

/** Whether a program of this name runs on manager-2. */
async function runs(stack: string, program: string): Promise<true | undefined> {
    execFileSync("docker", ["exec", `skep-${stack}-manager-2`, "pgrep", "-x", program], { stdio: "pipe" });
    return true;
}

/** The swarms that the stack's hosts are in, as their own engines report. Hosts without an engine are in none. */
async function clusterIds(stack: string): Promise<string[]> {
    const hosts = await hostContainers(stack);
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
