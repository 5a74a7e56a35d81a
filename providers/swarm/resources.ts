// The provider's resources as the program sees them. Imported by components only, never by the provider itself.

import * as pulumi from "@pulumi/pulumi";

const VERSION = "0.1.0";

/** A host as the provider reaches it. */
export interface HostArgs {
    /** Container or instance id. */
    id: pulumi.Input<string>;
    name: pulumi.Input<string>;
    role: pulumi.Input<string>;
    zone: pulumi.Input<string>;
    /** Where the other hosts reach it. */
    address: pulumi.Input<string>;
    ssh: pulumi.Input<{
        host: pulumi.Input<string>;
        port: pulumi.Input<number>;
        user: pulumi.Input<string>;
        privateKey: pulumi.Input<string>;
        /** Pinned: "ssh-ed25519 AAAA…". */
        hostKey: pulumi.Input<string>;
    }>;
}

function resourceOptions(
    opts: pulumi.CustomResourceOptions | undefined,
    more: pulumi.CustomResourceOptions = {},
): pulumi.CustomResourceOptions {
    return pulumi.mergeOptions({ version: VERSION, ...more }, opts ?? {});
}

export interface ClusterArgs {
    /** All manager hosts. A change of how they are reached is no reason to update. */
    managers: pulumi.Input<pulumi.Input<HostArgs>[]>;
    /** Managers wait to be unlocked after a restart. */
    autolock: pulumi.Input<boolean>;
    /** Range for overlay networks; a change makes a new swarm. */
    addressPool: pulumi.Input<string>;
    /** Prefix length of each overlay network. Default 24. */
    subnetSize?: pulumi.Input<number>;
}

/** One swarm: initialised on one manager only when every manager host answered that it is in none; else adopted. */
export class Cluster extends pulumi.CustomResource {
    declare readonly clusterId: pulumi.Output<string>;
    declare readonly unlockKey: pulumi.Output<string>;
    declare readonly previousUnlockKey: pulumi.Output<string>;

    constructor(name: string, args: ClusterArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "swarm:index:Cluster",
            name,
            {
                ...args,
                managers: pulumi.secret(args.managers),
                clusterId: undefined,
                unlockKey: undefined,
                previousUnlockKey: undefined,
            },
            resourceOptions(opts, { additionalSecretOutputs: ["unlockKey", "previousUnlockKey"] }),
        );
    }
}

export interface NodeArgs {
    clusterId: pulumi.Input<string>;
    managers: pulumi.Input<pulumi.Input<HostArgs>[]>;
    host: pulumi.Input<HostArgs>;
    /** The host's identity: a replaced host joins anew. */
    hostId: pulumi.Input<string>;
    hostname: pulumi.Input<string>;
    role: pulumi.Input<"manager" | "worker">;
    availability: pulumi.Input<"active" | "pause" | "drain">;
    /** Labels that Skep keeps; others are left alone. */
    labels: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** A host's membership: joined with a token fetched at that moment and never stored. */
export class Node extends pulumi.CustomResource {
    declare readonly nodeId: pulumi.Output<string>;
    declare readonly engineVersion: pulumi.Output<string>;
    declare readonly address: pulumi.Output<string>;

    constructor(name: string, args: NodeArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "swarm:index:Node",
            name,
            {
                ...args,
                managers: pulumi.secret(args.managers),
                host: pulumi.secret(args.host),
                nodeId: undefined,
                engineVersion: undefined,
                address: undefined,
            },
            resourceOptions(opts),
        );
    }
}

export interface ImageArgs {
    /** Reference on this machine's engine. */
    image: pulumi.Input<string>;
    imageId: pulumi.Input<string>;
    /** Where it is loaded; with `push`, the first that answers pushes it. */
    hosts: pulumi.Input<pulumi.Input<HostArgs>[]>;
    hostIds: pulumi.Input<pulumi.Input<string>[]>;
    push?: pulumi.Input<{
        reference: pulumi.Input<string>;
        username: pulumi.Input<string>;
        password: pulumi.Input<string>;
    }>;
}

/** An image of this machine's engine, loaded on hosts or pushed to the private registry. */
export class Image extends pulumi.CustomResource {
    declare readonly reference: pulumi.Output<string>;
    declare readonly digest: pulumi.Output<string>;

    constructor(name: string, args: ImageArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "swarm:index:Image",
            name,
            { ...args, hosts: pulumi.secret(args.hosts), reference: undefined, digest: undefined },
            resourceOptions(opts),
        );
    }
}

export interface StackArgs {
    clusterId: pulumi.Input<string>;
    managers: pulumi.Input<pulumi.Input<HostArgs>[]>;
    name: pulumi.Input<string>;
    /** The final file for `docker stack deploy`. */
    compose: pulumi.Input<string>;
    /** By their names in the swarm, which hold a hash of the content. */
    secrets?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    configs?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    registryAuth?: pulumi.Input<{
        server: pulumi.Input<string>;
        username: pulumi.Input<string>;
        password: pulumi.Input<string>;
    }>;
    /** How long to wait until every task runs. Default 180. */
    timeoutSeconds?: pulumi.Input<number>;
}

/** A deployed stack: there when every task runs, failed when the deployment was rolled back. */
export class Stack extends pulumi.CustomResource {
    declare readonly services: pulumi.Output<Record<string, string>>;
    declare readonly deployed: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: StackArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "swarm:index:Stack",
            name,
            {
                ...args,
                managers: pulumi.secret(args.managers),
                secrets: pulumi.secret(args.secrets),
                services: undefined,
                deployed: undefined,
            },
            resourceOptions(opts),
        );
    }
}
