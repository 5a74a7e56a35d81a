// Whether a service's tasks are spread over its nodes as evenly as possible. No I/O.

/** A node that may take tasks. */
export interface SpreadNode {
    id: string;
    /** The node's value for each of the service's spread preferences, in their order; for example its zone. */
    groups: readonly string[];
}

/**
 * Whether moving one task to a place with room would make the spread more even. It compares the groups of the first
 * preference, then the groups within each of them, and finally the nodes. The scheduler balances in the same order, but only
 * when it starts tasks: running tasks stay where they are (moby/moby#24103).
 *
 * @param tasks the node id of each task
 * @param mostPerNode the service's limit of tasks a node; default none
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

/** Groups nodes by the preference at this depth. Below the last preference every node is a group of its own. */
function grouped(nodes: readonly SpreadNode[], depth: number): SpreadNode[][] {
    const groups = new Map<string, SpreadNode[]>();
    for (const node of nodes) {
        const key = depth < node.groups.length ? `group ${node.groups[depth]}` : `node ${node.id}`;
        groups.set(key, [...(groups.get(key) ?? []), node]);
    }
    return [...groups.values()];
}
