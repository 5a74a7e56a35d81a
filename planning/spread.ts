// Whether a service's tasks are spread over its nodes as evenly as possible. No I/O.
import type { SwarmNode, SwarmService, SwarmTask } from "./engine-api";

/** A node that may take tasks. */
export interface SpreadNode {
    id: string;
    /**
     * The node's value for each of the service's placement preferences, the first preference first: its zone, for
     * example.
     */
    groups: readonly string[];
}

/**
 * True if the tasks would be spread more evenly with one task fewer in one place and one more in another that has room:
 * first between the groups of the first preference, then within each group, and finally between nodes. The scheduler
 * balances in the same order, but only tasks that it starts: running tasks stay where they are (moby/moby#24103).
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

/** Groups nodes by the preference at this depth. Below the last preference, every node is a group of its own. */
function grouped(nodes: readonly SpreadNode[], depth: number): SpreadNode[][] {
    const groups = new Map<string, SpreadNode[]>();
    for (const node of nodes) {
        const key = depth < node.groups.length ? `group ${node.groups[depth]}` : `node ${node.id}`;
        groups.set(key, [...(groups.get(key) ?? []), node]);
    }
    return [...groups.values()];
}

/**
 * The services whose tasks could be spread more evenly: by service name, the nodes of the tasks. `nodes` are the members
 * that take tasks. A service with constraints is left out, because whoever set them chose its nodes.
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
        const labels = kind?.toLowerCase() === "engine" ? Description?.Engine?.Labels : Spec.Labels;
        return labels?.[label] ?? "";
    };
}
