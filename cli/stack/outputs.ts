// What a stack's outputs are, as program.ts declares them, once Pulumi has resolved them.

import type { Role } from "../../planning/placement";
import type { PublishMode } from "../../planning/compose";
import type { SshOutput } from "./client-files";

/** A host, its place in the swarm, and where this machine reaches its ports. */
export interface NodeOutput {
    name: string;
    role: Role;
    /** Its availability zone. */
    zone: string;
    /** The private address at which other members reach it. */
    address: string;
    nodeId: string;
    /** Where this machine reaches it. */
    host: string;
    ports: { ssh?: number; engine?: number; app?: number; registry?: number };
}

export interface Outputs {
    nodes: NodeOutput[];
    clusterId: string;
    /** Empty without autolock. */
    unlockKey: string;
    /** Earlier keys that a manager may still need. Outputs of older versions lack them. */
    formerUnlockKeys?: string[];
    publish: PublishMode;
    loadBalancer?: unknown;
    sample?: { url: string };
    /** The user's own stacks, by name: their ports, and where this machine reaches them. Outputs of older versions lack it. */
    stacks?: Record<string, { addresses: { port: number; at?: string }[] }>;
    registry: { server: string; url: string; urls: string[]; user: string };
    registryPassword: string;
    ca: string;
    clientCertificate: string;
    clientKey: string;
    ssh: SshOutput;
}

/** The keys that may open a manager, the most likely first. A manager that was down while the key changed has an old one. */
export function knownKeys({ unlockKey, formerUnlockKeys = [] }: Outputs): string[] {
    return [unlockKey, ...formerUnlockKeys];
}
