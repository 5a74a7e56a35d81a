// The lab's hosts: containers that behave like small Debian instances on EC2. They share one bridge network, in which each
// zone has a /24.

import { existsSync, readFileSync } from "node:fs";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { capabilitiesOn, LAB_HOST_OPTIONS } from "./capabilities";
import type { Facts } from "../../config/facts";
import { formatProblem } from "../../errors";
import { olderHosts } from "../../planning/makings";
import { labAddress, labGateway } from "../../planning/addresses";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import type { PlacedHost } from "../../planning/placement";
import { hostPorts, type HostPorts, publishedPorts } from "../../planning/ports";
import { renderMetaData } from "../../planning/userdata";
import { type Host, type Hosts, meetHost, prepareHost } from "../host";

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
    /** The id of the lab host's image on this machine's engine. */
    image: string;
    /** The lab's /20. */
    subnet: string;
    /** The first port of the lab's block on 127.0.0.1. */
    ports: number;
    /** Ports of existing hosts, by name: a host keeps the ports that it was made with. Default none. */
    standing?: Readonly<Record<string, HostPorts>>;
    /** The sample stack's published port on the hosts. */
    appPort: number;
    /** The registry's port on the hosts that run it. */
    registryPort: number;
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

/** The lab's network, and a container for each host, with its volumes and SSH host key. */
export class LabHosts extends pulumi.ComponentResource implements Hosts {
    readonly hosts: Host[];
    readonly foundation: docker.Network;
    private readonly containers = new Map<string, docker.Container>();

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
        this.nameOlder(args);
        this.registerOutputs({ facts: args.facts });
    }

    /** Says which hosts were made otherwise than a new one would be, and in what. */
    private nameOlder({ image, repositoryMount }: LabHostsArgs): void {
        const wanted = { image, capabilities: CAPABILITIES, repository: repositoryMount?.source };
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
            ssh: { host: LOOPBACK, port: ports.ssh, user: USER, privateKey: login.privateKeyOpenssh },
        };
        return meetHost(host, birth, { parent: this });
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
