// What status says of a swarm: from the snapshot to the text, the JSON and the exit code.

import assert from "node:assert/strict";
import { statusText } from "../../cli/commands/status";
import { EXIT_CODES } from "../../errors/problem-group";
import { containerdEnd, engineEnd } from "../../planning/engine-life";
import { lookCode, strictly } from "../../planning/finding";
import type { HostSight, Snapshot } from "../../planning/snapshot";
import { type Status, statusOf, type Wanted } from "../../planning/status";
import type { Expected } from "../../swarm/checks/check";
import { takeSnapshot } from "../../swarm/snapshot";
import { FakeWorld } from "../support/fake-swarm";
import { assertMatches } from "../support/schema";

const AT = Date.parse("2026-11-26T12:00:00Z");
const SPAN = { from: "2026-11-20T00:00:00.000Z", to: "2027-02-18T00:00:00.000Z" };
const DIGEST = `sha256:${"ab".repeat(32)}`;
const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const GONE = {
    id: "HOST_UNREACHABLE",
    problem: "manager-3 cannot be reached.",
    advice: "Start it.",
} as const;
const WANTED: Wanted = { stacks: ["registry"], availability: {} };

/** A host that is well, with what differs. */
function host(name: string, zone: string, more: Partial<HostSight> = {}): HostSight {
    const role = name.startsWith("manager") ? "manager" : "worker";
    const isManager = role === "manager";
    const member = { state: "active", nodeId: name, isManager, clusterId: "c", hostname: name } as const;
    return {
        ...{ name, role, zone, address: "10.0.0.1", nodeId: name, problems: [] },
        engine: {
            ...{ version: "29.10.0", containerd: "2.3.4", storage: "overlay2", cpus: 2, memoryBytes: 4e9 },
            ...{ containersRunning: 1, member: { ...member, remoteManagers: [] } },
        },
        shell: {
            ...{ clockOffsetMs: 0, clockErrorMs: 10, load: 0.5, memory: { totalKib: 4e6, freeKib: 3e6 } },
            ...{ disk: { totalKib: 4e7, freeKib: 3e7 }, certificate: SPAN },
            ...(isManager && { sealed: true, raftKib: 125_000 }),
            ownKeys: [],
        },
        ...more,
    };
}

/** Three managers and a worker with the registry on it, all well. `change` gets the snapshot before it is read. */
function seen(change: (snapshot: Snapshot) => void = () => undefined, wanted = WANTED): Status {
    const names = ["manager-1", "manager-2", "manager-3", "worker-1"];
    const hosts = names.map((name, i) => host(name, ZONES[i % 3]!));
    const template = { ContainerSpec: { Image: `r:5000/registry:3@${DIGEST}` } };
    const snapshot: Snapshot = {
        at: AT,
        hosts,
        swarmProblems: [],
        registry: { server: "r:5000", asked: true, problems: [] },
        swarm: {
            ...{ id: "c", from: "manager-1", autolock: true, now: AT },
            nodes: hosts.map(({ name, role, zone }) => ({
                ...{ ID: name, Version: { Index: 1 }, Status: { State: "ready" } },
                Spec: {
                    ...{ Role: role, Availability: "active" },
                    Labels: { availability_zone: zone, ...(role === "worker" && { registry: "true" }) },
                },
                Description: { Hostname: name },
                ...(role === "manager" && {
                    ManagerStatus: { Leader: name === "manager-1", Reachability: "reachable" },
                }),
            })),
            services: [
                {
                    ID: "s",
                    Spec: {
                        ...{ Name: "registry_registry", Mode: { Replicated: { Replicas: 1 } } },
                        ...{ Labels: { "com.docker.stack.namespace": "registry" }, TaskTemplate: template },
                    },
                },
            ],
            tasks: [
                {
                    ...{ ServiceID: "s", Slot: 1, NodeID: "worker-1", DesiredState: "running" },
                    ...{ Spec: template, Status: { State: "running" } },
                },
            ],
        },
    };
    change(snapshot);
    return statusOf(snapshot, wanted);
}

type Nodes = { Status: object; Spec: { Role: string; Availability: string }; ManagerStatus?: object }[];
const nodesOf = (snapshot: Snapshot) => snapshot.swarm!.nodes as unknown as Nodes;
const setHost = (snapshot: Snapshot, at: number, more: Partial<HostSight>) =>
    Object.assign(snapshot.hosts[at]!, more);
