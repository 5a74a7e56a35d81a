// The lab's hosts: containers that behave like small Debian instances on EC2, on one bridge network, each zone a /24.

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { LAB_HOST_CAPABILITIES, LAB_HOST_OPTIONS } from "./capabilities";
import type { Facts } from "../../config/facts";
import { labAddress, labGateway } from "../../planning/addresses";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import type { PlacedHost } from "../../planning/placement";
import { hostPorts, type HostPorts, publishedPorts } from "../../planning/ports";
import { renderMetaData } from "../../planning/userdata";
import { type Host, type Hosts, meetHost, prepareHost } from "../host";

const LOOPBACK = "127.0.0.1";
const USER = "admin";

export interface LabHostsArgs {
    /** The Pulumi stack's name: part of every object's name, and a label. */
    stack: string;
    /** The id of the copy of the project that it belongs to: a label. */
    project: string;
    /**
     * What Skep chose for the stack, which the next command reads from the state: an output of this component is there as
     * soon as the component is declared, also when the first up ends half way.
     */
    facts: Facts;
    /** The hosts to make, each with its zone. */
    hosts: readonly PlacedHost[];
    /** Reference of the lab host image on this machine's engine. */
    image: string;
    /** The lab's /20. */
    subnet: string;
    /** Where the block of ports on 127.0.0.1 begins. */
    ports: number;
    /** Ports of hosts that stand already, by the host's name: a host keeps those that it was made with. Default none. */
    standing?: Readonly<Record<string, HostPorts>>;
    /** The sample stack's published port on the hosts. */
    appPort: number;
    /** The registry's port on the hosts that run it. */
    registryPort: number;
    /** The engine's repository on this machine, where it is not Docker's own: mounted read-only on every host. */
    repositoryMount?: { source: string; target: string };
}

/**
 * What a host's container is made with and keeps: a later version of Skep says it in other words or wants something else,
 * and a change of any of them would make every host of a standing swarm anew, in one run. New hosts get the new ones.
 */
export const FOR_NEW_HOSTS = [
    "capabilities",
    "cgroupnsMode",
    "image",
    "labels",
    "mounts",
    // Not given; but the engine tells of a network here for hosts that were made straight in the lab's.
    "networkMode",
    "restart",
    "securityOpts",
    "stopSignal",
    "stopTimeout",
    "tmpfs",
    "uploads",
    "volumes",
];

/** The same for the network, which takes every host with it: an engine may also fill in what nobody asked for (IPv6). */
export const FOR_NEW_NETWORKS = ["attachable", "internal", "ipamConfigs", "ipv6", "labels", "options"];

/** A network, and for each host a container with its volumes and SSH host key. */
export class LabHosts extends pulumi.ComponentResource implements Hosts {
    readonly hosts: Host[];
    readonly foundation: docker.Network;

    constructor(name: string, args: LabHostsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:hosts:Lab", name, {}, opts);
        const parent = { parent: this };
        this.foundation = new docker.Network(
            `${name}-network`,
            {
                name: `skep-${args.stack}`,
                driver: "bridge",
                ipamConfigs: [{ subnet: args.subnet, gateway: labGateway(args.subnet) }],
                labels: labels(args),
            },
            { ...parent, deleteBeforeReplace: true, ignoreChanges: FOR_NEW_NETWORKS },
        );
        const key = new tls.PrivateKey(`${name}-login`, { algorithm: "ED25519" }, parent);
        this.hosts = args.hosts.map((host) => this.host(args, host, key));
        this.registerOutputs({ facts: args.facts });
    }

    private host(args: LabHostsArgs, placed: PlacedHost, login: tls.PrivateKey): Host {
        const { name } = placed;
        const ports = args.standing?.[name] ?? hostPorts(args.ports, placed);
        const birth = prepareHost(name, USER, login, { parent: this });
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
                image: args.image,
                labels: labels(args),
                networksAdvanced: [{ name: this.foundation.name, ipv4Address: address }],
                ports: publishedPorts(placed.role, ports, {
                    app: args.appPort,
                    registry: args.registryPort,
                }).map((port) => ({ ...port, ip: LOOPBACK })),
                // Entries of one kind each: ignored inputs are read back from the engine, which fills the keys of unlike
                // entries with empty texts, and the official provider then refuses those.
                volumes,
                mounts: source && target ? [{ type: "bind", source, target, readOnly: true }] : [],
                uploads: [
                    { file: `${SEED}/user-data`, content: birth.userData },
                    { file: `${SEED}/meta-data`, content: renderMetaData(`${args.stack}-${name}`, name) },
                ],
                capabilities: {
                    drops: ["ALL"],
                    adds: LAB_HOST_CAPABILITIES.map(({ name }) => `CAP_${name}`),
                },
                securityOpts: [...LAB_HOST_OPTIONS.securityOpts],
                cgroupnsMode: LAB_HOST_OPTIONS.cgroupnsMode,
                tmpfs: { ...LAB_HOST_OPTIONS.tmpfs },
                stopSignal: LAB_HOST_OPTIONS.stopSignal,
                stopTimeout: LAB_HOST_OPTIONS.stopTimeoutSeconds,
                restart: LAB_HOST_OPTIONS.restart,
                // Only a container that need not run keeps its ports in state while it is stopped.
                mustRun: false,
            },
            { parent: this, deleteBeforeReplace: true, ignoreChanges: FOR_NEW_HOSTS },
        );
        const host = {
            ...placed,
            id: container.id,
            address,
            resource: container,
            ports,
            ssh: { host: LOOPBACK, port: ports.ssh, user: USER, privateKey: login.privateKeyOpenssh },
        };
        return meetHost(host, birth, { parent: this });
    }
}

const SEED = "/var/lib/cloud/seed/nocloud";

function labels({ stack, project }: LabHostsArgs) {
    return [
        { label: STACK_LABEL, value: stack },
        { label: PROJECT_LABEL, value: project },
    ];
}
