// Takes a snapshot of a swarm: asks each host for what only it knows, and one manager for the rest. All are asked at once,
// so a host that hangs delays the snapshot by its own time limit and by nothing else.
import { type Problem, SkepError } from "../errors";
import { membershipOf } from "../planning/adoption";
import { spanOf } from "../planning/certificates";
import { foreignKeys } from "../planning/daemon-json";
import type { EngineInfo } from "../planning/engine-api";
import { LAST_BACKUP } from "../planning/recovery/archives";
import type { EngineSight, HostSight, ShellSight, Snapshot, SwarmSight } from "../planning/snapshot";
import type { Expected, PlacedHost } from "./checks/check";
import { registry } from "./checks/registry";
import { type Host, PROBE_MS } from "./host";
import { hostScript, unpacked } from "./scripts";
import type { Swarm } from "./swarm";

/** How long a look waits for a manager that answers. A snapshot shows what is so now, so it waits out no election. */
const MANAGER_MS = 3000;

/** Asks these hosts and their swarm. Never throws because of a host: what it cannot see is part of the snapshot. */
export async function takeSnapshot(
    swarm: Swarm,
    hosts: readonly PlacedHost[],
    expected: Expected,
): Promise<Snapshot> {
    const at = Date.now();
    const asked = swarm.during({ patienceMs: MANAGER_MS });
    const [sights, seen, usable] = await Promise.all([
        Promise.all(hosts.map((host) => hostSight(host, swarm.ctx.signal))),
        orProblems(swarmSight(asked)),
        orProblems(registry.run(asked, expected)),
    ]);
    const { server } = expected.registry;
    return {
        at,
        hosts: sights,
        ...("value" in seen ? { swarm: seen.value, swarmProblems: [] } : { swarmProblems: seen.problems }),
        registry: {
            server,
            asked: "value" in usable,
            problems: "value" in usable ? usable.value : usable.problems,
        },
    };
}

/** What the host's engine and shell say, or why they say nothing. */
export async function hostSight(placed: PlacedHost, signal: AbortSignal): Promise<HostSight> {
    const { host, role, zone, nodeId } = placed;
    const { name, address } = host;
    const [engine, shell] = await Promise.all([
        orProblems(engineSight(host)),
        orProblems(look(host, signal)),
    ]);
    const problems = [engine, shell].flatMap((each) => ("problems" in each ? each.problems : []));
    return {
        ...{ name, role, zone, address, nodeId },
        ...("value" in engine && { engine: engine.value }),
        ...("value" in shell && { shell: shell.value }),
        // A host that cannot be reached gives the same reason twice.
        problems: [...new Map(problems.map((problem) => [problem.id, problem])).values()],
    };
}

interface Info extends EngineInfo {
    ServerVersion?: string;
    Driver?: string;
    NCPU?: number;
    MemTotal?: number;
    ContainersRunning?: number;
}

async function engineSight(host: Host): Promise<EngineSight> {
    type Version = { Components?: { Name: string; Version: string }[] };
    const [info, version] = await Promise.all([
        host.call<Info>("GET", "/info", { timeoutMs: PROBE_MS }),
        host.call<Version>("GET", "/version", { timeoutMs: PROBE_MS }),
    ]);
    const containerd = version.Components?.find(({ Name }) => Name === "containerd")?.Version;
    return {
        version: info.ServerVersion ?? "",
        ...(containerd && { containerd }),
        storage: info.Driver ?? "",
        member: membershipOf(info, host.name),
        cpus: info.NCPU ?? 0,
        memoryBytes: info.MemTotal ?? 0,
        containersRunning: info.ContainersRunning ?? 0,
    };
}

/** What look.sh prints. */
interface Looked {
    now: number;
    load: number;
    memory: ShellSight["memory"];
    disk: ShellSight["disk"] | null;
    /** In base 64. */
    certificate: string | null;
    sealed: boolean | null;
    raftKib: number | null;
    reserve: ShellSight["reserve"] | null;
    /** In base 64; empty if the host need not reboot. */
    reboot: string;
    /** daemon.json and the record of Skep's keys, in base 64; empty where there is none. */
    daemon: string;
    record: string;
}

async function look(host: Host, signal: AbortSignal): Promise<ShellSight> {
    const began = Date.now();
    const found = await host.script<Looked>(
        hostScript("data-root", "look"),
        {},
        { signal, timeoutMs: PROBE_MS },
    );
    const tookMs = Date.now() - began;
    const certificate = found.certificate === null ? undefined : spanOf(unpacked(found.certificate));
    return {
        clockOffsetMs: Math.round(found.now - (began + tookMs / 2)),
        clockErrorMs: Math.round(tookMs / 2),
        load: found.load,
        memory: found.memory,
        ...(found.disk && { disk: found.disk }),
        ...(certificate && { certificate }),
        ...(found.sealed !== null && { sealed: found.sealed }),
        ...(found.raftKib !== null && { raftKib: found.raftKib }),
        ...(found.reserve && { reserve: found.reserve }),
        ...(found.reboot && { reboot: unpacked(found.reboot) }),
        // Only names of keys: a value may be a secret.
        ownKeys: foreignKeys({ daemon: unpacked(found.daemon), record: unpacked(found.record) }),
    };
}

async function swarmSight(swarm: Swarm): Promise<SwarmSight> {
    const { name: from } = await swarm.manager();
    const [{ ID: id, Spec }, nodes, services, tasks, now] = await Promise.all([
        swarm.inspect(),
        swarm.members(),
        swarm.services({}),
        swarm.tasks({}),
        swarm.clock(),
    ]);
    const autolock = Spec.EncryptionConfig?.AutoLockManagers ?? false;
    const lastBackup = Spec.Labels?.[LAST_BACKUP];
    return { id, from, autolock, lastBackup, nodes, services, tasks, now };
}

/** The value, or what kept it away. A bug still throws. */
export async function orProblems<T>(
    work: Promise<T>,
): Promise<{ value: T } | { problems: readonly Problem[] }> {
    try {
        return { value: await work };
    } catch (error) {
        if (error instanceof SkepError) return { problems: error.problems };
        throw error;
    }
}

/** What each of some hosts said, and the names of those that said nothing. */
export interface Asked<T> {
    found: { host: Host; value: T }[];
    silent: string[];
}

/** Asks all hosts at once. One that does not answer keeps no other from its answer. */
export async function askEach<T>(
    hosts: readonly PlacedHost[],
    ask: (placed: PlacedHost) => Promise<T>,
): Promise<Asked<T>> {
    const answers = await Promise.all(
        hosts.map(async (placed) => ({ host: placed.host, said: await orProblems(ask(placed)) })),
    );
    return {
        found: answers.flatMap(({ host, said }) => ("value" in said ? [{ host, value: said.value }] : [])),
        silent: answers.flatMap(({ host, said }) => ("value" in said ? [] : [host.name])),
    };
}
