// The provider's resources as the program sees them. Imported by the program only, never by the provider itself.
import * as pulumi from "@pulumi/pulumi";
import type { EngineVersions } from "../../planning/engine-packages";

const VERSION = "0.1.0";

/** How this machine reaches a host. */
export interface HostSshArgs {
    /** The host's name or address for this machine. */
    host: pulumi.Input<string>;
    /** Where sshd answers there. */
    port: pulumi.Input<number>;
    /** A login that may use sudo without a password. */
    user: pulumi.Input<string>;
    /** Made secret here, if it is not already. */
    privateKey: pulumi.Input<string>;
    /** The only host key that is accepted: `ssh-ed25519 AAAA...`. */
    hostKey: pulumi.Input<string>;
}

/** A host as the program hands it over; `id` changes when the host is replaced. */
export interface HostArgs {
    /** The container's or instance's id. */
    id: pulumi.Input<string>;
    /** As in `manager-1`: fixed for the life of the stack, also its hostname. */
    name: pulumi.Input<string>;
    /** What it is to be in the swarm. */
    role: pulumi.Input<"manager" | "worker">;
    /** Its availability zone. */
    zone: pulumi.Input<string>;
    /** The private address that the other members of the swarm reach it by. */
    address: pulumi.Input<string>;
    /** This machine's way to it. */
    ssh: HostSshArgs;
}

/** Only the key is secret: names and addresses of hosts stay readable in messages. */
function sealed(host: HostArgs): HostArgs {
    return { ...host, ssh: { ...host.ssh, privateKey: pulumi.secret(host.ssh.privateKey) } };
}

function withVersion(opts: pulumi.CustomResourceOptions | undefined, secrets: string[] = []) {
    return pulumi.mergeOptions(opts, { version: VERSION, additionalSecretOutputs: secrets });
}

export interface HostKeyArgs {
    /** The host, with the host key that came by its user data: only the first contact is vouched for by it. */
    host: HostArgs;
    /** The host's identity: a new host makes a new key. */
    hostId: pulumi.Input<string>;
}

/** A host's SSH host key for life, made on the host at the first contact: what came by user data others may have read. */
export class HostKey extends pulumi.CustomResource {
    /** The key that the host shows from then on: `ecdsa-sha2-nistp256 AAAA...`. */
    declare readonly publicKey: pulumi.Output<string>;

    constructor(name: string, args: HostKeyArgs, opts?: pulumi.CustomResourceOptions) {
        const inputs = { ...args, host: sealed(args.host), publicKey: undefined };
        super("swarm:index:HostKey", name, inputs, withVersion(opts));
    }
}

export interface HostFilesArgs {
    /** The host that has the files. */
    host: HostArgs;
    /** The host's identity: a new host gets all files. */
    hostId: pulumi.Input<string>;
    /** By path: what the file says, and its mode in octal digits (`644` by default). Made secret here. */
    files: pulumi.Input<Record<string, { content: string; mode?: string }>>;
}

/** Files that a host has just as they are given; what somebody changes there is found and mended. */
export class HostFiles extends pulumi.CustomResource {
    constructor(name: string, args: HostFilesArgs, opts?: pulumi.CustomResourceOptions) {
        const inputs = { ...args, host: sealed(args.host), files: pulumi.secret(args.files) };
        super("swarm:index:HostFiles", name, { ...inputs, differing: undefined }, withVersion(opts));
    }
}

/** A repository of docker-ce, as a host sees it. */
export interface HostRepository {
    /** What stands before the suite in apt's sources; `<url>/gpg` is the key. */
    url: string;
    /** The key's, without spaces. */
    fingerprint: string;
    /** Whether the host goes by the proxy that the environment of Skep names, which is kept in no state. Default false. */
    viaProxy?: boolean;
}

