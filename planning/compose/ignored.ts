// Keys that `docker stack deploy` takes and does nothing with.
import { isMap, type Node } from "yaml";
import { at, entries, items, type Notes, textAt } from "./nodes";

const NO_HOST = "a task has its own; a swarm does not share those of a host or of another container";

/** By the key of a service: why it is ignored, and what to write in its place (docker/cli, cli/compose/types). */
const IGNORED: Readonly<Record<string, string>> = {
    cgroupns_mode: "the engine's default-cgroupns-mode decides",
    cgroup_parent: "the engine's cgroup-parent decides",
    container_name: "a task's name is made of its service's and its number",
    depends_on: "services start at the same time; let a service try again until the other answers",
    devices: "a swarm hands no devices to tasks",
    domainname: "write the whole name in hostname",
    expose: "services on one network reach all ports of each other",
    external_links: "services on one network find each other by name",
    group_add: "name the group in user, such as 1000:1000",
    ipc: NO_HOST,
    links: "services on one network find each other by name",
    mac_address: "the swarm gives addresses",
    network_mode: "name networks in networks",
    pid: NO_HOST,
    privileged: "a swarm starts no privileged containers; cap_add gives single capabilities",
    security_opt: "the engine's defaults apply",
    shm_size: "mount a tmpfs at /dev/shm with a size, under volumes",
    tmpfs: "write an entry of type tmpfs under volumes",
    userns_mode: "the engine's userns-remap decides",
};

/** Warns of every key of a service that has no effect. */
export function warnOfIgnored(name: string, service: Node, notes: Notes): void {
    const ignored = (node: Node, key: string, why: string) =>
        notes.warn(node, `services.${name}.${key} is ignored: ${why}`);
    for (const { name: key, key: node } of entries(service)) {
        if (key in IGNORED) ignored(node, key, IGNORED[key] ?? "");
        if (key === "restart")
            if (at(service, "deploy", "restart_policy"))
                ignored(node, key, "deploy.restart_policy is there, and decides");
            else
                notes.warn(
                    node,
                    `services.${name}.restart is for single containers; write deploy.restart_policy with a condition`,
                );
    }
    for (const { name: network, value } of entries(at(service, "networks")))
        for (const { name: key, key: node } of entries(value))
            if (key === "ipv4_address" || key === "ipv6_address")
                ignored(node, `networks.${network}.${key}`, "the swarm gives addresses");
    for (const volume of items(at(service, "volumes")))
        if (isMap(volume) && textAt(volume, "consistency") !== undefined)
            ignored(volume, "volumes[].consistency", "it is for engines on a Mac");
}
