// A host as the components above it see it, whatever it is made of.

import type * as pulumi from "@pulumi/pulumi";
import type { PlacedHost } from "../planning/placement";
import type { HostPorts } from "../planning/ports";

export interface Connection {
    host: pulumi.Input<string>;
    port: pulumi.Input<number>;
    user: string;
    /** OpenSSH private key of the stack. */
    privateKey: pulumi.Output<string>;
    /** The host's own public key, known before its first boot. */
    hostKey: pulumi.Output<string>;
}

export interface Host extends Omit<PlacedHost, "zone"> {
    /** The container's or instance's id: a replaced host keeps its name and keys, and has another id. */
    id: pulumi.Output<string>;
    /** The availability zone's name. */
    zone: pulumi.Input<string>;
    /** Where the other hosts reach it; fixed for managers, and in the lab for all. */
    address: pulumi.Input<string>;
    /** This machine's way to it; certificates of what it serves name `ssh.host` too. */
    ssh: Connection;
    /** Its ports at `ssh.host`. */
    ports: HostPorts;
    /** What it is made of: commands on it are not run again to undo them when it goes. */
    resource: pulumi.Resource;
}

/** All hosts of a stack, of either kind. */
export interface Hosts {
    hosts: Host[];
    /** Goes last on destroy. */
    foundation: pulumi.Resource;
    /** The registry's port at its host's `ssh.host`. */
    registryPort: number;
    /** Where the registry keeps images, when that is not a volume of its node. */
    storage?: ObjectStorage;
    /** The name that published ports answer under in all zones. */
    loadBalancer?: pulumi.Output<string>;
}

/** A place for the registry's images on S3. */
export interface ObjectStorage {
    bucket: pulumi.Output<string>;
    region: string;
    /** Of the API, where it is not AWS's own. */
    endpoint?: string;
    prefix: string;
}

/** A host as the provider's resources take it. */
export function hostInput({ id, name, role, zone, address, ssh }: Host) {
    return { id, name, role, zone, address, ssh: { ...ssh } };
}

/** The addresses that a certificate of the host must name. */
export function serverAddresses({ address, ssh }: Host): pulumi.Input<string>[] {
    // Two names for one address would change the certificates of what runs.
    return ssh.host === "127.0.0.1" || ssh.host === address
        ? [address, "127.0.0.1"]
        : [address, "127.0.0.1", ssh.host];
}
