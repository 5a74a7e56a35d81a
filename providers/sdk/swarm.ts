// The provider's resources as the program sees them. Only the program imports this file, never the provider itself.
import * as pulumi from "@pulumi/pulumi";
import type { EngineVersions } from "../../planning/engine-packages";
import type { AtOnce } from "../../planning/rollout";
import type { SwarmWishes } from "../../planning/swarm-settings";

const VERSION = "0.1.0";

/** How this machine reaches a host. */
export interface HostSshArgs {
    /** The host's name or address, as this machine reaches it. */
    host: pulumi.Input<string>;
    /** The port of its SSH server. */
    port: pulumi.Input<number>;
    /** A login that may use sudo without a password. */
    user: pulumi.Input<string>;
    /** Made secret here, if it is not already. */
    privateKey: pulumi.Input<string>;
    /** The only accepted host key: `ssh-ed25519 AAAA...`. */
    hostKey: pulumi.Input<string>;
}

/** A host as the program passes it. `id` changes when the host is replaced. */
export interface HostArgs {
    /** The container's or instance's id. */
    id: pulumi.Input<string>;
    /** The host's name and hostname, as in `manager-1`. Fixed for the life of the stack. */
    name: pulumi.Input<string>;
    /** Its role in the swarm. */
    role: pulumi.Input<"manager" | "worker">;
    /** Its availability zone. */
    zone: pulumi.Input<string>;
    /** The private address at which the other members of the swarm reach it. */
    address: pulumi.Input<string>;
    /** How this machine reaches it. */
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
    /** The host, with the host key from its user data. That key vouches for the first contact only. */
    host: HostArgs;
    /** The host's identity: a new host makes a new key. */
    hostId: pulumi.Input<string>;
}

/**
 * A host's SSH host key for life. It is made on the host at the first contact, because others may have read the key in
 * the user data.
 */
export class HostKey extends pulumi.CustomResource {
    /** The key that the host shows from then on: `ecdsa-sha2-nistp256 AAAA...`. */
    declare readonly publicKey: pulumi.Output<string>;

    constructor(name: string, args: HostKeyArgs, opts?: pulumi.CustomResourceOptions) {
        const inputs = { ...args, host: sealed(args.host), publicKey: undefined };
        super("swarm:index:HostKey", name, inputs, withVersion(opts));
    }
}

export interface HostLoginArgs {
    /** The host, with the key that it should take from now on. */
    host: HostArgs;
    /** The host's identity: a new host was made with that key. */
    hostId: pulumi.Input<string>;
    /** The key before, which stays valid. Made secret here. Default: none, and the key before ends. */
    formerKey?: pulumi.Input<string>;
}

/** The SSH key with which Skep logs in at a host, once the first one was rotated. */
export class HostLogin extends pulumi.CustomResource {
    /** The key that the host takes: an earlier one while the host does not answer. */
    declare readonly privateKey: pulumi.Output<string>;

    constructor(name: string, args: HostLoginArgs, opts?: pulumi.CustomResourceOptions) {
        const formerKey = args.formerKey === undefined ? undefined : pulumi.secret(args.formerKey);
        const inputs = { ...args, host: sealed(args.host), formerKey, privateKey: undefined };
        super("swarm:index:HostLogin", name, inputs, withVersion(opts, ["privateKey"]));
    }
}

export interface HostFilesArgs {
    /** The host that gets the files. */
    host: HostArgs;
    /** The host's identity: a new host gets all files. */
    hostId: pulumi.Input<string>;
    /** The files by path, each with its content and its mode in octal digits (`644` by default). Made secret here. */
    files: pulumi.Input<Record<string, { content: string; mode?: string }>>;
}

/** Files on a host, exactly as they are given. What somebody changes there is found and put right. */
export class HostFiles extends pulumi.CustomResource {
    /** How often files were written that the engine reads at its start only. */
    declare readonly engineFiles: pulumi.Output<number>;

