// The role and the availability of each host in the swarm: what its name says, unless `skep:nodes` says otherwise. No I/O.

import { closest } from "fastest-levenshtein";
import type { Problem } from "../errors";
import type { PlacedHost, Role } from "./placement";

export type Availability = "active" | "pause" | "drain";

/** Settings of one node that override what the host was made as. */
export interface NodeSettings {
    role?: Role;
    availability?: Availability;
    /** Labels of the user's own. */
    labels?: Readonly<Record<string, string>>;
}

/** Node labels that Skep itself gives: users' labels have other names. */
export function isOwnLabel(name: string): boolean {
    return ["availability_zone", "registry"].includes(name) || name.startsWith("io.skep.");
}

export interface MemberSettings {
    nodes: Readonly<Record<string, NodeSettings>>;
    managersRunTasks: boolean;
}

/** The host's role in the swarm. A changed role leaves the host's name, address and ports as they are. */
export function roleOf(
    host: Pick<PlacedHost, "name" | "role">,
    { nodes }: Pick<MemberSettings, "nodes">,
): Role {
    return nodes[host.name]?.role ?? host.role;
}

/** The host's availability: its own setting, else `drain` for a manager when managers run no tasks, else `active`. */
export function availabilityOf(
    host: Pick<PlacedHost, "name" | "role">,
    settings: MemberSettings,
): Availability {
    const usual = roleOf(host, settings) === "manager" && !settings.managersRunTasks ? "drain" : "active";
    return settings.nodes[host.name]?.availability ?? usual;
}

/** How many hosts are managers, and how many take new tasks. */
export function countMembers(hosts: readonly Pick<PlacedHost, "name" | "role">[], settings: MemberSettings) {
    return {
        managers: hosts.filter((host) => roleOf(host, settings) === "manager").length,
        active: hosts.filter((host) => availabilityOf(host, settings) === "active").length,
    };
}

/** One problem for each setting of a node that does not exist; the advice has the most similar name. */
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
