// Whether a service's tasks are spread over its nodes as evenly as possible. No I/O.
import type { SwarmNode, SwarmService, SwarmTask } from "./engine-api";

/** A node that may take tasks. */
export interface SpreadNode {
    id: string;
    /** What the service's preferences see in it, the first preference first: its zone, say. */
    groups: readonly string[];
}

/**
 * True when one task fewer in one place and one more in another, which has room, would be more even: first between the
 * groups of the first preference, then within each of them, between nodes in the end. The scheduler balances in the same
 * order, but only what it starts: tasks that run stay where they are (moby/moby#24103).
 */
export function isUneven(
    tasks: readonly string[],
    nodes: readonly SpreadNode[],
    mostPerNode = Number.POSITIVE_INFINITY,
    depth = 0,
): boolean {
    const groups = grouped(nodes, depth).map((members) => {
        const count = tasks.filter((node) => members.some(({ id }) => id === node)).length;
        return { members, count, hasRoom: count < members.length * mostPerNode };
    });
    const fullest = Math.max(...groups.map(({ count }) => count));
    const emptiest = Math.min(...groups.filter(({ hasRoom }) => hasRoom).map(({ count }) => count));
    if (fullest - emptiest > 1) return true;
    return groups.some(
        ({ members }) => members.length > 1 && isUneven(tasks, members, mostPerNode, depth + 1),
    );
}

/** By the preference of this depth; below the last one every node stands for itself. */
function grouped(nodes: readonly SpreadNode[], depth: number): SpreadNode[][] {
    const groups = new Map<string, SpreadNode[]>();
    for (const node of nodes) {
        const key = depth < node.groups.length ? `group ${node.groups[depth]}` : `node ${node.id}`;
        groups.set(key, [...(groups.get(key) ?? []), node]);
    }
    return [...groups.values()];
}

/**
 * By service name, the nodes of the tasks of each service that could be spread more evenly. `nodes` are the members that
 * take tasks. A service with constraints is left out: whoever set them chose its nodes.
 */
export function unevenServices(
    services: readonly SwarmService[],
    tasks: readonly SwarmTask[],
    nodes: readonly SwarmNode[],
): Record<string, string> {
    const uneven = services.flatMap(({ ID, Spec }): [string, string][] => {
        const placement = Spec.TaskTemplate.Placement ?? {};
        if (!Spec.Mode?.Replicated || (placement.Constraints ?? []).length > 0) return [];
        const places = tasks
            .filter(({ ServiceID, DesiredState }) => ServiceID === ID && DesiredState === "running")
            .map(({ NodeID = "" }) => NodeID)
            .sort();
        const descriptors = (placement.Preferences ?? []).map(({ Spread }) => Spread.SpreadDescriptor);
        const members = nodes.map((node) => ({ id: node.ID, groups: descriptors.map(groupIn(node)) }));
        return isUneven(places, members, placement.MaxReplicas || undefined)
            ? [[Spec.Name, places.join(" ")]]
            : [];
    });
    return Object.fromEntries(uneven);
}

function groupIn({ Spec, Description }: SwarmNode): (descriptor: string) => string {
    return (descriptor) => {
        const [, kind, label = ""] = /^(node|engine)\.labels\.(.+)$/i.exec(descriptor) ?? [];
        const labels = kind === "engine" ? Description?.Engine?.Labels : Spec.Labels;
        return labels?.[label] ?? "";
    };
}

/** Into how many steps the service's update settings cut an update of all of its tasks. */
export function updateSteps({ Spec }: SwarmService): number {
    const replicas = Spec.Mode?.Replicated?.Replicas ?? 1;
    const atOnce = Spec.UpdateConfig?.Parallelism ?? 1;
    return Math.ceil(replicas / (atOnce || replicas || 1));
}
