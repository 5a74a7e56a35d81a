// A service, its tasks and its nodes as engines list them, for tests.

import { shortfalls, standing, type StackView } from "../../planning/convergence";
import type { SwarmNode, SwarmService, SwarmTask } from "../../planning/engine-api";

export const NOW = Date.parse("2026-11-26T12:00:00Z");
export const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
export const TEMPLATE = { ContainerSpec: { Image: "web:2" } };

type More = Partial<Omit<SwarmService["Spec"], "TaskTemplate">> & { template?: object; status?: object };
export const service = ({ template, status, ...more }: More = {}): SwarmService => ({
    ID: "s",
    Spec: {
        Name: "lab_web",
        Mode: { Replicated: { Replicas: 2 } },
        TaskTemplate: { ...TEMPLATE, ...template },
        ...more,
    },
    ...(status && { UpdateStatus: status }),
});
export const task = (Slot: number, State: string, more: SwarmTask = {}): SwarmTask => ({
    ServiceID: "s",
    Slot,
    NodeID: "n1",
    DesiredState: State === "running" ? "running" : "shutdown",
    Spec: TEMPLATE,
    Status: { State, Timestamp: ago(600) },
    ...more,
});
export const node = (ID: string, more: Partial<SwarmNode["Spec"]> = {}, State = "ready"): SwarmNode => ({
    ID,
    Version: { Index: 1 },
    Spec: { Role: "worker", Availability: "active", Labels: {}, ...more },
    Description: { Hostname: `host-${ID}` },
    Status: { State: State as "ready" },
});
export const NODES = [node("n1"), node("n2")];
export const view = (of: SwarmService, tasks: readonly SwarmTask[], nodes = NODES): StackView => ({
    services: [of],
    tasks,
    nodes,
    now: NOW,
});
export const stands = (of: SwarmService, tasks: readonly SwarmTask[], nodes = NODES) =>
    standing(of, view(of, tasks, nodes));
export const lacking = (of: SwarmService, tasks: readonly SwarmTask[], nodes = NODES) =>
    shortfalls(view(of, tasks, nodes)).lab_web;
