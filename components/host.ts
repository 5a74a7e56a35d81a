// A host as other components see it, whether it is a container or an EC2 instance.

import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { PlacedHost } from "../planning/placement";
import type { HostPorts, StackPort } from "../planning/ports";
import type { S3Keys } from "../planning/registry-config";
import { renderUserData } from "../planning/userdata";
import type { Rotations } from "../config/facts";
import { HostKey, HostLogin } from "../providers/sdk/swarm";

export interface Connection {
    host: pulumi.Input<string>;
    port: pulumi.Input<number>;
    user: string;
    /** The stack's OpenSSH private key. */
    privateKey: pulumi.Output<string>;
    /**
     * The only host key that Skep accepts. The host made it at the first contact, which the key in its user data
     * authenticated.
     */
    hostKey: pulumi.Output<string>;
}

export interface Host extends Omit<PlacedHost, "zone"> {
    /** The id of the container or instance. A replaced host keeps its name, but gets another id. */
    id: pulumi.Output<string>;
    /** The availability zone's name. */
    zone: pulumi.Input<string>;
    /** The address at which other hosts reach it. Managers' addresses are fixed; in the lab, all are. */
    address: pulumi.Input<string>;
    /** How this machine reaches it. The host's server certificates name `ssh.host` too. */
    ssh: Connection;
    /** The ports of the host itself at `ssh.host`. */
    ports: HostPorts;
    /** The container or instance. When Pulumi deletes it, resources on the host need no deletion of their own. */
    resource: pulumi.Resource;
}

/** A host before the first contact: its own host key is not known yet. */
export type UnmetHost = Omit<Host, "ssh"> & { ssh: Omit<Connection, "hostKey"> };

/** An address as this machine reaches it. */
export interface Address {
    host: pulumi.Input<string>;
    port: number;
}

/** Where a port of a swarm stack answers. */
export interface PublishedAddress extends StackPort {
    /** Answers as long as any node does; undefined if nothing balances the port. */
    balanced?: Address;
    /** Each node's own address, by the host's name. Without the routing mesh, only nodes with a task answer. */
    nodes: Readonly<Record<string, Address>>;
}

/** All hosts of a stack: the lab's or EC2's. */
export interface Hosts {
    hosts: Host[];
    /** Where the ports of swarm stacks answer. */
    published: readonly PublishedAddress[];
    /** Destroy deletes this last. */
    foundation: pulumi.Resource;
    /** Where the registry keeps images. Default: a volume of its node. */
    storage?: ObjectStorage;
    /** The DNS name under which published ports answer in all zones. */
    loadBalancer?: pulumi.Output<string>;
}

/** A place for the registry's images on S3. */
export interface ObjectStorage {
    bucket: pulumi.Input<string>;
    region: string;
    /** The URL of the S3 API. Default: AWS's own. */
    endpoint?: string;
    prefix: string;
    /** Access keys. Default: the hosts' role gives access. */
    keys?: pulumi.Output<S3Keys>;
}

/** User data of a new host, and the host key in it, which serves for the first contact only. */
export interface Birth {
    /** Secret: it contains the private host key. */
    userData: pulumi.Output<string>;
    hostKey: pulumi.Output<string>;
}

/** The SSH keys with which Skep logs in. */
export interface Logins {
    present: tls.PrivateKey;
    /** The key before, while it is still valid. */
    former?: tls.PrivateKey;
    /** Whether hosts may have been made with another key. */
    isRotated: boolean;
}

/** Makes the SSH keys: a new one for each rotation. The one before stays until it is ended. */
export function makeLogins(
    name: string,
    { sshKey: number = 0, endedSshKeys: ended = 0 }: Rotations = {},
    opts: pulumi.CustomResourceOptions,
): Logins {
    const key = (of: number) =>
        new tls.PrivateKey(`${name}-login${of === 0 ? "" : `-${of + 1}`}`, { algorithm: "ED25519" }, opts);
    return {
        present: key(number),
        former: number > ended ? key(number - 1) : undefined,
        isRotated: number > 0,
    };
}

/** Makes a host key for the first contact, and the user data that brings it to the host. */
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

/**
 * Makes the first contact: the host then has a host key of its own, which it shows from then on. A host that was made with
 * an earlier login key gets the present one.
 */
export function meetHost(
    host: UnmetHost,
    { hostKey }: Birth,
    { former, isRotated }: Logins,
    opts: pulumi.CustomResourceOptions,
): Host {
    const first = { ...host, ssh: { ...host.ssh, hostKey } };
    const { publicKey } = new HostKey(
        `${host.name}-hostkey`,
        { host: hostInput(first), hostId: host.id },
        { ...opts, deletedWith: host.resource },
    );
    const met = { ...host, ssh: { ...host.ssh, hostKey: publicKey } };
    if (!isRotated) return met;
    const { privateKey } = new HostLogin(
        `${host.name}-login`,
        { host: hostInput(met), hostId: host.id, formerKey: former?.privateKeyOpenssh },
        { ...opts, deletedWith: host.resource },
    );
    return { ...met, ssh: { ...met.ssh, privateKey } };
}

/** A host in the form that the provider's resources take. */
export function hostInput({ id, name, role, zone, address, ssh }: Host) {
    return { id, name, role, zone, address, ssh: { ...ssh } };
}

/** The addresses that a server certificate of the host must name. */
export function serverAddresses({ address, ssh }: Host): pulumi.Input<string>[] {
    // Each address appears once: naming one twice would change the certificates of running stacks.
    return ssh.host === "127.0.0.1" || ssh.host === address
        ? [address, "127.0.0.1"]
        : [address, "127.0.0.1", ssh.host];
}
