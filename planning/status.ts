// What a snapshot of a swarm means: its nodes, its quorum, its stacks, and what is not as it should be. No I/O.
import type { SwarmNode, SwarmService, SwarmTask } from "./engine-api";
import { engineEnd } from "./engine-life";
import { type Finding, inOrder } from "./finding";
import type { Availability } from "./members";
import { memberOf } from "./membership";
import { type Quorum, quorumAmong, undecided } from "./quorum";
import { allowedNodes, takesTasks } from "./places";
import type { Role } from "./placement";
import type { HostSight, Snapshot, SwarmSight } from "./snapshot";
import { findingsOf, stackOf } from "./status-findings";
import { upstream } from "./versions";

/** The label of the nodes that the registry may run on. */
export const REGISTRY_LABEL = "registry";

/** What the settings say of a swarm, beside what a snapshot has. */
export interface Wanted {
    /** The names of Skep's own stacks. */
    stacks: readonly string[];
    /** The availability that the settings ask for, by node name; undefined if the settings could not be read. */
    availability?: Readonly<Record<string, Availability>>;
    /** From which age in seconds the last backup is worth a warning; undefined if the settings could not be read. */
    backupSeconds?: number;
}

/**
 * How a manager's key file is kept: `sealed` by the unlock key while its engine works, `locked` while its engine waits for
 * that key, `open` without it. `none` for workers, `unknown` if the host did not say.
 */
export type Lock = "sealed" | "locked" | "open" | "none" | "unknown";

/** One member of the swarm or host of the stack. A field that nobody could say is null. */
export interface NodeStatus {
    name: string;
    zone: string | null;
    address: string | null;
    nodeId: string;
    role: {
        /** What the last `up` made it; null for a member that is no host of the stack. */
        wanted: Role | null;
        found: Role | null;
        leader: boolean;
    };
    /** What the managers say of it, such as `ready` or `down`. */
    state: string | null;
    availability: { wanted: Availability | null; found: Availability | null };
    /** Whether this machine reaches the host or its engine. */
    reached: boolean;
    lock: Lock;
    engine: { version: string; endOfLife: string | null; containerd: string | null; storage: string } | null;
    disk: { totalKib: number; freeKib: number } | null;
    /** When the swarm's certificate of this node ends. */
    certificateEnd: string | null;
    /** The load of the last minute, and the share of memory in use from 0 to 1. */
    load: { processes: number; cpus: number | null; memory: number } | null;
    /** How many tasks run on it. */
    tasks: number | null;
}

export interface ServiceStatus {
    name: string;
    /** The image without its digest, and the digest; null if the service names none. */
    image: string;
    digest: string | null;
    running: number;
    wanted: number;
    /** How many tasks run in each zone. */
    zones: Record<string, number>;
}

export interface StackStatus {
    /** Empty for services that belong to no stack. */
    name: string;
    owner: "skep" | "user";
    running: number;
    wanted: number;
    services: ServiceStatus[];
}

/** What `status` shows. */
export interface Status {
    at: string;
    /** The manager that was asked; null if none answered. */
    from: string | null;
    nodes: NodeStatus[];
    quorum: Quorum;
    /** Null if no manager answered. */
    stacks: StackStatus[] | null;
    registry: { server: string; state: "answers" | "off" | "silent" | "unknown" };
    /** When the last backup was finished; null if none was made, or if no manager answered. */
    lastBackup: string | null;
    findings: Finding[];
}

/** The meaning of a snapshot. */
export function statusOf(snapshot: Snapshot, wanted: Wanted): Status {
    const { swarm, registry } = snapshot;
    const hosts = snapshot.hosts.map((host) => nodeStatus(host, memberFor(host, swarm), swarm, wanted));
    const strangers = (swarm?.nodes ?? []).filter(
        ({ ID }) => !snapshot.hosts.some(({ nodeId }) => nodeId === ID),
    );
    const nodes = [...hosts, ...strangers.map((node) => strangerStatus(node, swarm))];
    const quorum = quorumOf(snapshot);
    const stacks = swarm ? stacksOf(snapshot, swarm, wanted) : null;
    return {
        at: new Date(snapshot.at).toISOString(),
        from: swarm?.from ?? null,
        nodes,
        quorum,
        stacks,
        registry: { server: registry.server, state: registryState(snapshot) },
        lastBackup: swarm?.lastBackup ?? null,
        findings: inOrder(findingsOf(snapshot, nodes, quorum, wanted)),
    };
}

function memberFor({ nodeId }: HostSight, swarm: SwarmSight | undefined): SwarmNode | undefined {
    return swarm?.nodes.find(({ ID }) => ID === nodeId);
}

