// Reboots of hosts one after another, on a swarm in memory.

import assert from "node:assert/strict";
import { reboot } from "../../cli/commands/reboot";
import { MIN_AVAILABLE } from "../../planning/spare";
import { rebootInTurn } from "../../swarm/reboot";
import { FakeWorld } from "../support/fake-swarm";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const WORKERS = ["worker-1", "worker-2"];

/** A locked swarm whose hosts reboot when they are asked to. */
class Hosts {
    readonly world = new FakeWorld([...MANAGERS, ...WORKERS]);
    readonly cluster = this.world.standing(MANAGERS, WORKERS);
    readonly boots = new Map(this.world.hosts.map(({ name }) => [name, 1]));
    /** What happened, in order. */
    readonly done: string[] = [];
    /** On this host, another script of Skep's is at work. */
    busy = "";

    constructor() {
        for (const host of this.world.hosts) {
            const { name, exec } = host;
            host.exec = async (command, options) => {
                const stdin = String(options?.stdin ?? "");
                if (!stdin.includes("boot_id")) return exec(command, options);
                const said = { code: 0, stdout: JSON.stringify({ boot: this.boots.get(name) }), stderr: "" };
                if (!/^export MODE='reboot'/m.test(stdin)) return said;
                if (name === this.busy)
                    return { code: 1, stdout: "", stderr: "skep: HOST_BUSY: Another script works." };
                const { Availability } = this.cluster.members.get(host.nodeId)!.spec;
                this.done.push(`${name}, ${Availability}`);
                this.boots.set(name, this.boots.get(name)! + 1);
                host.restart();
                return said;
            };
        }
    }

    run(...names: string[]) {
        const members = this.world.hosts.map(({ name, host, nodeId }) => ({
            ...{ host, nodeId },
            role: name.startsWith("manager") ? ("manager" as const) : ("worker" as const),
            // One zone: there is no data path to try.
            zone: "a",
        }));
        return rebootInTurn(this.world.swarm(MANAGERS, this.cluster.id, 1000), members, names);
    }
}

describe("Reboots", function () {
    this.timeout(60_000);

    it("come to one drained host after another, the leader last of the managers, and open locked ones", async () => {
        const hosts = new Hosts();
        const order = ["manager-2", "manager-3", "manager-1", "worker-1"];
        assert.deepEqual(await hosts.run("worker-1", ...MANAGERS), order);
        assert.deepEqual(
            hosts.done,
            order.map((name) => `${name}, drain`),
        );
        for (const { spec, host } of hosts.cluster.members.values()) {
            assert.equal(spec.Availability, "active");
            assert.equal(host.isLocked, false);
        }
    });

    it("stop at a host that fails, name it, and leave the others", async () => {
        const hosts = new Hosts();
        hosts.busy = "manager-3";
        await assert.rejects(
            hosts.run(...MANAGERS, "worker-1"),
            /HOST_BUSY.*ROLLOUT_STOPPED: The rollout stopped at manager-3\. manager-1 and worker-1 are as before/s,
        );
        assert.deepEqual(hosts.done, ["manager-2, drain"]);
        const { spec } = hosts.cluster.members.get(hosts.world.at("manager-3").nodeId)!;
        assert.equal(spec.Availability, "active");
    });

    it("do not begin in a swarm that is not well, or where a service cannot spare a host", async () => {
        const unwell = new Hosts();
        unwell.world.at("worker-2").isUp = false;
        await assert.rejects(
            unwell.run("worker-1"),
            /ROLLOUT_UNWELL: The swarm is not well, so no host was touched/,
        );
        assert.deepEqual(unwell.done, []);

        const needed = new Hosts();
        const Spec = {
            Name: "db",
            Labels: { [MIN_AVAILABLE]: "1" },
            Mode: { Replicated: { Replicas: 1 } },
            TaskTemplate: { Placement: { Constraints: ["node.hostname == worker-1"] } },
        };
        const { services, tasks } = needed.cluster;
        services.push({ ID: "db", Spec } as (typeof services)[number]);
        tasks.push({
            ServiceID: "db",
            NodeID: needed.world.at("worker-1").nodeId,
            DesiredState: "running",
            Status: { State: "running" },
        });
        await assert.rejects(needed.run("worker-2", "worker-1"), /SERVICE_CANNOT_SPARE: db needs/);
        assert.deepEqual(needed.done, []);
    });

    it("are of hosts that are named, or of those that need it, and never of both", async () => {
        const options = { stack: "test-nothing" };
        await assert.rejects(reboot([], options), /REBOOT_WHICH: No host is named/);
        await assert.rejects(
            reboot(["worker-1"], { ...options, needed: true }),
            /REBOOT_WHICH: Hosts are named/,
        );
    });
});
