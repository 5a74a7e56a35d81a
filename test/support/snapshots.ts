// Snapshots of a swarm that does not exist, for tests of what is shown of one.

import type { SwarmNode, SwarmService, SwarmTask } from "../../planning/engine-api";
import type { HostSight, Snapshot } from "../../planning/snapshot";

export const AT = Date.parse("2026-01-02T03:04:05Z");

/** A host that is well, in the zone of its number. */
export function sight(name: string, zone: string, change: Partial<HostSight> = {}): HostSight {
    const isManager = name.startsWith("manager");
    const member = {
        state: "active",
        nodeId: `id-${name}`,
        isManager,
        clusterId: "c",
        remoteManagers: [],
        error: "",
        hostname: name,
    };
    return {
        name,
        role: isManager ? "manager" : "worker",
        zone,
        address: "10.0.0.1",
        nodeId: `id-${name}`,
        engine: {
            version: "29.8.1",
            storage: "overlay2",
            member: member as NonNullable<HostSight["engine"]>["member"],
            cpus: 2,
            memoryBytes: 4e9,
            containersRunning: 1,
        },
        shell: {
            clockOffsetMs: 0,
            clockErrorMs: 1,
            load: 0.5,
            memory: { totalKib: 1000, freeKib: 750 },
            disk: { totalKib: 100e6, freeKib: 40e6 },
        },
        problems: [],
        ...change,
    };
}

/** The member of the swarm that a host is. */
export function node({ name, role, zone }: HostSight, availability = "active", leader = false): SwarmNode {
    return {
        ID: `id-${name}`,
        Version: { Index: 1 },
        Spec: { Role: role, Availability: availability as "active", Labels: { availability_zone: zone } },
        Description: { Hostname: name },
        Status: { State: "ready" },
        ...(role === "manager" && { ManagerStatus: { Leader: leader, Reachability: "reachable" } }),
    };
}

/** A replica of the service web. */
export function task(
    slot: number,
    host: string,
    state = "running",
    change: Partial<SwarmTask> = {},
): SwarmTask {
    return {
        ID: `task-${slot}-${host}-${state}`,
        ServiceID: "web",
        Slot: slot,
        NodeID: host && `id-${host}`,
        DesiredState: "running",
        Spec: { ContainerSpec: { Image: "web:1@sha256:0" } },
        Status: { State: state, Timestamp: new Date(AT - 20_000).toISOString() },
        ...change,
    };
}

const WEB = {
    ID: "web",
    Spec: {
        Name: "sample_web",
        Mode: { Replicated: { Replicas: 2 } },
        TaskTemplate: { ContainerSpec: { Image: "web:1@sha256:0" } },
    },
} as unknown as SwarmService;

/** Three managers and a worker in three zones, with two replicas of web: on manager-2 and on worker-1. */
export function snapshot(
    tasks: readonly SwarmTask[] = [task(1, "manager-2"), task(2, "worker-1")],
    change: {
        hosts?: readonly HostSight[];
        nodes?: readonly SwarmNode[];
        swarm?: undefined;
        at?: number;
    } = {},
): Snapshot {
    const hosts = change.hosts ?? [
        sight("manager-1", "zone-a"),
        sight("manager-2", "zone-b"),
        sight("manager-3", "zone-c"),
        sight("worker-1", "zone-a"),
    ];
    const nodes = change.nodes ?? hosts.map((host) => node(host, "active", host.name === "manager-1"));
    const seen = { id: "c", from: "manager-1", autolock: true, nodes, services: [WEB], tasks, now: AT };
    const problems = [{ id: "SWARM_UNREACHABLE" as const, problem: "No manager answers.", advice: "" }];
    return {
        at: change.at ?? AT,
        hosts,
        ...("swarm" in change ? { swarmProblems: problems } : { swarm: seen, swarmProblems: [] }),
        registry: { server: "registry:5000", asked: true, problems: [] },
    };
}
