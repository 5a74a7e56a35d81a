// How the tests of lost and changed members look at a swarm, and how they make hosts disappear.

import assert from "node:assert/strict";
import { dockerClient } from "../../scripts/setup/docker";
import { eventually, type Lab, type NodeOutput } from "../lab/lab";

export interface Member {
    id: string;
    name: string;
    state: string;
    availability: string;
    zone: string;
    reachability: string;
    leader: boolean;
}

export class Swarm {
    constructor(readonly lab: Lab) {}

    container(name: string): string {
        return `skep-${this.lab.stack}-${name}`;
    }

    /** Removes a host with its disks, as if somebody had terminated an instance. */
    async lose(name: string): Promise<void> {
        const docker = dockerClient();
        await docker.getContainer(this.container(name)).remove({ force: true, v: true });
        const filters = { label: [`io.skep.stack=${this.lab.stack}`] };
        for (const { Name } of (await docker.listVolumes({ filters })).Volumes)
            if (Name.startsWith(`${this.container(name)}-`)) await docker.getVolume(Name).remove();
    }

    /** Switches a host off; it keeps its disks. */
    async kill(name: string): Promise<void> {
        await dockerClient().getContainer(this.container(name)).kill();
    }

    async nodes(): Promise<NodeOutput[]> {
        return (await this.lab.json<{ nodes: NodeOutput[] }>("output")).nodes;
    }

    clusterId(): Promise<string> {
        return this.onAManager("docker info --format '{{.Swarm.Cluster.ID}}'");
    }

    async members(): Promise<Member[]> {
        const lines = (await this.onAManager(MEMBERS)).split("\n").filter((line) => line !== "");
        return lines.map((line) => {
            const [id = "", name = "", state = "", availability = "", zone = "", reachability = "", leader] =
                line.split(" ");
            return { id, name, state, availability, zone, reachability, leader: leader === "true" };
        });
    }

    /**
     * Checks that every host of the stack is exactly one member, ready and labelled with its zone, that every manager is
     * reachable, and that the swarm has no other members.
     */
    async assertWhole(): Promise<Member[]> {
        const nodes = await this.nodes();
        const seen = await eventually("every member to be ready", async () => {
            const all = await this.members();
            const isWell = ({ state, reachability }: Member) =>
                state === "ready" && ["", "reachable"].includes(reachability);
            return all.every(isWell) ? all : undefined;
        });
        const managing = ({ reachability }: Member) => (reachability === "" ? "worker" : "manager");
        assert.deepEqual(
            seen.map((member) => `${member.name} ${managing(member)} ${member.zone}`).sort(),
            nodes.map(({ name, role, zone }) => `${name} ${role} ${zone}`).sort(),
        );
        assert.equal(seen.filter(({ leader }) => leader).length, 1);
        for (const { id, name } of seen)
            assert.equal(nodes.find((node) => node.name === name)?.nodeId, id, `node id of ${name}`);
        return seen;
    }

    /** Checks that nothing of the stack is left on the machine. */
    async assertGone(): Promise<void> {
        const docker = dockerClient();
        const filters = { label: [`io.skep.stack=${this.lab.stack}`] };
        assert.equal((await docker.listContainers({ all: true, filters })).length, 0);
        assert.equal((await docker.listVolumes({ filters })).Volumes.length, 0);
        assert.equal((await docker.listNetworks({ filters })).length, 0);
    }

    /** Destroys the stack, and checks that it takes less than a minute and leaves nothing. */
    async destroy(): Promise<void> {
        const began = Date.now();
        await this.lab.skep("destroy", "--yes");
        const seconds = Math.round((Date.now() - began) / 1000);
        await this.assertGone();
        console.log(`      destroyed in ${seconds} s`);
        assert.ok(seconds < 60, `destroy took ${seconds} s`);
    }

    /** Runs a command on the first manager that answers. */
    private async onAManager(command: string): Promise<string> {
        let last: unknown;
        for (const { name } of (await this.nodes()).filter(({ role }) => role === "manager"))
            try {
                return await this.lab.on(name, command);
            } catch (error) {
                last = error;
            }
        throw last;
    }
}

const MEMBERS =
    "docker node inspect $(docker node ls -q) --format '{{.ID}} {{.Description.Hostname}} {{.Status.State}} " +
    "{{.Spec.Availability}} {{.Spec.Labels.availability_zone}}{{with .ManagerStatus}} {{.Reachability}} {{.Leader}}{{end}}'";