    constructor(name: string, args: HostFilesArgs, opts?: pulumi.CustomResourceOptions) {
        const inputs = { ...args, host: sealed(args.host), files: pulumi.secret(args.files) };
        super(
            "swarm:index:HostFiles",
            name,
            { ...inputs, differing: undefined, engineFiles: undefined },
            withVersion(opts),
        );
    }
}

/** A repository of docker-ce, as a host sees it. */
export interface HostRepository {
    /** The URL before the suite in apt's sources; `<url>/gpg` is the key. */
    url: string;
    /** The key's fingerprint, without spaces. */
    fingerprint: string;
    /** Whether the host uses the proxy that Skep's environment names. No state keeps the proxy. Default: false. */
    viaProxy?: boolean;
}

export interface HostEngineArgs {
    /** The host whose engine it is. */
    host: HostArgs;
    /** The host's identity: a new host gets an engine. */
    hostId: pulumi.Input<string>;
    /**
     * Where packages come from, and the fingerprint of the key that signs them. A change of this alone changes no host.
     */
    repository: HostRepository;
    /** The exact versions of the packages for a new engine. A change of this alone changes no host. */
    packages: EngineVersions;
    /** Skep's keys of daemon.json for a new engine. Made secret here. A change of this alone changes no host. */
    daemon: pulumi.Output<Record<string, unknown>>;
}

/** The engine of a host that has none. An engine that somebody removed or stopped is brought back as it was. */
export class HostEngine extends pulumi.CustomResource {
    /** Whether the host's kernel has IPVS, without which virtual IPs and the routing mesh cannot work. */
    declare readonly mesh: pulumi.Output<boolean>;
    /** Whether the host's kernel has ESP, without which encrypted overlay networks cannot work. */
    declare readonly esp: pulumi.Output<boolean>;

    constructor(name: string, args: HostEngineArgs, opts?: pulumi.CustomResourceOptions) {
        const inputs = { ...args, host: sealed(args.host), daemon: pulumi.secret(args.daemon) };
        const outputs = { mesh: undefined, esp: undefined, lacking: undefined };
        super("swarm:index:HostEngine", name, { ...inputs, ...outputs }, withVersion(opts));
    }
}

export interface EngineRolloutArgs {
    /** The swarm whose engines these are. */
    clusterId: pulumi.Input<string>;
    /** All hosts that manage the swarm. */
    managers: HostArgs[];
    /** All hosts of the swarm. */
    hosts: HostArgs[];
    /** Their identities, by name. Another one is another host. */
    hostIds: Record<string, pulumi.Input<string>>;
    /** Their node ids, by name. A change of this alone changes nothing: any change of a node makes its id unknown in a preview. */
    nodeIds: Record<string, pulumi.Input<string>>;
    /** Where packages come from. A change of this alone changes no host. */
    repository: HostRepository;
    /** The exact versions of each host's packages, by name. Hosts that are not named keep theirs. */
    engines: Record<string, EngineVersions>;
    /** Skep's keys of daemon.json on every host. Made secret here. */
    daemon: pulumi.Output<Record<string, unknown>>;
    /** By host, how often files changed that only a restart makes the engine read (`HostFiles.engineFiles`). */
    files: Record<string, pulumi.Input<number>>;
    /** How long a drain of a host waits for its tasks, in seconds. A change of this alone changes no host. */
    drainSeconds: number;
    /** How the hosts change one after another. A change of this alone changes no host. */
    upgrade: {
        /** How many workers change at once: a number, or a share of all workers such as `20%`. */
        workersAtOnce: AtOnce;
        /** How long the first host is watched before the others follow, in seconds. */
        soakSeconds: number;
        /** How long to wait between hosts, in seconds. */
        pauseSeconds: number;
        /** Whether the data path is tried before the first host and after each. Default: true. */
        checkDataPath?: boolean;
        /** After how many steps this run ends. Default: when all hosts are done. */
        most?: number;
    };
}

