// What a rollout does on a swarm in memory.

import assert from "node:assert/strict";
import { inAskedSteps } from "../../cli/commands/asked-rollout";
import type { Outcome } from "../../cli/pulumi/operate";
import type { ProgramArgs } from "../../program";
import { engineRollout } from "../../providers/swarm/engine-rollout";
import { DAEMON_JSON } from "../../planning/daemon-json";
import { MIN_AVAILABLE } from "../../planning/spare";
import { noConnection } from "../../swarm/failures";
import { rollOut } from "../../swarm/rollout";
import { planRollout, type RolloutMember } from "../../swarm/rollout-look";
import { FakeWorld } from "../support/fake-swarm";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const WORKERS = ["worker-1", "worker-2"];
const NEW = { "docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:28.5.2-1", "containerd.io": "1.7.28-1" };

/** A swarm on Docker 26.1.5 whose hosts take part in a rollout: their shells answer as a host's would. */
class Hosts {
    readonly world = new FakeWorld([...MANAGERS, ...WORKERS]);
    readonly cluster = this.world.standing(MANAGERS, WORKERS);
    readonly has = new Map(this.world.hosts.map(({ name }) => [name, "5:26.1.5-1"]));
    readonly daemon = new Map(this.world.hosts.map(({ name }) => [name, "{}"]));
    /** What happened, in order. */
    readonly done: string[] = [];
    /** The engine of this host stays what it was. */
    stubborn = "";
    /** Fails the installation on this host. */
    broken = "";

    constructor() {
        for (const host of this.world.hosts) {
            const { call } = host;
            host.call = async <T>(method: string, path: string, options?: object): Promise<T> =>
                path === "/version" && host.isUp
                    ? ({ Version: this.has.get(host.name)!.slice(2, 8) } as T)
                    : call.call<typeof host, [string, string, object?], Promise<T>>(
                          host,
                          method,
                          path,
                          options,
                      );
            host.exec = (command: string, { stdin = "" }: { stdin?: string } = {}) =>
                host.isUp
                    ? Promise.resolve(this.answer(host.name, command, String(stdin)))
                    : Promise.reject(
                          noConnection(host.name, host.address, new Error("connect ECONNREFUSED")),
                      );
        }
    }

    private answer(name: string, command: string, stdin: string) {
        const said = (stdout: string) => ({ code: 0, stdout, stderr: "" });
        if (command.includes("dpkg-query")) {
            const version = this.has.get(name)!;
            const containerd = version === NEW["docker-ce"] ? NEW["containerd.io"] : "1.7.24-1";
            return said(
                `docker-ce ${version} hold installed\ndocker-ce-cli ${version} hold installed\ncontainerd.io ${containerd} hold installed\n`,
            );
        }
        if (command.includes(`cat ${DAEMON_JSON}`)) return said(this.daemon.get(name)!);
        if (command.includes("cat ")) return said("");
        const value = (key: string) => new RegExp(`${key}='?([^'\\n]*)`).exec(stdin)?.[1] ?? "";
        if (stdin.includes("DAEMON=")) {
            this.daemon.set(name, Buffer.from(value("DAEMON"), "base64").toString());
            this.done.push(`${name} settings${value("RELOAD") === "yes" ? " reloaded" : ""}`);
            return said("{}");
        }
        if (value("DOWNLOAD") === "yes") {
            this.done.push(`${name} fetched`);
            return said("{}");
        }
        if (this.daemon.get(name)!.includes("bad")) {
            this.world.at(name).restart();
            return { code: 1, stdout: "", stderr: "skep: ENGINE_SILENT: The engine does not start." };
        }
        if (this.broken === name)
            return { code: 1, stdout: "", stderr: "skep: ENGINE_SILENT: The engine did not answer." };
        const drained = this.cluster.members.get(this.world.at(name).nodeId)?.spec.Availability;
        if (this.stubborn !== name) this.has.set(name, value("DOCKER_VERSION"));
        this.done.push(`${name} installed, ${drained}`);
        this.world.at(name).restart();
        return said('{"mesh": false, "esp": false}');
    }

    run(more: object = {}, daemon = {}) {
        return rollOut(this.args(more, daemon));
    }

