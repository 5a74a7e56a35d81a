// A host as the components above it see it, whatever it is made of.

import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { PlacedHost } from "../planning/placement";
import type { HostPorts } from "../planning/ports";
import type { S3Keys } from "../planning/registry-config";
import { renderUserData } from "../planning/userdata";
import { HostKey } from "../providers/sdk/swarm";

export interface Connection {
    host: pulumi.Input<string>;
    port: pulumi.Input<number>;
    user: string;
    /** OpenSSH private key of the stack. */
    privateKey: pulumi.Output<string>;
    /** The only host key that is accepted: made on the host at the first contact, which another one has vouched for. */
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

/** A host that nobody has talked to yet. */
export type UnmetHost = Omit<Host, "ssh"> & { ssh: Omit<Connection, "hostKey"> };

/** All hosts of a stack, of either kind. */
export interface Hosts {
    hosts: Host[];
    /** Goes last on destroy. */
    foundation: pulumi.Resource;
    /** Where the registry keeps images, when that is not a volume of its node. */
    storage?: ObjectStorage;
    /** The name that published ports answer under in all zones. */
    loadBalancer?: pulumi.Output<string>;
}

/** A place for the registry's images on S3. */
export interface ObjectStorage {
    bucket: pulumi.Input<string>;
    region: string;
    /** Of the API, where it is not AWS's own. */
    endpoint?: string;
    prefix: string;
    /** Where it is not the hosts' role that opens it. */
    keys?: pulumi.Output<S3Keys>;
}

/** What a host is made with: user data, and the host key in it, which is good for the first contact alone. */
export interface Birth {
    /** Secret: it holds the host key's private half. */
    userData: pulumi.Output<string>;
    hostKey: pulumi.Output<string>;
}

/** A host key for the first contact, and the user data that brings it to the host. */
export function prepareHost(
    name: string,
    user: string,
    login: tls.PrivateKey,
    opts: pulumi.CustomResourceOptions,
): Birth {
    const key = new tls.PrivateKey(`${name}-firstkey`, { algorithm: "ED25519" }, opts);
    const userData = pulumi
        .all([login.publicKeyOpenssh, key.privateKeyOpenssh, key.publicKeyOpenssh])
        .apply(([authorizedKey, privateKey, publicKey]) =>
            renderUserData({ hostname: name, user, authorizedKey, hostKey: { privateKey, publicKey } }),
        );
    return {
        userData: pulumi.secret(userData),
        hostKey: key.publicKeyOpenssh.apply((text) => text.trim()),
    };
}

/** The host with the host key that it shows from its first contact on. */
export function meetHost(host: UnmetHost, { hostKey }: Birth, opts: pulumi.CustomResourceOptions): Host {
    const first = { ...host, ssh: { ...host.ssh, hostKey } };
    const { publicKey } = new HostKey(
        `${host.name}-hostkey`,
        { host: hostInput(first), hostId: host.id },
        { ...opts, deletedWith: host.resource },
    );
    return { ...host, ssh: { ...host.ssh, hostKey: publicKey } };
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
