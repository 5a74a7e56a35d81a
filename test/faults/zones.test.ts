// Roles from settings, and the loss of a zone: first firewall rules cut it off, then its hosts stop.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { Outcome } from "../../cli/pulumi/operate";
import { dockerClient } from "../../scripts/setup/docker";
import { eventually, hostContainers, Lab, type NodeOutput } from "../lab/lab";

interface Member {
    name: string;
    state: string;
    availability: string;
    reachability: string;
    leader: boolean;
}

/** With two workers, any two zones have room for the three web tasks. */
const SMALL = { "skep:workers": 2 };
const BALANCED = { ...SMALL, "skep:rebalance": true };
const lab = new Lab("test-zones");
let nodes: NodeOutput[];

describe("A swarm with roles of its own, and one of its zones lost", function () {
    this.timeout(900_000);

    before(async () => {
        lab.configure(SMALL);
        await up();
    });
    afterEach(heal);
    after(async () => {
        heal();
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
    });

    it("promotes, demotes and drains nodes where they stand", async () => {
        const hosts = await containerIds();
        lab.configure({
            ...SMALL,
            "skep:nodes": {
                "worker-2": { role: "manager" },
                "manager-3": { role: "worker" },
                "manager-1": { availability: "drain" },
            },
        });
        await up();
        const seen = await untilWhole();
        const managers = seen.filter(({ reachability }) => reachability === "reachable");
        assert.deepEqual(managers.map(({ name }) => name).sort(), ["manager-1", "manager-2", "worker-2"]);
        assert.equal(seen.find(({ name }) => name === "manager-1")?.availability, "drain");
        assert.deepEqual(await containerIds(), hosts);
    });

    it("goes on answering and deciding without the registry's zone, and is whole when the zone is back", async () => {
        lab.configure(SMALL);
        await up();
        await untilWhole();
        const registry = "docker node ls --filter node.label=registry=true --format '{{.Hostname}}'";
        const lost = zoneOf(await ask("", registry));
        cut(lost);
        await assertWorksWithout(lost);
        heal();
        await untilWhole();
        assert.equal((await tasksByZone()).size, 2, "tasks moved by themselves");
    });

    it("has its tasks in all zones again when skep:rebalance says so, and changes nothing a second time", async () => {
        lab.configure(BALANCED);
        const { steps } = await lab.json<Outcome>("preview");
        assert.deepEqual(
            steps.map(({ name }) => name),
            ["sample-stack"],
        );
        await up();
        assert.equal((await tasksByZone()).size, 3);
        assert.deepEqual((await lab.json<Outcome>("up")).steps, []);
    });

    it("goes on without the leader's zone, and is whole when the zone is back", async () => {
        const leader = (await untilWhole()).find((member) => member.leader);
        const lost = zoneOf(leader?.name);
        cut(lost);
        await assertWorksWithout(lost);
        heal();
        await untilWhole();
        await up();
        assert.equal((await tasksByZone()).size, 3);
    });

    it("goes on without a zone whose hosts are stopped, and one up makes it whole and spreads the tasks", async () => {
        const docker = dockerClient();
        const gone = nodes.filter(({ zone }) => zone === "lab-b");
        await Promise.all(
            gone.map(({ name }) => docker.getContainer(`skep-${lab.stack}-${name}`).stop({ t: 5 })),
        );
        await assertWorksWithout("lab-b");
        await up();
        await untilWhole();
        assert.equal((await tasksByZone()).size, 3);
    });

    it("has two zones instead of three when the settings say so: one manager moves, and nothing else", async () => {
        const hosts = await containerIds();
        lab.configure({ ...BALANCED, "skep:zones": 2 });
        const { steps } = await lab.json<Outcome>("preview");
        const moved = new Set(
            steps.filter(({ type }) => type === "docker:Container").map(({ name }) => name),
        );
        // The gateway holds the hosts' addresses.
        assert.deepEqual([...moved].sort(), ["lab-gateway", "manager-3"]);
        await up();
        await untilWhole();
        const kept = (await containerIds()).filter((id) => hosts.includes(id));
        assert.equal(kept.length, hosts.length - 1);
        const labels = await ask("", LABELS);
        for (const { name, zone } of nodes) assert.match(labels, new RegExp(`^${name} ${zone}$`, "m"));
        assert.deepEqual([...new Set(nodes.map(({ zone }) => zone))].sort(), ["lab-a", "lab-b"]);
        assert.deepEqual((await lab.json<Outcome>("preview")).steps, []);
    });
});

function zoneOf(name: string | undefined): string {
    return nodes.find((node) => node.name === name)?.zone ?? assert.fail(`no zone of ${name}`);
}

async function up(): Promise<void> {
    await lab.skep("up");
    ({ nodes } = await lab.json<{ nodes: NodeOutput[] }>("output"));
}

