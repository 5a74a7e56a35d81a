// Settings of the swarm as a whole, in its own specification: how to set those that the user gives, and how they are. What
// the user does not give stays as it is. No I/O.

import type { SwarmInfo } from "./engine-api";

/** The swarm's specification, as far as settings concern it. */
export type SwarmSpec = SwarmInfo["Spec"];

/** What the swarm should do. */
export interface SwarmWishes {
    /** The number of ended tasks that the swarm keeps for each replica. */
    taskHistory?: number;
    /** The number of entries of the managers' log between two snapshots. */
    snapshotInterval?: number;
    /** How often a node reports to the managers, in seconds. */
    heartbeat?: number;
    /** How long a node's certificate lasts, in seconds. */
    certificateExpiry?: number;
}

const NANOSECONDS = 1e9;

/** The specification with what is asked for; the same object if it is so already. */
export function withWishes(spec: SwarmSpec, wishes: SwarmWishes): SwarmSpec {
    const { taskHistory, snapshotInterval, heartbeat, certificateExpiry } = wishes;
    if (Object.keys(differing(spec, wishes)).length === 0) return spec;
    return {
        ...spec,
        ...(taskHistory !== undefined && {
            Orchestration: { ...spec.Orchestration, TaskHistoryRetentionLimit: taskHistory },
        }),
        ...(snapshotInterval !== undefined && { Raft: { ...spec.Raft, SnapshotInterval: snapshotInterval } }),
        ...(heartbeat !== undefined && {
            Dispatcher: { ...spec.Dispatcher, HeartbeatPeriod: heartbeat * NANOSECONDS },
        }),
        ...(certificateExpiry !== undefined && {
            CAConfig: { ...spec.CAConfig, NodeCertExpiry: certificateExpiry * NANOSECONDS },
        }),
    };
}

/** How the swarm is, of those settings that are asked for. */
export function settingsIn(spec: SwarmSpec, wishes: SwarmWishes): SwarmWishes {
    const all: Required<SwarmWishes> = {
        taskHistory: spec.Orchestration?.TaskHistoryRetentionLimit ?? 0,
        snapshotInterval: spec.Raft?.SnapshotInterval ?? 0,
        heartbeat: (spec.Dispatcher?.HeartbeatPeriod ?? 0) / NANOSECONDS,
        certificateExpiry: (spec.CAConfig?.NodeCertExpiry ?? 0) / NANOSECONDS,
    };
    return pick(all, (key) => wishes[key] !== undefined);
}

function differing(spec: SwarmSpec, wishes: SwarmWishes): SwarmWishes {
    const now = settingsIn(spec, wishes);
    return pick(wishes, (key) => wishes[key] !== undefined && wishes[key] !== now[key]);
}

function pick(from: SwarmWishes, isWanted: (key: keyof SwarmWishes) => boolean): SwarmWishes {
    return Object.fromEntries(Object.entries(from).filter(([key]) => isWanted(key as keyof SwarmWishes)));
}
