// Events that happen to standing hosts, and what a plan does about them: none of them may replace a host.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:net";
import type { Outcome } from "../../cli/pulumi/operate";
import { kill } from "../../cli/processes";
import { StackFile } from "../../cli/stack/file";
import { dockerClient } from "../../scripts/setup/docker";
import { eventually, Lab, type NodeOutput } from "../lab/lab";
import { required } from "../lab/required";

interface StackState {
    deployment: { resources: Resource[] };
}
interface Resource {
    urn: string;
    type: string;
    dependencies?: string[];
    propertyDependencies?: Record<string, string[] | null>;
    deletedWith?: string;
}

const NETWORK = "docker:index/network:Network";
const lab = new Lab("test-standing");
const small = {
    "skep:managers": 1,
    "skep:workers": 1,
    "skep:zones": 1,
    "skep:sample": { enabled: false },
};
const container = (host: string) => dockerClient().getContainer(`skep-${lab.stack}-${host}`);
const idOf = async (host: string) => (await container(host).inspect()).Id;
let made: Record<string, string>;

describe("Hosts that stand", function () {
    this.timeout(600_000);
    const listening: Server[] = [];

    before(() => lab.configure(small));
    after(async () => {
        for (const server of listening) server.close();
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
    });

    required("come up with other ports after a first try met one that was taken", async () => {
        const up = lab.start("up", "--verbose");
        await up.until(/make docker:Network/);
        const { own } = await takenPort();
        assert.notEqual(await up.result(), 0);
        assert.match(up.said, /LAB_PORTS_TAKEN/);
        assert.equal((await container("worker-1").inspect()).State.Status, "created");
        const manager = await idOf("manager-1");

        lab.configure({ ...small, "skep:labPorts": own + 400 });
        const preview = lab.start("preview");
        assert.equal(await preview.result(), 0, preview.said);
        assert.match(preview.said, /worker-1 was made and never started: up makes it anew/);
        const again = lab.start("up");
        assert.equal(await again.result(), 0, again.said);
        assert.match(again.said, /worker-1 was made and never started: it is made anew/);
        assert.equal(await idOf("manager-1"), manager, "a host that stood was made anew");
        const { nodes } = await lab.json<{ nodes: NodeOutput[] }>("output");
        const ssh = Object.fromEntries(nodes.map(({ name, ports }) => [name, ports.ssh]));
        assert.deepEqual(ssh, { "manager-1": own, "worker-1": own + 410 });
        made = { "manager-1": manager, "worker-1": await idOf("worker-1") };
    });

    it("are not made anew while one of them does not stay up: no plan is made then", async () => {
        await container("worker-1").update({ RestartPolicy: { Name: "always" } });
        const ending = new AbortController();
        const ended = keepEnding("worker-1", ending.signal);
        try {
            const refused = lab.start("preview");
            assert.notEqual(await refused.result(), 0, refused.said);
            assert.match(refused.said, /HOST_RESTARTING: worker-1 does not stay up/);
            assert.doesNotMatch(refused.said, /replace/);
        } finally {
            ending.abort();
            await ended;
        }
        await assertUnchanged();
    });

    it("are waited for when one of them boots anew just then", async () => {
        const startedAt = async () => (await container("worker-1").inspect()).State.StartedAt;
        const before = await startedAt();
        execFileSync("docker", ["exec", `skep-${lab.stack}-worker-1`, "systemctl", "reboot"], {
            stdio: "ignore",
        });
        await eventually(
            "worker-1 to boot anew",
            async () => (await startedAt()) !== before || undefined,
            30,
        );
        assert.deepEqual((await lab.json<Outcome>("preview")).steps.filter(isReplacement), []);
        await assertUnchanged();
    });

    it("are started when they are stopped, as the same hosts", async () => {
        await container("worker-1").stop();
        assert.deepEqual((await lab.json<Outcome>("preview")).steps.filter(isReplacement), []);
        await assertUnchanged();
    });

    it("keep the network that the state has lost", async () => {
        const state = JSON.parse(await lab.pulumi("stack", "export")) as StackState;
        await lab.pulumi(
            "stack",
            "import",
            "--file",
            lab.file("state.json", JSON.stringify(withoutNetwork(state))),
        );
        const { steps } = await lab.json<Outcome>("preview");
        assert.deepEqual(
            steps.map(({ verb, type }) => `${verb} ${type}`),
            ["+ create docker:Network"],
        );
        const up = lab.start("up");
        assert.equal(await up.result(), 0, up.said);
        assert.match(up.said, /The lab's network stood/);
        await assertUnchanged();
    });

    it("refuse a subnet that would make all of them anew", async () => {
        lab.configure({ ...small, "skep:labSubnet": "10.190.240.0/20" });
        const refused = lab.start("preview");
        assert.notEqual(await refused.result(), 0);
        assert.match(refused.said, /STACK_FIXED: skep:labSubnet is 10\.190\.240\.0\/20/);
    });

    /** Takes the worker's SSH port before its container does. Returns the first port of the lab's block. */
    async function takenPort(): Promise<{ own: number }> {
        const { labPorts } = (await StackFile.read(lab.stack)).facts;
        assert.ok(labPorts);
        const server = createServer();
        listening.push(server);
        await new Promise<void>((resolve, reject) =>
            server.once("error", reject).listen(labPorts + 10, "127.0.0.1", resolve),
        );
        return { own: labPorts };
    }

    /** Checks that an up replaces nothing, that a preview then shows no change, and that the hosts are still the same. */
    async function assertUnchanged(): Promise<void> {
        const up = await lab.json<Outcome>("up");
        assert.deepEqual(up.steps.filter(isReplacement), []);
        const { steps } = await lab.json<Outcome>("preview");
        assert.deepEqual(steps, []);
        for (const [host, id] of Object.entries(made))
            assert.equal(await idOf(host), id, `${host} was made anew`);
    }
});

function isReplacement({ verb, type }: Outcome["steps"][number]): boolean {
    return type.startsWith("docker:") && verb !== "~ update";
}

/** Ends a host's first process again and again, until the signal. */
async function keepEnding(host: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
        const { State } = await container(host).inspect();
        if (State.Running && !State.Restarting && State.Pid > 1) kill(State.Pid);
        await new Promise((done) => setTimeout(done, 200));
    }
}

function withoutNetwork(state: StackState): StackState {
    const network = state.deployment.resources.find(({ type }) => type === NETWORK)?.urn;
    const others = (urns: string[] | null | undefined) => (urns ?? []).filter((urn) => urn !== network);
    const resources = state.deployment.resources
        .filter(({ urn }) => urn !== network)
        .map(({ deletedWith, ...resource }) => ({
            ...resource,
            dependencies: others(resource.dependencies),
            propertyDependencies: Object.fromEntries(
                Object.entries(resource.propertyDependencies ?? {}).map(([key, urns]) => [key, others(urns)]),
            ),
            ...(deletedWith !== network && { deletedWith }),
        }));
    return { ...state, deployment: { ...state.deployment, resources } };
}