export interface HostEngineArgs {
    /** The host whose engine it is. */
    host: HostArgs;
    /** The host's identity: a new host gets an engine. */
    hostId: pulumi.Input<string>;
    /** All hosts that manage the swarm: asked before the engine of one that serves it is restarted. */
    managers: HostArgs[];
    /** Where packages come from, and the fingerprint of the key that signs them; a change alone changes no host. */
    repository: HostRepository;
    /** Exact versions. */
    packages: EngineVersions;
}

/** A host's engine at exact versions, held and running; what somebody changes there is found and mended. */
export class HostEngine extends pulumi.CustomResource {
    /** Whether the host's kernel has IPVS, without which virtual IPs and the routing mesh cannot work. */
    declare readonly mesh: pulumi.Output<boolean>;
    /** Whether it has ESP, without which encrypted overlay networks cannot work. */
    declare readonly esp: pulumi.Output<boolean>;

    constructor(name: string, args: HostEngineArgs, opts?: pulumi.CustomResourceOptions) {
        const inputs = { ...args, host: sealed(args.host), managers: args.managers.map(sealed) };
        super(
            "swarm:index:HostEngine",
            name,
            { ...inputs, mesh: undefined, esp: undefined },
            withVersion(opts),
        );
    }
}

export interface ClusterArgs {
    /** All hosts that are to manage the swarm; the first one starts it. */
    managers: HostArgs[];
    /** Whether a manager that was restarted needs the unlock key. */
    autolock: pulumi.Input<boolean>;
    /** The range that overlay networks get their addresses from; a change makes a new swarm. */
    addressPool: pulumi.Input<string>;
    /** Bits of each network's prefix, 24 by default; a change makes a new swarm. */
    subnetSize?: pulumi.Input<number>;
}

/** The swarm itself. */
export class Cluster extends pulumi.CustomResource {
    declare readonly clusterId: pulumi.Output<string>;
    /** Opens a locked manager; empty without autolock. */
    declare readonly unlockKey: pulumi.Output<string>;
    /** The key before the last rotation, or empty: a manager that was away then still needs it. */
    declare readonly previousUnlockKey: pulumi.Output<string>;
    declare readonly autolock: pulumi.Output<boolean>;

    constructor(name: string, args: ClusterArgs, opts?: pulumi.CustomResourceOptions) {
        const outputs = { clusterId: undefined, unlockKey: undefined, previousUnlockKey: undefined };
        const inputs = { ...args, managers: args.managers.map(sealed), ...outputs };
        super("swarm:index:Cluster", name, inputs, withVersion(opts, ["unlockKey", "previousUnlockKey"]));
    }
}

export interface NodeArgs {
    /** The swarm that it is to be a member of; another one is another membership. */
    clusterId: pulumi.Input<string>;
    /** All hosts that manage the swarm: the first that answers is asked. */
    managers: HostArgs[];
    /** The host that is to be a member. */
    host: HostArgs;
    /** The host's identity: another one is another member. */
    hostId: pulumi.Input<string>;
    /** What messages call the member. */
    hostname: pulumi.Input<string>;
    /** What it is to be; a change promotes or demotes it where it stands, one voter at a time. */
    role: pulumi.Input<"manager" | "worker">;
    /** `active` by default. */
    availability?: pulumi.Input<"active" | "pause" | "drain">;
    /** Labels of the program; those that others add are left alone. */
    labels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** A host's membership. */
export class Node extends pulumi.CustomResource {
    declare readonly nodeId: pulumi.Output<string>;
    declare readonly engineVersion: pulumi.Output<string>;
    declare readonly address: pulumi.Output<string>;
    declare readonly role: pulumi.Output<"manager" | "worker">;