const silent = { engine: undefined, shell: undefined, problems: [GONE] };
const idsOf = ({ findings }: Status) => findings.map(({ id, severity }) => `${severity} ${id}`);

describe("Status", () => {
    it("says how old the last backup is, and warns when it is older than the settings allow", () => {
        const made = (daysAgo: number) => (snapshot: Snapshot) =>
            void (snapshot.swarm!.lastBackup = new Date(AT - daysAgo * 86_400_000).toISOString());
        const wanted = { ...WANTED, backupSeconds: 7 * 86_400 };
        const found = (status: Status) => status.findings.filter(({ id }) => id === "BACKUP_OLD");
        const old = seen(made(8), wanted);
        assert.deepEqual(
            found(old).map(({ severity, problem }) => [severity, problem]),
            [["warning", "The last backup was made 8 d ago."]],
        );
        assert.ok(statusText(old, "dev").includes("Last backup: 8 d ago"));
        assert.deepEqual(found(seen(made(6), wanted)), []);
        assert.deepEqual(found(seen(undefined, wanted)), []);
        assert.ok(statusText(seen(), "dev").includes("Last backup: none was made"));
    });

    it("finds nothing in a swarm that is well, and says so within 80 columns", () => {
        const well = seen();
        assert.deepEqual(well.findings, []);
        assert.equal(lookCode(well.findings), EXIT_CODES.done);
        const text = statusText(well, "dev");
        assert.match(text.join("\n"), /Managers: 3 of 3, can lose 1; manager-1 leads/);
        assert.match(text.join("\n"), /registry \* +registry +1\/1 +1 +\. +\. +abababababab registry:3/);
        assert.match(text.join("\n"), /TASKS +a +b +c +IMAGE/);
        assert.match(text.join("\n"), /Nothing to report\./);
        assert.deepEqual(
            text.filter((line) => line.length > 80),
            [],
        );
    });

    it("prints what its schema says, whatever is wrong", () => {
        const lost = (snapshot: Snapshot) => {
            delete snapshot.swarm;
            for (const at of [0, 1]) setHost(snapshot, at, silent);
        };
        for (const each of [seen(), seen(lost)]) assertMatches("status", { stack: "dev", ...each });
    });

    it("ends with 4 for a host that cannot be looked at, whose node it names once", () => {
        const one = seen((snapshot) => {
            setHost(snapshot, 2, silent);
            nodesOf(snapshot)[2]!.Status = { State: "down" };
            nodesOf(snapshot)[2]!.ManagerStatus = { Reachability: "unreachable" };
        });
        assert.deepEqual(idsOf(one), ["error HOST_UNREACHABLE", "warning QUORUM_AT_RISK"]);
        assert.equal(one.quorum.text, "2 of 3, can lose 0");
        assert.equal(lookCode(one.findings), EXIT_CODES.host);
    });

    it("ends with 5 without a majority, also where an old leader still answers", () => {
        const lost = seen((snapshot) => {
            delete snapshot.swarm;
            for (const at of [1, 2]) setHost(snapshot, at, silent);
            Object.assign(snapshot, { swarmProblems: [{ ...GONE, id: "SWARM_UNREACHABLE" }] });
        });
        assert.equal(lost.quorum.text, "1 of 3, no majority: needs 2");
        assert.equal(lookCode(lost.findings), EXIT_CODES.swarm);
        assert.equal(lost.stacks, null);
        assert.match(statusText(lost, "dev").join("\n"), /Stacks: not known, because no manager answers/);
        const late = seen((snapshot) => {
            for (const at of [1, 2]) nodesOf(snapshot)[at]!.ManagerStatus = { Reachability: "unreachable" };
        });
        assert.deepEqual(idsOf(late), ["error QUORUM_LOST"]);
        assert.equal(late.quorum.text, "1 of 3, no majority: needs 2");
        const leaderless = seen((snapshot) => {
            nodesOf(snapshot)[0]!.ManagerStatus = { Reachability: "reachable" };
        });
        assert.deepEqual(idsOf(leaderless), ["error NO_LEADER"]);
    });

    it("names a locked manager, and one that is not sealed", () => {
        const locked = seen((snapshot) => {
            const { engine } = snapshot.hosts[1]!;
            setHost(snapshot, 1, { engine: { ...engine!, member: { ...engine!.member, state: "locked" } } });
            nodesOf(snapshot)[1]!.Status = { State: "down" };
        });
        assert.deepEqual(idsOf(locked), ["error MANAGER_LOCKED"]);
        assert.equal(locked.nodes[1]!.lock, "locked");
        const open = seen((snapshot) => {
            setHost(snapshot, 1, { shell: { ...snapshot.hosts[1]!.shell!, sealed: false } });
        });
        assert.deepEqual(idsOf(open), ["error LOCK_OPEN"]);
    });

    it("takes a drain that the settings ask for as a warning, and any other as an error", () => {
        const drain = (snapshot: Snapshot) => void (nodesOf(snapshot)[0]!.Spec.Availability = "drain");
        const asked = seen(drain, { ...WANTED, availability: { "manager-1": "drain" } });
        assert.deepEqual(idsOf(asked), ["warning NODE_AWAY"]);
        assert.equal(lookCode(asked.findings), EXIT_CODES.done);
        assert.equal(lookCode(strictly(asked.findings, true)), EXIT_CODES.swarm);
        assert.deepEqual(idsOf(seen(drain)), ["error NODE_DIFFERS"]);
        const demoted = (snapshot: Snapshot) => void (nodesOf(snapshot)[3]!.Spec.Role = "manager");
        assert.deepEqual(idsOf(seen(demoted)), ["error NODE_DIFFERS"]);
    });

    it("takes what users' stacks lack as a warning, and what Skep's lack as an error", () => {
        const stopped = (snapshot: Snapshot) => Object.assign(snapshot.swarm!, { tasks: [] });
        assert.deepEqual(idsOf(seen(stopped)), ["error STACK_NOT_RUNNING"]);
        assert.deepEqual(idsOf(seen(stopped, { stacks: [] })), ["warning STACK_NOT_RUNNING"]);
        const both = seen(undefined, { stacks: ["registry", "sample"] });
        assert.match(both.findings[0]!.problem, /^The stack sample has no services\.$/);
    });

    it("names the keys of daemon.json that others wrote, as a warning", () => {
        const own = seen((snapshot) => {
            Object.assign(snapshot.hosts[3]!, { shell: { ...snapshot.hosts[3]!.shell!, ownKeys: ["mtu"] } });
        });
        assert.deepEqual(idsOf(own), ["warning ENGINE_KEYS_KEPT"]);
        assert.match(own.findings[0]!.problem, /^daemon\.json of worker-1 has keys .*: mtu\.$/);
    });

    it("warns of a host that has to reboot, and of a manager whose disk is four fifths full or has lost its reserve", () => {
        const needs = seen((snapshot) => {
            const { shell } = snapshot.hosts[3]!;
            const reboot = "upgraded packages ask for it: linux-image-amd64";
            setHost(snapshot, 3, { shell: { ...shell!, reboot, disk: { totalKib: 1e9, freeKib: 1.9e8 } } });
        });
        assert.deepEqual(idsOf(needs), ["warning REBOOT_NEEDED"]);
        assert.equal(
            needs.findings[0]!.problem,
            "worker-1 has to reboot: upgraded packages ask for it: linux-image-amd64.",
        );
        const low = seen((snapshot) => {
            const { shell } = snapshot.hosts[0]!;
            const reserve = { wantedKib: 262_144, foundKib: 0 };
            setHost(snapshot, 0, { shell: { ...shell!, reserve, disk: { totalKib: 1e9, freeKib: 1.9e8 } } });
        });
        assert.deepEqual(idsOf(low), ["warning DISK_LOW", "warning RESERVE_GONE"]);
        assert.match(
            low.findings[1]!.problem,
            /^The reserve of 256 MiB on the disk of manager-1 is not there\.$/,
        );
    });

    it("warns of engines without fixes, full disks, certificates that end, and clocks that differ", () => {
        const old = seen((snapshot) => {
            const { engine, shell } = snapshot.hosts[3]!;
            const version = { ...engine!, version: "26.1.5+dfsg1", containerd: "1.7.24~ds1" };
            const ends = { from: "2026-09-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z" };
            const full = { totalKib: 4e7, freeKib: 4e6 };
            const late = { ...shell!, clockOffsetMs: -9000, certificate: ends, disk: full, raftKib: 2e6 };
            setHost(snapshot, 3, { engine: version, shell: late });
        });
        const life = "warning ENGINE_END_OF_LIFE";
        const differ = "warning ENGINES_DIFFER";
        const rest = [
            "warning DISK_LOW",
            "warning RAFT_LARGE",
            "warning CERTIFICATE_ENDS",
            "warning CLOCK_SKEW",
        ];
        assert.deepEqual(idsOf(old), [life, life, differ, differ, ...rest]);
        const bad = seen((snapshot) => {
            const over = { ...SPAN, to: "2026-11-25T00:00:00.000Z" };
            const full = { totalKib: 4e7, freeKib: 1000 };
            setHost(snapshot, 3, { shell: { ...snapshot.hosts[3]!.shell!, certificate: over, disk: full } });
        });
        assert.deepEqual(idsOf(bad), ["error DISK_FULL", "error CERTIFICATE_OVER"]);
    });

    it("shows a member that is no host of the stack", () => {
        const ghost = seen((snapshot) => {
            const node = { ...snapshot.swarm!.nodes[3]!, ID: "ghost", Description: { Hostname: "old-1" } };
            Object.assign(snapshot.swarm!, { nodes: [...snapshot.swarm!.nodes, node] });
        });
        assert.deepEqual(idsOf(ghost), ["warning MEMBER_UNKNOWN"]);
        assert.equal(ghost.nodes.at(-1)!.role.wanted, null);
    });

    it("knows until when engines get fixes, and calls what is newer than its table alive", () => {
        const ends = [
            "20.10.24",
            "24.0.7",
            "26.1.5+dfsg1",
            "27.5.1",
            "28.5.2",
            "29.10.0",
            "31.0.0",
            "dev",
        ].map(engineEnd);
        const dead = ["2023-12-10", "2025-02-17", "2025-02-17", "2025-05-03", "2026-05-13"];
        assert.deepEqual(ends, [...dead, undefined, undefined, undefined]);
        assert.deepEqual(["1.6.20", "1.7.24~ds1", "2.3.1", "2.9.0"].map(containerdEnd), [
            ...["2026-09-01", "2026-09-01", "2028-04-30", undefined],
        ]);
    });
});

