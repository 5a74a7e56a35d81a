// Ports that a lab publishes on 127.0.0.1: one block a stack, every host's ports at fixed places in it.

import type { PlacedHost } from "./placement";

/** Ports of a block; room for 40 hosts. */
export const BLOCK_SIZE = 200;
const FIRST_BLOCK = 21000;
const LAST_BLOCK = 31000;
const OFFSETS = { ssh: 0, engine: 50, app: 100, registry: 150 } as const;
const FIRST_WORKER = 10;

export interface HostPorts {
    /** OpenSSH, 22 on the host. */
    ssh: number;
    /** The engine's API with mutual TLS, 2376 on the host; managers only. */
    engine: number;
    /** The sample stack's published port. */
    app: number;
    /** The registry's; on every host, so that none is made anew when the registry comes to it. */
    registry: number;
}

/** A host's ports on 127.0.0.1, which it keeps however many others there are. */
export function hostPorts(base: number, host: Pick<PlacedHost, "role" | "ordinal">): HostPorts {
    const slot = (host.role === "manager" ? 0 : FIRST_WORKER) + host.ordinal - 1;
    return {
        ssh: base + OFFSETS.ssh + slot,
        engine: base + OFFSETS.engine + slot,
        app: base + OFFSETS.app + slot,
        registry: base + OFFSETS.registry + slot,
    };
}

/** Every port that a lab of these hosts publishes. */
export function publishedPorts(
    base: number,
    hosts: readonly Pick<PlacedHost, "role" | "ordinal">[],
): number[] {
    return hosts.flatMap((host) => {
        const { ssh, engine, app, registry } = hostPorts(base, host);
        return host.role === "manager" ? [ssh, engine, app, registry] : [ssh, app, registry];
    });
}

/** Where blocks may begin, in the order they are tried: below the ports that Linux hands out to clients (32768). */
export function portBlocks(): number[] {
    return Array.from(
        { length: (LAST_BLOCK - FIRST_BLOCK) / BLOCK_SIZE },
        (_, i) => FIRST_BLOCK + i * BLOCK_SIZE,
    );
}