function nodeStatus(
    { name, role, zone, address, nodeId, engine, shell }: HostSight,
    node: SwarmNode | undefined,
    swarm: SwarmSight | undefined,
    { availability }: Wanted,
): NodeStatus {
    const isMember = engine?.member.state === "active";
    // Without a manager, the engine itself knows whether it manages.
    const own = isMember ? (engine.member.isManager ? "manager" : "worker") : null;
    const version = engine?.version ?? node?.Description?.Engine?.EngineVersion;
    const memory = shell && shell.memory.totalKib > 0 ? 1 - shell.memory.freeKib / shell.memory.totalKib : 0;
    return {
        ...{ name, zone, address, nodeId },
        role: {
            wanted: role,
            found: node?.Spec.Role ?? own,
            leader: node?.ManagerStatus?.Leader ?? false,
        },
        state: swarm ? (node?.Status?.State ?? "no member") : null,
        availability: { wanted: availability?.[name] ?? null, found: node?.Spec.Availability ?? null },
        reached: engine !== undefined || shell !== undefined,
        lock: lockOf(node?.Spec.Role ?? own ?? role, engine?.member.state, shell?.sealed),
        engine: version
            ? {
                  version: upstream(version),
                  endOfLife: engineEnd(version) ?? null,
                  containerd: engine?.containerd ? upstream(engine.containerd) : null,
                  storage: engine?.storage ?? "",
              }
            : null,
        disk: shell?.disk ?? null,
        certificateEnd: shell?.certificate?.to ?? null,
        load: shell ? { processes: shell.load, cpus: engine?.cpus ?? null, memory } : null,
        tasks: swarm ? swarm.tasks.filter((task) => isUp(task) && task.NodeID === nodeId).length : null,
    };
}

function strangerStatus(node: SwarmNode, swarm: SwarmSight | undefined): NodeStatus {
    const { ID, Description, Status } = node;
    const host: HostSight = {
        ...{ name: Description?.Hostname || ID, nodeId: ID, role: node.Spec.Role },
        ...{ zone: "", address: Status?.Addr ?? "", problems: [] },
    };
    const shown = nodeStatus(host, node, swarm, { stacks: [] });
    const zone = node.Spec.Labels?.availability_zone ?? null;
    return { ...shown, zone, role: { ...shown.role, wanted: null }, lock: "unknown" };
}

function lockOf(role: Role, state: string | undefined, sealed: boolean | undefined): Lock {
    if (state === "locked") return "locked";
    if (role === "worker") return "none";
    return sealed === undefined ? "unknown" : sealed ? "sealed" : "open";
}

/** The quorum as the managers see it; without one that answers, as their engines do. */
function quorumOf({ hosts, swarm }: Snapshot): Quorum {
    if (swarm) return quorumAmong(swarm.nodes.map(memberOf));
    const managers = hosts.filter(({ role }) => role === "manager");
    const active = managers.filter(
        ({ engine }) => engine?.member.state === "active" && engine.member.isManager,
    );
    return undecided(managers.length, active.length);
}

function stacksOf(
    { hosts }: Snapshot,
    { services, tasks, nodes }: SwarmSight,
    wanted: Wanted,
): StackStatus[] {
    // A stack of Skep's that has no service any more is shown too.
    const names = new Set([...wanted.stacks, ...services.map(stackOf).sort()]);
    return [...names].map((name): StackStatus => {
        const own = services
            .filter((service) => stackOf(service) === name)
            .map((service) => serviceStatus(service, tasks, nodes, hosts))
            .sort((one, other) => one.name.localeCompare(other.name));
        const sum = (pick: (service: ServiceStatus) => number) => own.reduce((n, each) => n + pick(each), 0);
        return {
            name,
            owner: wanted.stacks.includes(name) ? "skep" : "user",
            running: sum(({ running }) => running),
            wanted: sum((service) => service.wanted),
            services: own,
        };
    });
}

function serviceStatus(
    service: SwarmService,
    tasks: readonly SwarmTask[],
    nodes: readonly SwarmNode[],
    hosts: readonly HostSight[],
): ServiceStatus {
    const { Name, Mode, TaskTemplate } = service.Spec;
    const up = tasks.filter((task) => task.ServiceID === service.ID && isUp(task));
    const zones: Record<string, number> = {};
    for (const { NodeID } of up) {
        const label = nodes.find(({ ID }) => ID === NodeID)?.Spec.Labels?.availability_zone;
        const zone = hosts.find(({ nodeId }) => nodeId === NodeID)?.zone ?? label ?? "?";
        zones[zone] = (zones[zone] ?? 0) + 1;
    }
    const [image = "", digest] = (TaskTemplate.ContainerSpec?.Image ?? "").split("@");
    const replicas = Mode?.Replicated?.Replicas ?? Mode?.ReplicatedJob?.TotalCompletions;
    const wanted = replicas ?? allowedNodes(service, nodes.filter(takesTasks)).length;
    return { name: Name, image, digest: digest ?? null, running: up.length, wanted, zones };
}

function isUp({ DesiredState, Status }: SwarmTask): boolean {
    return DesiredState === "running" && Status?.State === "running";
}

function registryState({ registry, swarm }: Snapshot): Status["registry"]["state"] {
    if (!registry.asked || !swarm) return "unknown";
    if (registry.problems.length > 0) return "silent";
    const isOn = swarm.nodes.some(
        (node) => node.Spec.Labels?.[REGISTRY_LABEL] === "true" && takesTasks(node),
    );
    return isOn ? "answers" : "off";
}