describe("A snapshot", function () {
    this.timeout(20_000);
    const LOOKED = JSON.stringify({
        ...{ now: Date.now(), load: 0.1, memory: { totalKib: 10, freeKib: 5 }, disk: null },
        ...{ certificate: null, sealed: true, raftKib: 7, record: btoa('["log-opts"]') },
        daemon: btoa('{"debug": true, "log-opts": {"splunk-token": "t0ken"}}'),
    });
    const names = ["manager-1", "manager-2", "manager-3"];

    async function take(change: (world: FakeWorld) => void) {
        const world = new FakeWorld(names);
        const cluster = world.standing(names);
        for (const fake of world.hosts) fake.exec = async () => ({ code: 0, stdout: LOOKED, stderr: "" });
        const hosts = world.hosts.map(({ host, nodeId }, i) => {
            return { host, nodeId, zone: ZONES[i]!, role: "manager" as const };
        });
        change(world);
        const login = { server: "r:5000", username: "skep", password: "secret" };
        const expected: Expected = { hosts, stacks: [], registry: login, unlockKey: "", certificates: {} };
        return takeSnapshot(world.swarm(names, cluster.id), hosts, expected);
    }

    it("has what hosts and a manager say, and no secret", async () => {
        const snapshot = await take(() => undefined);
        assert.deepEqual(snapshot.hosts[0]!.shell?.raftKib, 7);
        assert.deepEqual(snapshot.hosts[0]!.shell?.ownKeys, ["debug"]);
        assert.equal(snapshot.swarm?.nodes.length, 3);
        assert.doesNotMatch(JSON.stringify(snapshot), /secret|t0ken|key of|JoinTokens/);
    });

    it("says of a host that is down why, and of the others what they are", async () => {
        const snapshot = await take((world) => {
            world.at("manager-3").isUp = false;
            world.at("manager-3").exec = async () => ({ code: 1, stdout: "", stderr: "gone" });
            world.at("manager-2").restart();
        });
        const [first, second, third] = snapshot.hosts;
        assert.deepEqual(
            third!.problems.map(({ id }) => id),
            ["HOST_UNREACHABLE", "HOST_SCRIPT"],
        );
        assert.equal(third!.engine, undefined);
        assert.equal(second!.engine?.member.state, "locked");
        assert.equal(first!.engine?.member.state, "active");
        // One of three managers is left.
        assert.equal(snapshot.swarm, undefined);
        assert.deepEqual(
            snapshot.swarmProblems.map(({ id }) => id),
            ["SWARM_UNREACHABLE"],
        );
        assert.equal(snapshot.registry.asked, false);
    });
});