/**
 * The engines of a standing swarm at exact versions and settings. What changes, by the program or by somebody on a host,
 * changes one host at a time, each drained and given back, while the swarm stays well.
 */
export class EngineRollout extends pulumi.CustomResource {
    constructor(name: string, args: EngineRolloutArgs, opts?: pulumi.CustomResourceOptions) {
        const hosts = { managers: args.managers.map(sealed), hosts: args.hosts.map(sealed) };
        const inputs = { ...args, ...hosts, daemon: pulumi.secret(args.daemon), differing: undefined };
        super("swarm:index:EngineRollout", name, inputs, withVersion(opts));
    }
}

export interface ClusterArgs {
    /** All hosts that should manage the swarm. The first one starts it. */
    managers: HostArgs[];
    /** Whether a manager needs the unlock key after a restart. */
    autolock: pulumi.Input<boolean>;
    /** The range that overlay networks take their addresses from. A change makes a new swarm. */
    addressPool: pulumi.Input<string>;
    /** The prefix length of each overlay network, in bits. Default: 24. A change makes a new swarm. */
    subnetSize?: pulumi.Input<number>;
    /** The UDP port of overlay networks. Default: the engine's. A change makes a new swarm. */
    dataPathPort?: pulumi.Input<number>;
    /** Settings of the swarm that the user gives. Default: as the swarm is. */
    settings?: SwarmWishes;
    /** How often Skep has rotated what the swarm makes. A larger number rotates it; a new swarm does not. Default: never. */
    rotations?: { unlockKey?: number; joinTokens?: number; ca?: number };
}

/** The swarm itself. */
export class Cluster extends pulumi.CustomResource {
    declare readonly clusterId: pulumi.Output<string>;
    /** The key that opens a locked manager; empty without autolock. */
    declare readonly unlockKey: pulumi.Output<string>;
    /** Earlier keys, until every manager has confirmed the present one: one that was down meanwhile needs them. */
    declare readonly formerUnlockKeys: pulumi.Output<string[]>;
    declare readonly autolock: pulumi.Output<boolean>;

    constructor(name: string, args: ClusterArgs, opts?: pulumi.CustomResourceOptions) {
        const outputs = { clusterId: undefined, unlockKey: undefined, formerUnlockKeys: undefined };
        const inputs = { ...args, managers: args.managers.map(sealed), ...outputs };
        super("swarm:index:Cluster", name, inputs, withVersion(opts, ["unlockKey", "formerUnlockKeys"]));
    }
}

export interface NodeArgs {
    /** The swarm to be a member of. Another swarm is another membership. */
    clusterId: pulumi.Input<string>;
    /** All hosts that manage the swarm. The first one that answers is asked. */
    managers: HostArgs[];
    /** The host that becomes a member. */
    host: HostArgs;
    /** The host's identity: another one is another member. */
    hostId: pulumi.Input<string>;
    /** The member's name in messages. */
    hostname: pulumi.Input<string>;
    /** The member's role. A change promotes or demotes it where it stands, one voter at a time. */
    role: pulumi.Input<"manager" | "worker">;
    /** Default: `active`. */
    availability?: pulumi.Input<"active" | "pause" | "drain">;
    /** The program's labels. Labels that others add are left alone. */
    labels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** How long a drain of the member waits for tasks, in seconds. A change of this alone changes nothing. Default: 120. */
    drainSeconds?: number;
}