    args(more: object = {}, daemon = {}) {
        const { world } = this;
        const members = world.hosts.map(({ name, host, nodeId }): RolloutMember => {
            const role = name.startsWith("manager") ? ("manager" as const) : ("worker" as const);
            // One zone: there is no data path to try.
            return { host, role, zone: "a", nodeId, packages: NEW, user: "skep" };
        });
        return {
            swarm: world.swarm(MANAGERS, this.cluster.id, 1000),
            members,
            repository: { url: "https://mirror.example", fingerprint: "A" },
            daemon,
            settings: { workersAtOnce: 1, soakSeconds: 0, pauseSeconds: 0, ...more },
        };
    }
}

describe("A rollout", function () {
    this.timeout(60_000);

    it("fetches packages everywhere, then changes one drained host after another, and opens locked managers", async () => {
        const hosts = new Hosts();
        const { due } = await hosts.run();
        assert.deepEqual(due, []);
        const fetched = hosts.done.filter((line) => line.endsWith("fetched"));
        assert.equal(fetched.length, 5);
        assert.deepEqual(hosts.done.slice(0, 5), fetched);
        assert.deepEqual(hosts.done.slice(5), [
            "manager-2 installed, drain",
            "manager-3 installed, drain",
            "manager-1 installed, drain",
            "worker-1 installed, drain",
            "worker-2 installed, drain",
        ]);
        for (const { spec, host } of hosts.cluster.members.values()) {
            assert.equal(spec.Availability, "active");
            assert.equal(host.isLocked, false);
        }
    });

    it("stops at a host that fails, names it, leaves the others, and goes on from there", async () => {
        const hosts = new Hosts();
        hosts.broken = "manager-3";
        await assert.rejects(hosts.run(), (error: Error) => {
            assert.match(error.message, /ENGINE_SILENT/);
            assert.match(
                error.message,
                /ROLLOUT_STOPPED: The rollout stopped at manager-3\. manager-1, worker-1 and worker-2 are as before/,
            );
            return true;
        });
        const old = [...hosts.has].filter(([, version]) => version === "5:26.1.5-1").map(([name]) => name);
        assert.deepEqual(old, ["manager-1", "manager-3", "worker-1", "worker-2"]);
        hosts.broken = "";
        hosts.done.length = 0;
        await hosts.run();
        assert.ok(!hosts.done.some((line) => line.startsWith("manager-2")));
        assert.ok([...hosts.has.values()].every((version) => version === NEW["docker-ce"]));
    });

    it("gives an engine that does not start with new settings its former ones, opens it, and stops", async () => {
        const hosts = new Hosts();
        for (const name of hosts.has.keys()) hosts.has.set(name, NEW["docker-ce"]);
        await assert.rejects(hosts.run({}, { "log-driver": "bad" }), /ENGINE_SILENT.*ROLLOUT_STOPPED/s);
        assert.deepEqual([...new Set(hosts.daemon.values())], ["{}"]);
        const manager = hosts.world.at("manager-2");
        assert.equal(manager.isLocked, false);
        assert.equal(hosts.cluster.members.get(manager.nodeId)?.spec.Availability, "active");
        assert.deepEqual(
            hosts.done.filter((line) => line.includes("installed")),
            ["manager-2 installed, drain"],
        );
    });

    it("begins nothing in a swarm that has lost a manager", async () => {
        const hosts = new Hosts();
        const run = hosts.run;
        hosts.world.at("manager-3").isUp = false;
        await assert.rejects(
            run.call(hosts),
            /ROLLOUT_UNWELL: The swarm is not well, so no host was touched/,
        );
        assert.deepEqual(hosts.done, []);
    });

    it("does nothing twice to a host that stays as it was, and says what it has", async () => {
        const hosts = new Hosts();
        hosts.stubborn = "manager-2";
        await assert.rejects(
            hosts.run(),
            /ENGINE_OTHER: The engine of manager-2 is not as it should be .*: docker-ce 5:26\.1\.5-1, .*ROLLOUT_STOPPED/s,
        );
        assert.equal(hosts.done.filter((line) => line.startsWith("manager-2 installed")).length, 1);
    });

    it("begins nothing while a worker is away, though all other hosts are due", async () => {
        const hosts = new Hosts();
        hosts.world.at("worker-1").isUp = false;
        await assert.rejects(hosts.run(), /NODE_NOT_READY: The node worker-1 .*ROLLOUT_UNWELL/s);
        assert.deepEqual(hosts.done, []);
    });

    it("refuses a version that nobody has gone back to, before anything is touched", async () => {
        const hosts = new Hosts();
        for (const name of hosts.has.keys()) hosts.has.set(name, "5:29.8.1-1");
        const old = { ...NEW, "docker-ce": "5:20.10.24-1", "docker-ce-cli": "5:20.10.24-1" };
        const args = hosts.args();
        const back = { ...args, members: args.members.map((member) => ({ ...member, packages: old })) };
        await assert.rejects(rollOut(back), /ENGINE_DOWNGRADE/);
        await assert.rejects(planRollout(back), /ENGINE_DOWNGRADE/);
        assert.deepEqual(hosts.done, []);
    });

    it("is planned: in which order, and which service cannot spare a host", async () => {
        const hosts = new Hosts();
        const { services, tasks } = hosts.cluster;
        await planRollout(hosts.args());
        assert.match(
            hosts.world.said.join(),
            /order: manager-2, manager-3, manager-1 \(leader\), worker-1, worker-2; 0 tasks move/,
        );
        const Spec = {
            Name: "db",
            Labels: { [MIN_AVAILABLE]: "1" },
            Mode: { Replicated: { Replicas: 1 } },
            TaskTemplate: { Placement: { Constraints: ["node.hostname == worker-1"] } },
        };
        services.push({ ID: "db", Spec } as (typeof services)[number]);
        tasks.push({
            ServiceID: "db",
            NodeID: hosts.world.at("worker-1").nodeId,
            DesiredState: "running",
            Status: { State: "running" },
        });
        await assert.rejects(planRollout(hosts.args()), /SERVICE_CANNOT_SPARE: db needs 1 running task/);
        assert.deepEqual(hosts.done, []);
    });

    it("leaves hosts as they are that it is not to change, and looks at them all the same", async () => {
        const hosts = new Hosts();
        const args = hosts.args();
        const some = args.members.map((member) =>
            member.host.name === "worker-2" ? member : { ...member, packages: undefined },
        );
        await rollOut({ ...args, members: some });
        assert.deepEqual(
            hosts.done.filter((line) => line.includes("installed")),
            ["worker-2 installed, drain"],
        );
    });

    it("ends after as many steps as it may take, and says which hosts are left", async () => {
        const hosts = new Hosts();
        const { due } = await hosts.run({ most: 2 });
        assert.deepEqual(due, ["manager-1", "worker-1", "worker-2"]);
    });

    it("asks after its first host or after each where the settings say so, and a no leaves the others", async () => {
        const upOf = (confirm: string, answers: boolean[]) => {
            const args = { settings: { upgrade: { confirm } } } as unknown as ProgramArgs;
            const steps: (number | undefined)[] = [];
            let left = 3;
            const up = () => {
                steps.push(args.rolloutSteps);
                left -= args.rolloutSteps ?? left;
                const paused = left > 0 ? [{ id: "ROLLOUT_PAUSED" as const }] : [];
                return Promise.resolve({ steps: [], changes: {}, left: paused } as unknown as Outcome);
            };
            const asks = (): Promise<boolean> => Promise.resolve(answers.shift() ?? false);
            return { steps, run: () => inAskedSteps(args, up, asks) };
        };
        for (const [confirm, answers, steps] of [
            ["none", [], [undefined]],
            ["first", [true], [1, undefined]],
            ["first", [false], [1]],
            ["each", [true, true], [1, 1, 1]],
            ["each", [true, false], [1, 1]],
        ] as const) {
            const asked = upOf(confirm, [...answers]);
            await asked.run();
            assert.deepEqual(asked.steps, steps);
        }
    });

    it("drains nobody for settings that an engine reads again", async () => {
        const hosts = new Hosts();
        for (const name of hosts.has.keys()) hosts.has.set(name, NEW["docker-ce"]);
        await hosts.run({}, { debug: true });
        assert.deepEqual(
            hosts.done.sort(),
            [...hosts.has.keys()].map((name) => `${name} settings reloaded`).sort(),
        );
    });

    it("is no owner of hosts that it does not name", () => {
        assert.deepEqual(engineRollout.drift?.({ differing: {} }, {}), []);
        assert.deepEqual(engineRollout.drift?.({ differing: { "worker-1": ["debug"] } }, {}), ["daemon"]);
    });
});
