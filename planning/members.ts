// What each host is in the swarm: its role and its availability, as it was made or as the settings say. Pure: hosts and
// settings in, members or problems out.

import { closest } from "fastest-levenshtein";
import type { Problem } from "../errors";
import type { PlacedHost, Role } from "./placement";

export type Availability = "active" | "pause" | "drain";

/** What a host is to be, where that differs from what it was made as. */
export interface NodeSettings {
    role?: Role;
    availability?: Availability;
}

export interface MemberSettings {
    nodes: Readonly<Record<string, NodeSettings>>;
    managersRunTasks: boolean;
}

/** The host's role in the swarm. The host itself, its name, address and ports stay what they were made as. */
export function roleOf(
    host: Pick<PlacedHost, "name" | "role">,
    { nodes }: Pick<MemberSettings, "nodes">,
): Role {
    return nodes[host.name]?.role ?? host.role;
}

/** Drained where it manages and managers are to run no tasks; what is said of the node itself comes first. */
export function availabilityOf(
    host: Pick<PlacedHost, "name" | "role">,
    settings: MemberSettings,
): Availability {
    const usual = roleOf(host, settings) === "manager" && !settings.managersRunTasks ? "drain" : "active";
    return settings.nodes[host.name]?.availability ?? usual;
}

/** How many of the hosts manage, and how many take new tasks. */
export function countMembers(hosts: readonly Pick<PlacedHost, "name" | "role">[], settings: MemberSettings) {
    return {
        managers: hosts.filter((host) => roleOf(host, settings) === "manager").length,
        active: hosts.filter((host) => availabilityOf(host, settings) === "active").length,
    };
}

/** Settings for nodes that do not exist; the nearest name is told. */
export function unknownNodes(
    hosts: readonly Pick<PlacedHost, "name">[],
    nodes: MemberSettings["nodes"],
): Problem[] {
    const known = hosts.map(({ name }) => name);
    return Object.keys(nodes)
        .filter((name) => !known.includes(name))
        .map((name) => ({
            id: "NODE_UNKNOWN",
            problem: `skep:nodes names ${name}, and the stack has no such host.`,
            advice: `Did you mean ${closest(name, known)}? Hosts are called manager-1, worker-1 and so on.`,
        }));
}
