// The ports that a lab publishes on 127.0.0.1. Each stack has one block, and each host has fixed places in it.

import type { PlacedHost } from "./placement";

/** Number of ports in a block; it has room for 40 hosts. */
export const BLOCK_SIZE = 200;
const FIRST_BLOCK = 21000;
const LAST_BLOCK = 31000;
const OFFSETS = { ssh: 0, engine: 50, app: 100, registry: 150 } as const;
const FIRST_WORKER = 10;
const SSH_PORT = 22;
/** The engine's API with mutual TLS. */
const ENGINE_PORT = 2376;

export interface HostPorts {
    /** Leads to sshd, port 22 on the host. */
    ssh: number;
    /** Leads to the engine's API with mutual TLS, port 2376 on the host; managers only. */
    engine: number;
    /** Leads to the sample stack's published port. */
    app: number;
    /** Leads to the registry. Every host publishes it, so a registry that moves to another host replaces no host. */
    registry: number;
}

/** A host's ports on 127.0.0.1. They do not depend on the number of hosts. */
export function hostPorts(base: number, host: Pick<PlacedHost, "role" | "ordinal">): HostPorts {
    const slot = (host.role === "manager" ? 0 : FIRST_WORKER) + host.ordinal - 1;
    return {
        ssh: base + OFFSETS.ssh + slot,
        engine: base + OFFSETS.engine + slot,
        app: base + OFFSETS.app + slot,
        registry: base + OFFSETS.registry + slot,
    };
}

/** A port of a host, and the port on 127.0.0.1 that leads to it. */
export interface PublishedPort {
    internal: number;
    external: number;
}

/** The ports that a lab host publishes. `app` and `registry` are the ports of the sample and the registry on the host. */
export function publishedPorts(
    role: PlacedHost["role"],
    ports: HostPorts,
    { app, registry }: { app: number; registry: number },
): PublishedPort[] {
    return [
        { internal: SSH_PORT, external: ports.ssh },
        { internal: app, external: ports.app },
        { internal: registry, external: ports.registry },
        ...(role === "manager" ? [{ internal: ENGINE_PORT, external: ports.engine }] : []),
    ];
}

/** The published ports that belong to services: all but those of sshd and the engine. */
export function servicePorts(published: readonly PublishedPort[]): number[] {
    return published
        .map(({ internal }) => internal)
        .filter((port) => ![SSH_PORT, ENGINE_PORT].includes(port));
}

/** Reads a host's ports on 127.0.0.1 from what it publishes. `otherwise` gives the ports that it does not publish. */
export function portsFrom(
    published: readonly PublishedPort[],
    { app, registry }: { app: number; registry: number },
    otherwise: HostPorts,
): HostPorts {
    const to = (port: number) => published.find(({ internal }) => internal === port)?.external;
    return {
        ssh: to(SSH_PORT) ?? otherwise.ssh,
        engine: to(ENGINE_PORT) ?? otherwise.engine,
        app: to(app) ?? otherwise.app,
        registry: to(registry) ?? otherwise.registry,
    };
}

/** Where blocks may begin, in the order in which Skep tries them: below the ports that Linux gives to clients (32768). */
export function portBlocks(): number[] {
    return Array.from(
        { length: (LAST_BLOCK - FIRST_BLOCK) / BLOCK_SIZE },
        (_, i) => FIRST_BLOCK + i * BLOCK_SIZE,
    );
}
