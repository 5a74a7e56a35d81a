// What the swarm loses and what it is asked to become, on real hosts: managers lost with their disks, the number of hosts.

import assert from "node:assert/strict";
import { dockerClient } from "../../scripts/setup/docker";
import { eventually, Lab, type NodeOutput } from "../lab/lab";

interface Outcome {
    changes: Record<string, number>;
    steps: { verb: string; type: string; name: string }[];
}
interface Member {
    id: string;
    name: string;
    state: string;
    zone: string;
    reachability: string;
    leader: boolean;
}

const WORKERS = 3;
const lab = new Lab("test-change");
let clusterId: string;

describe("A swarm whose members change", function () {
    this.timeout(900_000);

    before(async () => {
        lab.configure();
        await lab.skep("up");
        clusterId = (await lab.skep("output", "clusterId")).trim();
    });
    after(async () => {
        await lab.skep("destroy").catch(() => undefined);
        lab.forget();
    });

    it("gets a lost manager back by up, also the one that made the swarm: no ghost, the same swarm", async () => {
        await lose("manager-1");
        await lab.skep("up");
        await isWhole(3, WORKERS);
    });

    it("gets a second one back after it, the leader this time, and has lost no vote", async () => {
        const leader = (await members()).find((member) => member.leader);
        assert.ok(leader);
        await lose(leader.name);
        await lab.skep("up");
        await isWhole(3, WORKERS);
    });

    it("takes a manager with an emptied disk in again as a new member", async () => {
        const wiped = (await members()).find(({ name }) => name === "manager-2");
        await lab.on(
            "manager-2",
            "sudo systemctl stop docker.socket docker && sudo find /var/lib/docker/swarm -mindepth 1 -delete && sudo systemctl start docker",
        );
        await lab.skep("up");
        await isWhole(3, WORKERS);
        assert.ok((await members()).every(({ id }) => id !== wiped?.id));
    });

    for (const workers of [5, 2])
        it(`has ${workers} workers when the settings say so, previewed first, and moves no other host`, async () => {
            await scale({ "skep:workers": workers });
            await isWhole(3, workers);
        });

    for (const managers of [5, 1, 3])
        it(`has ${managers} managers when the settings say so, one vote at a time`, async () => {
            await scale({ "skep:workers": 2, "skep:managers": managers });
            await isWhole(managers, 2);
        });

    it("is destroyed within a minute when most of its managers are dead and the last one is locked", async () => {
        const docker = dockerClient();
        await lab.on("manager-3", "sudo systemctl restart docker");
        for (const name of ["manager-1", "manager-2"]) await docker.getContainer(container(name)).kill();
        const began = Date.now();
        await lab.skep("destroy");
        const seconds = Math.round((Date.now() - began) / 1000);
        assert.ok(seconds < 60, `destroy took ${seconds} s`);
        const filters = { label: [`io.skep.stack=${lab.stack}`] };
        assert.equal((await docker.listContainers({ all: true, filters })).length, 0);
        assert.equal((await docker.listVolumes({ filters })).Volumes.length, 0);
        assert.equal((await docker.listNetworks({ filters })).length, 0);
    });
});

/** Previews, then does it: nothing but hosts that come or go, with what stands on them, may be replaced or deleted. */
async function scale(settings: Record<string, unknown>): Promise<void> {
    const before = (await lab.json<{ nodes: NodeOutput[] }>("output")).nodes.map(({ name }) => name);
    lab.configure(settings);
    const { steps } = await lab.json<Outcome>("preview");
    const done = await lab.json<Outcome>("up");
    const after = (await lab.json<{ nodes: NodeOutput[] }>("output")).nodes.map(({ name }) => name);
    const differ = (a: string[], b: string[]) => a.filter((name) => !b.includes(name)).sort();
    const hosts = (verb: string, of: Outcome["steps"]) =>
        of
            .filter((step) => step.type === "docker:Container" && step.verb === verb)
            .map(({ name }) => name)
            .sort();
    for (const plan of [steps, done.steps]) {
        assert.deepEqual(hosts("+ create", plan), differ(after, before));
        assert.deepEqual(hosts("- delete", plan), differ(before, after));
        assert.deepEqual(hosts("± replace", plan), []);
    }
}

/** A host that is gone with its disks, as when an instance was terminated. */
async function lose(name: string): Promise<void> {
    const docker = dockerClient();
    await docker.getContainer(container(name)).remove({ force: true, v: true });
    const filters = { label: [`io.skep.stack=${lab.stack}`] };
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes)
        if (Name.startsWith(`${container(name)}-`)) await docker.getVolume(Name).remove();
}

function container(name: string): string {
    return `skep-${lab.stack}-${name}`;
}

/** Every member is listed once, ready, labelled, and, where it manages, reachable; the swarm is the one that it was. */
async function isWhole(managers: number, workers: number): Promise<void> {
    const seen = await eventually("every member to be ready", async () => {
        const all = await members();
        return all.every(({ state, reachability }) => state === "ready" && reachability !== "unreachable")
            ? all
            : undefined;
    });
    const voters = seen.filter(({ reachability }) => reachability === "reachable");
    const names = ["manager", "worker"].flatMap((role) =>
        Array.from({ length: role === "manager" ? managers : workers }, (_, i) => `${role}-${i + 1}`),
    );
    assert.deepEqual(seen.map(({ name }) => name).sort(), names.sort());
    assert.equal(voters.length, managers);
    assert.equal(voters.filter(({ leader }) => leader).length, 1);
    const outputs = await lab.json<{ nodes: NodeOutput[]; clusterId: string }>("output");
    for (const { name, zone } of seen)
        assert.equal(zone, outputs.nodes.find((node) => node.name === name)?.zone, `zone of ${name}`);
    assert.equal(outputs.clusterId, clusterId);
    assert.equal(await onAManager("docker info --format '{{.Swarm.Cluster.ID}}'"), clusterId);
}

async function members(): Promise<Member[]> {
    const lines = (await onAManager(MEMBERS)).split("\n").filter((line) => line !== "");
    return lines.map((line) => {
        const [id = "", name = "", state = "", zone = "", reachability = "", leader] = line.split(" ");
        return { id, name, state, zone, reachability, leader: leader === "true" };
    });
}

const MEMBERS =
    "docker node inspect $(docker node ls -q) --format '{{.ID}} {{.Description.Hostname}} {{.Status.State}} " +
    "{{.Spec.Labels.availability_zone}}{{with .ManagerStatus}} {{.Reachability}} {{.Leader}}{{end}}'";

/** Asks the first manager that answers: none of them is special. */
async function onAManager(command: string): Promise<string> {
    const { nodes } = await lab.json<{ nodes: NodeOutput[] }>("output");
    let last: unknown;
    for (const { name } of nodes.filter(({ role }) => role === "manager"))
        try {
            return await lab.on(name, command);
        } catch (error) {
            last = error;
        }
    throw last;
}
