// The lab's hosts: containers that behave like small Debian instances on EC2. They share one bridge network, in which each
// zone has a /24.

import { existsSync, readFileSync } from "node:fs";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { capabilitiesOn, LAB_HOST_OPTIONS } from "./capabilities";
import type { Facts } from "../../config/facts";
import { formatProblem } from "../../errors";
import { olderHosts } from "../../planning/makings";
import { labAddress, labBridge, labGateway } from "../../planning/addresses";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import type { PlacedHost } from "../../planning/placement";
import {
    type GatewayPort,
    hostPorts,
    portsFrom,
    publishedPorts,
    type PublishedPort,
} from "../../planning/ports";
import { renderMetaData } from "../../planning/userdata";
import {
    type Host,
    type Hosts,
    type Logins,
    makeLogins,
    meetHost,
    prepareHost,
    type PublishedAddress,
} from "../host";
import { Gateway } from "./gateway";

const LOOPBACK = "127.0.0.1";
const USER = "admin";

const CAPABILITIES = capabilitiesOn(machineStatus()).map((name) => `CAP_${name}`);

export interface LabHostsArgs {
    /** The Pulumi stack's name. It becomes part of every object's name, and a label. */
    stack: string;
    /** The id of this clone of the project. It becomes a label. */
    project: string;
    /**
     * What Skep chose for the stack, which the next command reads from the state: an output of this component is there as
     * soon as the component is declared, also when the first up ends half way.
     */
    facts: Facts;
    /** The hosts to create, with their zones. */
    hosts: readonly PlacedHost[];
    /** Names of the hosts that this run makes anew if they differ from what a new host gets. */
    renewed: readonly string[];
    /** The ids of images on this machine's engine. */
    images: {
        /** Of the lab's hosts. */
        host: string;
        /** Of the lab's gateway. */
        gateway: string;
    };
    /** The lab's /20. */
    subnet: string;
    /** The first port of the lab's block on 127.0.0.1. */
    ports: number;
    /** What existing hosts publish, by name: a host keeps the ports that it was made with. Default none. */
    standing?: Readonly<Record<string, readonly PublishedPort[]>>;
    /** The ports of swarm stacks, and where the gateway publishes them. */
    gateway: readonly GatewayPort[];
    /** A folder of this machine with the repository of docker-ce; every host mounts it read-only. Default: none is mounted. */
    repositoryMount?: { source: string; target: string };
}

/**
 * Inputs that Skep applies to new hosts only; a standing host keeps what it was made with. A later version of Skep may
 * change their wording or their values, and a change to any of them would replace every host of a standing swarm in one run.
 */
export const FOR_NEW_HOSTS = [
    "capabilities",
    "cgroupnsMode",
    "image",
    "labels",
    "mounts",
    // The program does not set it, but the engine reports a network here for hosts that were created in the lab's network.
    "networkMode",
    "restart",
    "securityOpts",
    "stopSignal",
    "stopTimeout",
    "tmpfs",
    "uploads",
    "volumes",
];

/**
 * The same for the network: replacing it would replace every host. An engine may also fill in values that the program does
 * not set (IPv6).
 */
export const FOR_NEW_NETWORKS = ["attachable", "internal", "ipamConfigs", "ipv6", "labels", "options"];

/** The lab's network, a container for each host, with its volumes and SSH host key, and the gateway. */
export class LabHosts extends pulumi.ComponentResource implements Hosts {
    readonly hosts: Host[];
    readonly foundation: docker.Network;
    readonly published: PublishedAddress[];
    private readonly containers = new Map<string, docker.Container>();

    constructor(name: string, args: LabHostsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:hosts:Lab", name, {}, opts);
        const parent = { parent: this };
        this.foundation = new docker.Network(
            `${name}-network`,
            {
                name: `skep-${args.stack}`,
                driver: "bridge",
                ipamConfigs: [{ subnet: args.subnet, gateway: labBridge(args.subnet) }],
                labels: labels(args),
            },
            { ...parent, deleteBeforeReplace: true, ignoreChanges: FOR_NEW_NETWORKS },
        );
        const logins = makeLogins(name, args.facts.rotations, parent);
        this.hosts = args.hosts.map((host) => this.host(args, host, logins));
        new Gateway(
            `${name}-gateway`,
            {
                name: `skep-${args.stack}-gateway`,
                labels: labels(args),
                image: args.images.gateway,
                network: this.foundation.name,
                address: labGateway(args.subnet),
                ip: LOOPBACK,
                ports: args.gateway,
                hosts: Object.fromEntries(
                    args.hosts.map((host) => [host.name, labAddress(args.subnet, host)]),
                ),
            },
            parent,
        );
        this.published = args.gateway.map(({ stack, port, balanced, nodes }) => ({
            stack,
            port,
            balanced: { host: LOOPBACK, port: balanced },
            nodes: Object.fromEntries(
                Object.entries(nodes).map(([host, place]) => [host, { host: LOOPBACK, port: place }]),
            ),
        }));
        this.nameOlder(args);
        this.registerOutputs({ facts: args.facts });
    }

