// Updates, modes and ports of a service that a swarm cannot carry out.
import { type Node, type Scalar } from "yaml";
import { at, type Notes, numberAt, textAt } from "./nodes";
import type { Port, PublishMode } from "./types";

/** A service, as far as its deployment is concerned. */
export interface Deployed {
    name: string;
    key: Scalar;
    service: Node;
    ports: readonly { port: Port; node: Node }[];
}

/** What surrounds the service. */
export interface Ground {
    publish: PublishMode;
    nodes?: number;
}

/** Notes what can never be deployed or updated. */
export function checkDeployment(deployed: Deployed, ground: Ground, notes: Notes): void {
    checkMode(deployed, notes);
    checkEndpoint(deployed, ground, notes);
    for (const which of ["update_config", "rollback_config"]) checkOrder(deployed, which, ground, notes);
}

function checkMode({ name, service }: Deployed, notes: Notes): void {
    const mode = textAt(service, "deploy", "mode") ?? "replicated";
    const replicas = at(service, "deploy", "replicas");
    if (replicas && mode.startsWith("global"))
        notes.problem(
            replicas,
            `services.${name}.deploy.replicas goes with mode replicated: a global service has a task on every node`,
        );
    if ((numberAt(service, "deploy", "replicas") ?? 0) < 0)
        notes.problem(replicas, `services.${name}.deploy.replicas is below 0`);
    const most = at(service, "deploy", "placement", "max_replicas_per_node");
    if (most && mode.startsWith("global"))
        notes.problem(
            most,
            `services.${name}.deploy.placement.max_replicas_per_node goes with mode replicated: a global service has one task on a node`,
        );
    if (at(service, "healthcheck", "test") && textAt(service, "healthcheck", "disable") === "true")
        notes.problem(at(service, "healthcheck"), `services.${name}.healthcheck has a test, and is disabled`);
}

/** Without virtual IPs there is nothing that the mesh could lead to. */
function checkEndpoint({ name, service, ports }: Deployed, { publish }: Ground, notes: Notes): void {
    const mode = at(service, "deploy", "endpoint_mode");
    if (publish !== "mesh" || textAt(service, "deploy", "endpoint_mode") !== "dnsrr") return;
    if (ports.some(({ port }) => port.mode === "ingress"))
        notes.problem(
            mode,
            `services.${name}: with endpoint_mode dnsrr, ports need mode: host; the mesh publishes virtual IPs only`,
        );
}

/**
 * A start-first update needs room for one more task before the first one ends. A node has one port of a number, and no
 * task above the service's limit: where all are taken, the update waits for ever (moby/moby#41364, moby/moby#40797).
 */
function checkOrder(deployed: Deployed, which: string, ground: Ground, notes: Notes): void {
    const { name, service, ports } = deployed;
    const order = at(service, "deploy", which, "order");
    if (textAt(service, "deploy", which, "order") !== "start-first") return;
    const byNodes = ports.some(
        ({ port }) => port.published !== undefined && (ground.publish === "host" || port.mode === "host"),
    );
    const global = textAt(service, "deploy", "mode") === "global";
    const most = numberAt(service, "deploy", "placement", "max_replicas_per_node") ?? 0;
    const perNode = byNodes ? 1 : most;
    if (perNode === 0) return;
    const replicas = numberAt(service, "deploy", "replicas") ?? 1;
    // Where the number of nodes is not known, only ports are refused: they are what is mostly full.
    const full =
        ground.nodes === undefined ? byNodes : replicas >= perNode * ground.nodes || (global && byNodes);
    if (!full) return;
    const reason = byNodes
        ? "its ports are published by the nodes, and a port of a node is free only when the old task has ended"
        : `max_replicas_per_node leaves no room for a further task on ${ground.nodes} nodes`;
    notes.problem(
        order,
        `services.${name}.deploy.${which}: a start-first update can never begin: ${reason}; write order: stop-first${byNodes ? "" : ", or fewer replicas"}`,
    );
}

/** Notes ports that two services want from the mesh: the swarm gives each once. */
export function checkMeshPorts(all: readonly Deployed[], { publish }: Ground, notes: Notes): void {
    const taken = new Map<string, string>();
    if (publish !== "mesh") return;
    for (const { name, ports } of all)
        for (const { port, node } of ports) {
            if (port.mode !== "ingress" || port.published === undefined) continue;
            const id = `${port.published}/${port.protocol}`;
            const owner = taken.get(id);
            if (owner !== undefined && owner !== name)
                notes.problem(node, `services.${name}.ports: ${owner} publishes ${id} already`);
            taken.set(id, owner ?? name);
        }
}
