// In which order engines change, which services keep a host from being drained, and what a rollout does on a swarm in
// memory.

import assert from "node:assert/strict";
import fc from "fast-check";
import { engineRollout } from "../../providers/swarm/engine-rollout";
import type { SwarmService } from "../../planning/engine-api";
import { DAEMON_JSON } from "../../planning/daemon-json";
import {
    batches,
    type AtOnce,
    nextBatch,
    planLine,
    type RolloutHost,
    secondsFor,
    workersAtOnce,
} from "../../planning/rollout";
import { drainRefused, leastOf, MIN_AVAILABLE, tolls } from "../../planning/spare";
import { noConnection } from "../../swarm/failures";
import { rollOut, type RolloutMember } from "../../swarm/rollout";
import { inAskedSteps } from "../../cli/commands/asked-rollout";
import type { Outcome } from "../../cli/pulumi/operate";
import type { ProgramArgs } from "../../program";
import { FakeWorld } from "../support/fake-swarm";

const anyHost = fc.record({
    zone: fc.constantFrom("a", "b", "c"),
    role: fc.constantFrom("manager" as const, "worker" as const),
    isLeader: fc.constant(false),
    work: fc.constantFrom(
        undefined,
        "hold" as const,
        "reload" as const,
        "restart" as const,
        "packages" as const,
    ),
});
const anyHosts = fc.array(anyHost, { maxLength: 12 }).chain((hosts) =>
    fc.nat({ max: 11 }).map((leader) =>
        hosts.map((host, i): RolloutHost => {
            const isLeader = i === leader && host.role === "manager";
            return { ...host, name: `host-${i}`, isLeader };
        }),
    ),
);
const anyShare: fc.Arbitrary<AtOnce> = fc.oneof(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 100 }).map((share): AtOnce => `${share}%`),
);

describe("The order of a rollout", () => {
    it("reaches each host that is due once, and no other", () => {
        fc.assert(
            fc.property(anyHosts, anyShare, (hosts, atOnce) => {
                const due = hosts.filter(({ work }) => work !== undefined).map(({ name }) => name);
                const reached = batches(hosts, atOnce)
                    .flat()
                    .map(({ name }) => name);
                assert.deepEqual([...reached].sort(), [...due].sort());
            }),
        );
    });

    it("has managers alone, the leader as the last of them, and all workers after them", () => {
        fc.assert(
            fc.property(anyHosts, anyShare, (hosts, atOnce) => {
                const order = batches(hosts, atOnce).filter(([first]) => first?.work !== "hold");
                const managers = order.filter(([first]) => first?.role === "manager");
                assert.ok(managers.every((batch) => batch.length === 1));
                assert.deepEqual(order.slice(0, managers.length), managers);
                const leader = managers.findIndex(([first]) => first?.isLeader);
                assert.ok(leader === -1 || leader === managers.length - 1);
            }),
        );
    });

    it("has no more workers at once than asked, and never two zones", () => {
        fc.assert(
            fc.property(anyHosts, anyShare, (hosts, atOnce) => {
                const workers = hosts.filter(({ role }) => role === "worker").length;
                for (const batch of batches(hosts, atOnce)) {
                    if (batch[0]?.role !== "worker" || batch[0].work === "hold") continue;
                    assert.equal(new Set(batch.map(({ zone }) => zone)).size, 1);
                    const most = typeof atOnce === "number" ? atOnce : (workers * parseInt(atOnce, 10)) / 100;
                    assert.ok(batch.length === 1 || batch.length <= most);
                }
            }),
        );
    });

    it("takes a share as its whole part, and one at least", () => {
        assert.equal(workersAtOnce("20%", 10), 2);
        assert.equal(workersAtOnce("20%", 14), 2);
        assert.equal(workersAtOnce("1%", 10), 1);
        assert.equal(workersAtOnce("100%", 7), 7);
        assert.equal(workersAtOnce(3, 1), 3);
    });

    it("is said in one line, with what moves and about how long it takes", () => {
        const host = (name: string, role: "manager" | "worker", isLeader = false): RolloutHost => ({
            name,
            role,
            zone: "a",
            isLeader,
            work: "packages",
        });
        const hosts = [
            host("manager-1", "manager", true),
            host("manager-2", "manager"),
            host("worker-1", "worker"),
            host("worker-2", "worker"),
        ];
        assert.equal(
            planLine(batches(hosts, 2), { "manager-1": 2, "worker-2": 3 }),
            "manager-2, manager-1 (leader), worker-1 + worker-2; 5 tasks move; about 2 min",
        );
    });

    it("is over when every host is as it should be, and takes longer the more is due", () => {
        const host: RolloutHost = { name: "a", zone: "a", role: "worker", isLeader: false };
        assert.deepEqual(nextBatch([host], 1), []);
        const due = { ...host, work: "packages" as const };
        assert.ok(secondsFor(batches([due, { ...due, name: "b" }], 1)) > secondsFor(batches([due], 1)));
    });
});