/** A host's membership of the swarm. */
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
    /** The hosts that get the image. With `push`, the first one that answers pushes it, and the others pull it. */
    hosts: HostArgs[];
    /** The hosts' identities: a new host gets the image, too. */
    hostIds: pulumi.Input<pulumi.Input<string>[]>;
    /** The registry that hosts pull the image from. Without it, the image is loaded on each host. */
    push?: {
        /** The name to push the image under: `registry.skep.internal:5000/web:abc`. */
        reference: pulumi.Input<string>;
        username: pulumi.Input<string>;
        /** Made secret here, if it is not already. */
        password: pulumi.Input<string>;
        /** The registry's storage. Another storage begins empty, and gets the image, too. */
        place: pulumi.Input<string>;
    };
    /** How the image is built when the local engine does not have it. `imageId` is then a hash of all that it is built from. */
    build?: Build;
}

/** A recipe for `docker build` on this machine. */
export interface Build {
    /** The folder that is handed to docker. */
    context: string;
    /** The path of the Dockerfile. */
    dockerfile: string;
    args: Readonly<Record<string, string>>;
    target?: string;
}

/** An image of the local engine on the hosts. With `push`, it goes through the swarm's registry. */
export class Image extends pulumi.CustomResource {
    /** The digest that the registry gave; empty without `push`. */
    declare readonly digest: pulumi.Output<string>;
    /** The image's name in services. */
    declare readonly reference: pulumi.Output<string>;
    /** Names of hosts that could not pull the image. The next up tries again. */
    declare readonly missing: pulumi.Output<string[]>;

    constructor(name: string, args: ImageArgs, opts?: pulumi.CustomResourceOptions) {
        const push = args.push && { ...args.push, password: pulumi.secret(args.push.password) };
        // Arguments of builds may be secret.
        const build = args.build && pulumi.secret(args.build);
        const inputs = { ...args, hosts: args.hosts.map(sealed), push, build };
        super(
            "swarm:index:Image",
            name,
            { ...inputs, digest: undefined, reference: undefined, missing: undefined },
            withVersion(opts),
        );
    }
}

export interface StackArgs {
    /** The swarm that the stack runs on. On another one, it is deployed anew. */
    clusterId: pulumi.Input<string>;
    /** All hosts that manage the swarm. The first one that answers deploys. */
    managers: HostArgs[];
    /** The stack's name in the swarm. Its services' names begin with it. Another name is another stack. */
    name: pulumi.Input<string>;
    /** The complete compose file for `docker stack deploy`. Secrets and configs in it are external. */
    compose: pulumi.Input<string>;
    /** Values of swarm secrets by name. The name changes with the value. */
    secrets?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Values of swarm configs by name. The name changes with the value. */
    configs?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Labels and template drivers of secrets and configs that have any, by name. */
    marks?: pulumi.Input<Record<string, { labels?: Record<string, string>; templateDriver?: string }>>;
    /** What a plan shows of each service, by its name. Changes nothing by itself. */
    summary?: pulumi.Input<Record<string, string>>;
    /**
     * Logins of the registries that the stack's images come from, by name and port as in the names of images. The nodes get
     * them with their tasks. Passwords are made secret here, if they are not already.
     */
    registryAuth?: Record<string, { username: pulumi.Input<string>; password: pulumi.Input<string> }>;
    /**
     * Names of the nodes that take tasks. If given, tasks are spread again, by the service's own update settings, once
     * there are more nodes than they were started on. If left out, tasks stay where they are.
     */
    rebalance?: pulumi.Input<string[]>;
    /** How many seconds all services may take until they run. Default: 180. */
    timeoutSeconds?: pulumi.Input<number>;
}

/** A swarm stack whose services all run. */
export class Stack extends pulumi.CustomResource {
    /** By service name, a short text that changes with the service's specification. */
    declare readonly services: pulumi.Output<Record<string, string>>;
    /** The same texts at the last deploy. If they differ from `services`, someone has changed the service since. */
    declare readonly deployed: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: StackArgs, opts?: pulumi.CustomResourceOptions) {
        const registryAuth =
            args.registryAuth &&
            Object.fromEntries(
                Object.entries(args.registryAuth).map(([server, { username, password }]) => [
                    server,
                    { username, password: pulumi.secret(password) },
                ]),
            );
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
