// Rules for settings that share one space: ports on hosts, and the pools from which networks get their ranges.

import type { Problem } from "../errors";
import { prefixOf } from "../planning/addresses";

/**
 * Ports that every host already uses: SSH, the engine's API, and the swarm's own (Docker's manual of swarm mode, "Open
 * protocols and ports between the hosts").
 */
const TAKEN: Readonly<Record<number, string>> = {
    22: "SSH",
    2375: "Docker's API without TLS",
    2376: "the engine's API",
    2377: "the swarm's managers",
    4789: "overlay networks",
    7946: "the swarm's nodes",
};

interface PortSettings {
    hosts: "lab" | "aws";
    sample: { enabled: boolean; port: number };
    registry: { port: number };
    engine: { metrics?: string };
    aws?: { appPorts: readonly number[] };
}

/** Problems for ports that every host already uses, or that two settings name. */
export function checkPorts({ hosts, sample, registry, engine, aws }: PortSettings): Problem[] {
    const used = [
        ...(sample.enabled ? [{ key: "skep:sample.port", port: sample.port }] : []),
        { key: "skep:registry.port", port: registry.port },
        ...(engine.metrics !== undefined
            ? [{ key: "skep:engine.metrics", port: Number(engine.metrics.split(":")[1]) }]
            : []),
        ...(hosts === "aws" ? (aws?.appPorts ?? []).map((port) => ({ key: "skep:aws.appPorts", port })) : []),
    ];
    return used.flatMap(({ key, port }, index) => {
        const other = used.slice(0, index).find((earlier) => earlier.port === port)?.key;
        const owner = TAKEN[port] ?? other;
        if (owner === undefined) return [];
        const problem =
            owner === key ? `${key} names ${port} twice.` : `${key} is ${port}, which is for ${owner}.`;
        return [{ id: "PORT_TAKEN", problem, advice: "Take another port for one of them, such as 8081." }];
    });
}

/**
 * The number of networks that Skep's own stacks need from the pool: those of the routing mesh, the registry and the
 * sample.
 */
const OVERLAY_NETWORKS = 3;
/** The number of networks that every engine creates from its pool: docker0 and docker_gwbridge. */
const BRIDGE_NETWORKS = 2;
/** The narrowest prefix for a lab's network, which is cut into a /24 for each zone. */
const LAB_PREFIX = 20;

interface PoolSettings {
    hosts: "lab" | "aws";
    addressPools: { overlay: string; bridge: string };
    labSubnet?: string;
}

/** Problems for pools with too little room, and for a lab's subnet with too little. */
export function checkPools({ hosts, addressPools, labSubnet }: PoolSettings): Problem[] {
    const problems = Object.entries(addressPools).flatMap(([name, pool]): Problem[] => {
        const needed = name === "overlay" ? OVERLAY_NETWORKS : BRIDGE_NETWORKS;
        const fitting = prefixOf(pool) > 24 ? 0 : 2 ** (24 - prefixOf(pool));
        if (fitting >= needed) return [];
        const room = fitting === 1 ? "1 network" : `${fitting} networks`;
        return [
            {
                id: "POOL_TOO_SMALL",
                problem: `skep:addressPools.${name} (${pool}) has room for ${room} of a /24 each, and ${needed} are needed.`,
                advice: "Take a /20 or a wider range, since each network of a stack needs one, too.",
            },
        ];
    });
    if (hosts === "lab" && labSubnet !== undefined && prefixOf(labSubnet) > LAB_PREFIX)
        problems.push({
            id: "LAB_SUBNET",
            problem: `skep:labSubnet is a /${prefixOf(labSubnet)}, and a lab needs a /${LAB_PREFIX}: a /24 for each zone.`,
            advice: "Take a range such as 10.190.0.0/20.",
        });
    return problems;
}
