// The ports of a lab on 127.0.0.1. Each stack has one block, in which each host has fixed places. The gateway, which
// publishes the ports of swarm stacks, takes places between them.

import type { PlacedHost } from "./placement";

/** Number of ports in a block; it has room for 40 hosts. */
export const BLOCK_SIZE = 200;
const FIRST_BLOCK = 21000;
const LAST_BLOCK = 31000;
const OFFSETS = { ssh: 0, engine: 50, gateway: 60 } as const;
const FIRST_WORKER = 10;
const SSH_PORT = 22;
/** The engine's API with mutual TLS. */
const ENGINE_PORT = 2376;

export interface HostPorts {
    /** Leads to sshd, port 22 on the host. */
    ssh: number;
    /** Leads to the engine's API with mutual TLS, port 2376 on the host; of hosts that were made as managers. */
    engine?: number;
}

/** A new host's ports on 127.0.0.1. They do not depend on the number of hosts. */
export function hostPorts(base: number, host: Pick<PlacedHost, "role" | "ordinal">): HostPorts {
    const isManager = host.role === "manager";
    const slot = (isManager ? 0 : FIRST_WORKER) + host.ordinal - 1;
    return { ssh: base + OFFSETS.ssh + slot, ...(isManager && { engine: base + OFFSETS.engine + slot }) };
}

/** A port of a container, and the port on 127.0.0.1 that leads to it. */
export interface PublishedPort {
    internal: number;
    external: number;
}

/** The ports that a new lab host publishes: those of the host itself. The gateway publishes those of swarm stacks. */
export function publishedPorts({ ssh, engine }: HostPorts): PublishedPort[] {
    return [
        { internal: SSH_PORT, external: ssh },
        ...(engine === undefined ? [] : [{ internal: ENGINE_PORT, external: engine }]),
    ];
}

/** A host's ports on 127.0.0.1, by what it publishes. Throws if it does not publish SSH, which every lab host does. */
export function portsFrom(published: readonly PublishedPort[]): HostPorts {
    const to = (port: number) => published.find(({ internal }) => internal === port)?.external;
    const [ssh, engine] = [to(SSH_PORT), to(ENGINE_PORT)];
    if (ssh === undefined) throw new Error("a lab host publishes SSH");
    return { ssh, ...(engine !== undefined && { engine }) };
}

/** A port that a swarm stack publishes on the nodes. */
export interface StackPort {
    /** The swarm stack's name. */
    stack: string;
    /** The port on the nodes. */
    port: number;
}

/** The ports that Skep's own swarm stacks publish. */
export function stackPorts(settings: {
    sample: { enabled: boolean; port: number };
    registry: { port: number };
}): StackPort[] {
    return [...samplePorts(settings), { stack: "registry", port: settings.registry.port }];
}

/** The port of the sample, if there is one. */
export function samplePorts({ sample }: { sample: { enabled: boolean; port: number } }): StackPort[] {
    return sample.enabled ? [{ stack: "sample", port: sample.port }] : [];
}

/** The ports that these swarm stacks of the user's publish. */
export function userPorts(stacks: readonly { name: string; ports: readonly number[] }[]): StackPort[] {
    return stacks.flatMap(({ name, ports }) => ports.map((port) => ({ stack: name, port })));
}

/** Where the gateway publishes a port of a swarm stack on 127.0.0.1. */
export interface GatewayPort extends StackPort {
    /** Leads to any node that answers. */
    balanced: number;
    /** Lead to one node each, by the host's name. If the block is full, some hosts have none. */
    nodes: Record<string, number>;
}

export interface GatewayPlan {
    /** The first port of the lab's block. */
    base: number;
    /** The ports to publish. */
    published: readonly StackPort[];
    /** The names of the lab's hosts. */
    hosts: readonly string[];
    /** Ports on 127.0.0.1 that the gateway must not take: those that standing hosts publish. */
    taken: readonly number[];
    /** What the gateway has published until now: a place stays as long as it is possible. Default none. */
    before?: readonly GatewayPort[];
}

/**
 * Chooses the gateway's ports in the lab's block. Balanced ports have precedence over those that lead to one node. Throws
 * if there are more balanced ports than places.
 */
export function planGateway({ base, published, hosts, taken, before = [] }: GatewayPlan): GatewayPort[] {
    const places = Array.from(
        { length: BLOCK_SIZE - OFFSETS.gateway },
        (_, i) => base + OFFSETS.gateway + i,
    ).filter((place) => !taken.includes(place));
    const keep = ({ stack, port }: StackPort) =>
        before.find((other) => other.stack === stack && other.port === port);
    // In the order of their precedence. An undefined host stands for all of them.
    const wanted = [undefined, ...hosts].flatMap((host) => published.map((port) => ({ port, host })));
    const placed = wanted.slice(0, places.length);
    const given = new Map<(typeof placed)[number], number>();
    const free = new Set(places);
    const give = (one: (typeof placed)[number], place: number | undefined) => {
        if (place !== undefined && free.delete(place)) given.set(one, place);
    };
    for (const one of placed) {
        const kept = keep(one.port);
        give(one, one.host === undefined ? kept?.balanced : kept?.nodes[one.host]);
    }
    for (const one of placed) if (!given.has(one)) give(one, Math.min(...free));
    return published.map((port) => {
        const own = placed.filter((one) => one.port === port);
        const balanced = own.find(({ host }) => host === undefined);
        if (!balanced) throw new Error(`the lab's block has no place for ${port.stack}'s port ${port.port}`);
        const nodes = own.flatMap((one) => (one.host === undefined ? [] : [[one.host, given.get(one)!]]));
        return { ...port, balanced: given.get(balanced)!, nodes: Object.fromEntries(nodes) };
    });
}

/** All ports on 127.0.0.1 that the gateway publishes. */
export function gatewayPlaces(ports: readonly GatewayPort[]): number[] {
    return ports.flatMap(({ balanced, nodes }) => [balanced, ...Object.values(nodes)]);
}

/** Where blocks may begin, in the order in which Skep tries them: below the ports that Linux gives to clients (32768). */
export function portBlocks(): number[] {
    return Array.from(
        { length: (LAST_BLOCK - FIRST_BLOCK) / BLOCK_SIZE },
        (_, i) => FIRST_BLOCK + i * BLOCK_SIZE,
    );
}
