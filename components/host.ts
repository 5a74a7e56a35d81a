// A host as the components above it see it, whatever it is made of.

import type * as pulumi from "@pulumi/pulumi";
import type { PlacedHost } from "../planning/placement";

export interface Connection {
    host: pulumi.Input<string>;
    port: pulumi.Input<number>;
    user: string;
    /** OpenSSH private key of the stack. */
    privateKey: pulumi.Output<string>;
    /** The host's own public key, known before its first boot. */
    hostKey: pulumi.Output<string>;
}

export interface Host extends PlacedHost {
    /** The container's or instance's id: a replaced host keeps its name, address and keys, and has another id. */
    id: pulumi.Output<string>;
    /** Where the other hosts reach it; fixed. */
    address: string;
    ssh: Connection;
    /** What it is made of: commands on it are not run again to undo them when it goes. */
    resource: pulumi.Resource;
}

/** A host as the provider's resources take it. */
export function hostInput({ id, name, role, zone, address, ssh }: Host) {
    return { id, name, role, zone, address, ssh: { ...ssh } };
}