describe("A service and a drain", () => {
    const node = (id: string) => ({
        ID: id,
        Version: { Index: 1 },
        Spec: { Role: "worker" as const, Availability: "active" as const },
        Description: { Hostname: id },
        Status: { State: "ready" as const },
    });
    const service = (
        replicas: number,
        more: object = {},
        labels: Record<string, string> = {},
    ): SwarmService =>
        ({
            ID: "s",
            Spec: {
                Name: "web",
                Labels: labels,
                Mode: { Replicated: { Replicas: replicas } },
                TaskTemplate: {},
                ...more,
            },
        }) as unknown as SwarmService;
    const on = (...nodes: string[]) =>
        nodes.map((NodeID) => ({
            ServiceID: "s",
            NodeID,
            DesiredState: "running",
            Status: { State: "running" },
        }));
    const view = (one: SwarmService, tasks: string[], nodes = ["a", "b", "c"]) => ({
        services: [one],
        tasks: on(...tasks),
        nodes: nodes.map(node),
        draining: ["a"],
    });

    it("spares as many tasks as it updates at once, or as its label says", () => {
        assert.equal(leastOf(service(3)), 2);
        assert.equal(leastOf(service(3, { UpdateConfig: { Parallelism: 2 } })), 1);
        assert.equal(leastOf(service(3, { UpdateConfig: { Parallelism: 0 } })), 0);
        assert.equal(leastOf(service(3, {}, { [MIN_AVAILABLE]: "3" })), 3);
        assert.equal(leastOf(service(3, {}, { [MIN_AVAILABLE]: "9" })), 3);
        assert.equal(leastOf(service(3, {}, { [MIN_AVAILABLE]: "many" })), 2);
        assert.equal(leastOf(service(1)), 0);
    });

    it("go together if enough tasks run elsewhere", () => {
        assert.deepEqual(
            tolls(view(service(3), ["a", "b", "c"])).map(({ way, elsewhere }) => [way, elsewhere]),
            [["drain", 2]],
        );
        assert.deepEqual(tolls(view(service(3), ["b", "c"])), []);
    });

    it("need the service to move first if it has too many tasks there", () => {
        assert.equal(tolls(view(service(3), ["a", "a", "b"]))[0]?.way, "move");
        const firstStart = service(1, { UpdateConfig: { Order: "start-first" } }, { [MIN_AVAILABLE]: "1" });
        assert.equal(tolls(view(firstStart, ["a"]))[0]?.way, "move");
    });

    it("do not go together if the service can be nowhere else, and the reason names it", () => {
        const problemOf = (one: SwarmService, tasks: string[], nodes?: string[]) => {
            const [problem, ...more] = drainRefused(view(one, tasks, nodes));
            assert.equal(more.length, 0);
            assert.equal(problem?.id, "SERVICE_CANNOT_SPARE");
            return problem.problem;
        };
        const all = { [MIN_AVAILABLE]: "2" };
        const pinned = service(2, { TaskTemplate: { Placement: { Constraints: ["node.id == a"] } } }, all);
        assert.match(problemOf(pinned, ["a", "a"]), /^web needs 2 .*no other node .* meets its constraints/);
        const limited = service(2, { TaskTemplate: { Placement: { MaxReplicas: 1 } } }, all);
        assert.match(problemOf(limited, ["a", "b"], ["a", "b"]), /room for 1 of 2 \(max_replicas_per_node\)/);
        const ports = { Ports: [{ PublishMode: "host" }] };
        const published = { UpdateConfig: { Order: "start-first" }, EndpointSpec: ports };
        assert.match(
            problemOf(service(3, published, { [MIN_AVAILABLE]: "3" }), ["a", "b", "c"]),
            /port taken/,
        );
        assert.match(problemOf(service(3, {}, { [MIN_AVAILABLE]: "3" }), ["a", "b", "c"]), /stop-first/);
    });
});

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
        if (command === `sudo -n cat ${DAEMON_JSON}`) return said(this.daemon.get(name)!);
        if (command.startsWith("sudo -n cat")) return { code: 1, stdout: "", stderr: "" };
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
        if (this.broken === name)
            return { code: 1, stdout: "", stderr: "skep: ENGINE_SILENT: The engine did not answer." };
        const drained = this.cluster.members.get(this.world.at(name).nodeId)?.spec.Availability;
        if (this.stubborn !== name) this.has.set(name, value("DOCKER_VERSION"));
        this.done.push(`${name} installed, ${drained}`);
        this.world.at(name).restart();
        return said('{"mesh": false, "esp": false}');
    }

    run(more: object = {}, daemon = {}) {
        const { world } = this;
        const members = world.hosts.map(({ name, host, nodeId }): RolloutMember => {
            const role = name.startsWith("manager") ? ("manager" as const) : ("worker" as const);
            // One zone: there is no data path to try.
            return { host, role, zone: "a", nodeId, packages: NEW, user: "skep" };
        });
        return rollOut({
            swarm: world.swarm(MANAGERS, this.cluster.id, 1000),
            members,
            repository: { url: "https://mirror.example", fingerprint: "A" },
            daemon,
            settings: { workersAtOnce: 1, soakSeconds: 0, pauseSeconds: 0, ...more },
        });
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

    it("begins nothing in a swarm that has lost a manager", async () => {
        const hosts = new Hosts();
        const run = hosts.run;
        hosts.world.at("manager-3").isUp = false;
        await assert.rejects(
            run.call(hosts),
            /ROLLOUT_UNWELL: The swarm is not well, so no engine was changed/,
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