/** Checks that the other zones answer and accept writes, and that all web tasks run there again. */
async function assertWorksWithout(lost: string): Promise<void> {
    const left = nodes.filter(({ zone }) => zone !== lost);
    const answering = async () => {
        const zones = new Set<string>();
        for (const { zone, ports } of left) {
            const answer = await fetch(`http://127.0.0.1:${ports.app}/`, {
                signal: AbortSignal.timeout(5000),
            }).catch(() => undefined);
            if (answer?.status === 200) zones.add(zone);
        }
        return zones;
    };
    assert.ok((await answering()).size > 0, "no zone answers right after the loss");
    await eventually("a write to the swarm", () =>
        ask(lost, `docker node update --label-add seen=${Date.now()} ${left[0]?.name}`),
    );
    const spread = await eventually(
        "the web tasks to run on what is left",
        async () => {
            const tasks = await tasksByZone(lost);
            return tasks.size === 2 && !tasks.has(lost) ? tasks : undefined;
        },
        240,
    );
    assert.deepEqual([...spread.values()].sort(), [1, 2]);
    const zones = await eventually("both zones to answer", async () => {
        const now = await answering();
        return now.size === 2 ? now : undefined;
    });
    assert.ok(!zones.has(lost));
}

/** The number of web tasks in each zone; empty while fewer or more tasks run than there should be. */
async function tasksByZone(lost = ""): Promise<Map<string, number>> {
    const format = "'{{.Node}} {{.CurrentState}}'";
    const running = await ask(
        lost,
        `docker service ps sample_web --filter desired-state=running --format ${format}`,
    );
    const on = running.split("\n").filter((line) => line.includes("Running"));
    const zones = on.map((line) => zoneOf(line.split(" ")[0]));
    if (zones.length !== 3) return new Map();
    return new Map(zones.map((zone) => [zone, zones.filter((other) => other === zone).length]));
}

/**
 * Waits until every member has been ready, and every manager reachable, for a while. A manager that comes back may know of an
 * election that the others do not know, and then all of them elect once more.
 */
async function untilWhole(): Promise<Member[]> {
    let since: number | undefined;
    return eventually(
        "the swarm to be whole",
        async () => {
            const seen = await members().catch(() => []);
            const voters = seen.filter(({ reachability }) => reachability === "reachable");
            const good =
                seen.length === 5 && seen.every(({ state }) => state === "ready") && voters.length === 3;
            since = good ? (since ?? Date.now()) : undefined;
            return since !== undefined && Date.now() - since >= STEADY_MS ? seen : undefined;
        },
        240,
    );
}

async function members(): Promise<Member[]> {
    const lines = (await ask("", MEMBERS)).split("\n").filter((line) => line !== "");
    return lines.map((line): Member => {
        const [name = "", state = "", availability = "", reachability = "", leader] = line.split(" ");
        return { name, state, availability, reachability, leader: leader === "true" };
    });
}

const STEADY_MS = 15_000;
const MEMBERS =
    "docker node inspect $(docker node ls -q) --format '{{.Description.Hostname}} {{.Status.State}} " +
    "{{.Spec.Availability}}{{with .ManagerStatus}} {{.Reachability}} {{.Leader}}{{end}}'";
const LABELS =
    "docker node inspect $(docker node ls -q) --format '{{.Description.Hostname}} {{.Spec.Labels.availability_zone}}'";

/** Runs a command on a manager outside the lost zone. */
async function ask(lost: string, command: string): Promise<string> {
    let last: unknown;
    for (const { name } of nodes.filter(({ role, zone }) => role === "manager" && zone !== lost))
        try {
            return await lab.on(name, `timeout 20 sh -c ${JSON.stringify(command).replaceAll("$", "\\$")}`);
        } catch (error) {
            last = error;
        }
    throw last;
}

async function containerIds(): Promise<string[]> {
    return (await hostContainers(lab.stack)).map(({ Id }) => Id).sort();
}

/** The comment of this test's firewall rules. The test removes all rules with it, even after a failure. */
const COMMENT = `skep-${lab.stack}`;
const CHAIN = "DOCKER-USER";

/** Drops all traffic into the zone and out of it. The machine itself still reaches its hosts. */
function cut(zone: string): void {
    const [address = ""] = nodes.filter((node) => node.zone === zone).map((node) => node.address);
    const range = address.replace(/\.\d+$/, ".0/24");
    const comment = ["-m", "comment", "--comment", COMMENT, "-j", "DROP"];
    iptables("-I", CHAIN, "-s", range, "!", "-d", range, ...comment);
    iptables("-I", CHAIN, "-d", range, "!", "-s", range, ...comment);
}

function heal(): void {
    for (const rule of iptables("-S", CHAIN).split("\n"))
        if (rule.includes(COMMENT)) iptables("-D", ...rule.replace(/^-A /, "").split(" "));
    assert.ok(!iptables("-S", CHAIN).includes(COMMENT), "a firewall rule was left");
}

function iptables(...args: string[]): string {
    return execFileSync("iptables", ["-w", "5", ...args], { encoding: "utf8" });
}