    /** Says which hosts were made otherwise than a new one would be, and in what. */
    private nameOlder({ images, repositoryMount }: LabHostsArgs): void {
        const wanted = {
            image: images.host,
            capabilities: CAPABILITIES,
            repository: repositoryMount?.source,
        };
        const hosts = [...this.containers].map(([name, container]) =>
            pulumi
                .all([container.image, container.capabilities, container.mounts])
                .apply(([hasImage, has, mounts]) => {
                    const repository = mounts?.find(
                        ({ target }) => target === repositoryMount?.target,
                    )?.source;
                    return { name, made: { image: hasImage, capabilities: has?.adds ?? [], repository } };
                }),
        );
        pulumi.all(hosts).apply((made) => {
            for (const problem of olderHosts(made, wanted))
                void pulumi.log.warn(formatProblem(problem), this);
        });
    }

    private host(args: LabHostsArgs, placed: PlacedHost, logins: Logins): Host {
        const { name } = placed;
        const published = args.standing?.[name] ?? publishedPorts(hostPorts(args.ports, placed));
        const ports = portsFrom(published);
        const birth = prepareHost(name, USER, logins.present, { parent: this });
        const address = labAddress(args.subnet, placed);
        const volumes = LAB_HOST_OPTIONS.volumes.map((containerPath) => ({
            containerPath,
            volumeName: new docker.Volume(
                `${name}-${containerPath.split("/").at(-1)}`,
                {
                    name: `skep-${args.stack}-${name}-${containerPath.split("/").at(-1)}`,
                    labels: labels(args),
                },
                { parent: this, deleteBeforeReplace: true },
            ).name,
        }));
        const { source, target } = args.repositoryMount ?? {};
        const container = new docker.Container(
            name,
            {
                name: `skep-${args.stack}-${name}`,
                hostname: name,
                image: args.images.host,
                labels: labels(args),
                networksAdvanced: [{ name: this.foundation.name, ipv4Address: address }],
                ports: published.map((port) => ({ ...port, ip: LOOPBACK })),
                // All entries of a list must have the same keys. Ignored inputs are read back from the engine, which fills
                // missing keys with empty texts, and the official provider refuses those.
                volumes,
                mounts: source && target ? [{ type: "bind", source, target, readOnly: true }] : [],
                uploads: [
                    { file: `${SEED}/user-data`, content: birth.userData },
                    { file: `${SEED}/meta-data`, content: renderMetaData(`${args.stack}-${name}`, name) },
                ],
                capabilities: {
                    drops: ["ALL"],
                    adds: CAPABILITIES,
                },
                securityOpts: [...LAB_HOST_OPTIONS.securityOpts],
                cgroupnsMode: LAB_HOST_OPTIONS.cgroupnsMode,
                tmpfs: { ...LAB_HOST_OPTIONS.tmpfs },
                stopSignal: LAB_HOST_OPTIONS.stopSignal,
                stopTimeout: LAB_HOST_OPTIONS.stopTimeoutSeconds,
                restart: LAB_HOST_OPTIONS.restart,
                // With `mustRun`, a stopped container would lose its ports in the state.
                mustRun: false,
            },
            {
                parent: this,
                deleteBeforeReplace: true,
                ignoreChanges: args.renewed.includes(name) ? [] : FOR_NEW_HOSTS,
            },
        );
        this.containers.set(name, container);
        const host = {
            ...placed,
            id: container.id,
            address,
            resource: container,
            ports,
            ssh: {
                host: LOOPBACK,
                port: ports.ssh,
                user: USER,
                privateKey: logins.present.privateKeyOpenssh,
            },
        };
        return meetHost(host, birth, logins, { parent: this });
    }
}

/** What Linux says about this process. Other systems say nothing. */
function machineStatus(): string | undefined {
    const path = "/proc/self/status";
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

const SEED = "/var/lib/cloud/seed/nocloud";

function labels({ stack, project }: LabHostsArgs) {
    return [
        { label: STACK_LABEL, value: stack },
        { label: PROJECT_LABEL, value: project },
    ];
}