    constructor(name: string, args: NodeArgs, opts?: pulumi.CustomResourceOptions) {
        const outputs = { nodeId: undefined, engineVersion: undefined, address: undefined };
        const hosts = { managers: args.managers.map(sealed), host: sealed(args.host) };
        super("swarm:index:Node", name, { ...args, ...hosts, ...outputs }, withVersion(opts));
    }
}

export interface ImageArgs {
    /** The image's name in the local engine, such as `skep-lab/web:abc`. */
    image: pulumi.Input<string>;
    /** Its id there: another id is another image under the same name. */
    imageId: pulumi.Input<string>;
    /** Every one of these gets the image; with `push` the first that answers pushes it, and the others pull. */
    hosts: HostArgs[];
    /** The hosts' identities: a new host gets the image, too. */
    hostIds: pulumi.Input<pulumi.Input<string>[]>;
    /** The registry that hosts pull the image from; without it the image is loaded on each host. */
    push?: {
        /** The name to push it under: `registry.skep.internal:5000/web:abc`. */
        reference: pulumi.Input<string>;
        username: pulumi.Input<string>;
        /** Made secret here, if it is not already. */
        password: pulumi.Input<string>;
        /** What the registry keeps images in: another place begins empty, and gets the image, too. */
        place: pulumi.Input<string>;
    };
}

/** An image of the local engine on the hosts, by way of the swarm's registry with `push`. */
export class Image extends pulumi.CustomResource {
    /** The digest that the registry gave; empty without `push`. */
    declare readonly digest: pulumi.Output<string>;
    /** What services call the image. */
    declare readonly reference: pulumi.Output<string>;
    /** Names of hosts that could not pull it: the next up tries again. */
    declare readonly missing: pulumi.Output<string[]>;

    constructor(name: string, args: ImageArgs, opts?: pulumi.CustomResourceOptions) {
        const push = args.push && { ...args.push, password: pulumi.secret(args.push.password) };
        const inputs = { ...args, hosts: args.hosts.map(sealed), push };
        super(
            "swarm:index:Image",
            name,
            { ...inputs, digest: undefined, reference: undefined, missing: undefined },
            withVersion(opts),
        );
    }
}

export interface StackArgs {
    /** The swarm that it runs on; on another one it is deployed anew. */
    clusterId: pulumi.Input<string>;
    /** All hosts that manage the swarm: the first that answers deploys. */
    managers: HostArgs[];
    /** The stack's name in the swarm, which its services' names begin with; another name is another stack. */
    name: pulumi.Input<string>;
    /** The file for `docker stack deploy`, complete; secrets and configs in it are external. */
    compose: pulumi.Input<string>;
    /** Values by the name of the swarm secret, which changes with the value. */
    secrets?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Values by the name of the swarm config, which changes with the value. */
    configs?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Login of the registry that its images come from; the nodes get it with their tasks. */
    registryAuth?: {
        server: pulumi.Input<string>;
        username: pulumi.Input<string>;
        /** Made secret here, if it is not already. */
        password: pulumi.Input<string>;
    };
    /**
     * Names of the nodes that take tasks: given when tasks are to be spread again by the service's own way of updating,
     * once there are more nodes than they were started on. Left out, tasks stay where they are.
     */
    rebalance?: pulumi.Input<string[]>;
    /** How long all services may take until they run, 180 by default. */
    timeoutSeconds?: pulumi.Input<number>;
}

/** A stack of services that all run. */
export class Stack extends pulumi.CustomResource {
    /** Each service's specification as a short text that changes with it. */
    declare readonly services: pulumi.Output<Record<string, string>>;
    /** The same as it was deployed: where they differ, someone changed the service since. */
    declare readonly deployed: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: StackArgs, opts?: pulumi.CustomResourceOptions) {
        const auth = args.registryAuth;
        const registryAuth = auth && { ...auth, password: pulumi.secret(auth.password) };
        const secrets = args.secrets && pulumi.secret(args.secrets);
        const inputs = { ...args, managers: args.managers.map(sealed), secrets, registryAuth };
        super(
            "swarm:index:Stack",
            name,
            { ...inputs, services: undefined, deployed: undefined, uneven: undefined, tolerated: undefined },
            withVersion(opts),
        );
    }
}
