// The nodes that swarm may place a service's tasks on, by the rules of its scheduler. No I/O.
import type { SwarmNode, SwarmService } from "./engine-api";

/** Whether swarm starts tasks on the node now: it is ready, and neither paused nor drained. */
export function takesTasks({ Spec, Status }: SwarmNode): boolean {
    return Spec.Availability === "active" && Status?.State === "ready";
}

/** The nodes that the service's placement constraints allow, whatever their state. */
export function allowedNodes({ Spec }: SwarmService, nodes: readonly SwarmNode[]): SwarmNode[] {
    const constraints = (Spec.TaskTemplate.Placement?.Constraints ?? []).map(parse);
    return nodes.filter((node) => constraints.every((constraint) => isMet(constraint, node)));
}

/** How many tasks of the service fit on these nodes by its limit for each node. */
export function roomOn({ Spec }: SwarmService, nodes: readonly SwarmNode[]): number {
    const most = Spec.TaskTemplate.Placement?.MaxReplicas || Number.POSITIVE_INFINITY;
    return nodes.length === 0 ? 0 : nodes.length * most;
}

interface Constraint {
    key: string;
    isEqual: boolean;
    value: string;
}

function parse(text: string): Constraint {
    const [, key = "", operator, value = ""] = /^\s*(.*?)\s*(==|!=)\s*(.*?)\s*$/.exec(text) ?? [];
    return { key, isEqual: operator === "==", value };
}

/** Swarm compares without regard to upper and lower case, and takes a label that a node lacks for an empty one. */
function isMet({ key, isEqual, value }: Constraint, node: SwarmNode): boolean {
    const found = valueOf(node, key);
    if (found === undefined) return false;
    return (found.toLowerCase() === value.toLowerCase()) === isEqual;
}

/** The node's value for a constraint's key; undefined for a key that swarm does not know. */
function valueOf({ ID, Spec, Description, Status }: SwarmNode, key: string): string | undefined {
    const [, kind = "", label = ""] = /^(node|engine)\.labels\.(.+)$/i.exec(key) ?? [];
    if (kind.toLowerCase() === "node") return Spec.Labels?.[label] ?? "";
    if (kind.toLowerCase() === "engine") return Description?.Engine?.Labels?.[label] ?? "";
    const known: Record<string, string | undefined> = {
        "node.id": ID,
        "node.hostname": Description?.Hostname ?? "",
        "node.ip": Status?.Addr ?? "",
        "node.role": Spec.Role,
        "node.platform.os": Description?.Platform?.OS ?? "",
        "node.platform.arch": Description?.Platform?.Architecture ?? "",
    };
    return known[key.toLowerCase()];
}
