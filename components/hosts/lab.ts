// The lab's hosts: containers that behave like small Debian instances on EC2, on one bridge network, each zone a /24.

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { LAB_HOST_CAPABILITIES, LAB_HOST_OPTIONS } from "../../lab/capabilities";
import { labAddress, labGateway } from "../../planning/addresses";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import type { PlacedHost } from "../../planning/placement";
import { hostPorts } from "../../planning/ports";
import { renderMetaData } from "../../planning/userdata";
import { type Host, type Hosts, meetHost, prepareHost } from "../host";

const LOOPBACK = "127.0.0.1";
const USER = "admin";

export interface LabHostsArgs {
    /** The Pulumi stack's name: part of every object's name, and a label. */
    stack: string;
    /** The id of the copy of the project that it belongs to: a label. */
    project: string;
    /** The hosts to make, each with its zone. */
    hosts: readonly PlacedHost[];
    /** Reference of the lab host image on this machine's engine. */
    image: string;
    /** The lab's /20. */
    subnet: string;
    /** Where the block of ports on 127.0.0.1 begins. */
    ports: number;
    /** The sample stack's published port on the hosts. */
    appPort: number;
    /** The registry's port on the hosts that run it. */
    registryPort: number;
    /** The engine's repository on this machine, where it is not Docker's own: mounted read-only on every host. */
    repositoryMount?: { source: string; target: string };
}

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
            { ...parent, deleteBeforeReplace: true },
        );
        const key = new tls.PrivateKey(`${name}-login`, { algorithm: "ED25519" }, parent);
        this.hosts = args.hosts.map((host) => this.host(args, host, key));
        this.registerOutputs();
    }

    private host(args: LabHostsArgs, placed: PlacedHost, login: tls.PrivateKey): Host {
        const { name } = placed;
        const ports = hostPorts(args.ports, placed);
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
                ports: publishedPorts(args, placed),
                volumes: [
                    ...volumes,
                    ...(source ? [{ hostPath: source, containerPath: target, readOnly: true }] : []),
                ],
                uploads: [
                    { file: `${SEED}/user-data`, content: birth.userData },
                    { file: `${SEED}/meta-data`, content: renderMetaData(`${args.stack}-${name}`, name) },
                ],
                capabilities: {
                    drops: ["ALL"],
                    adds: LAB_HOST_CAPABILITIES.map((capability) => capability.name),
                },
                securityOpts: [...LAB_HOST_OPTIONS.securityOpts],
                cgroupnsMode: LAB_HOST_OPTIONS.cgroupnsMode,
                tmpfs: { ...LAB_HOST_OPTIONS.tmpfs },
                stopSignal: LAB_HOST_OPTIONS.stopSignal,
                stopTimeout: LAB_HOST_OPTIONS.stopTimeoutSeconds,
                restart: LAB_HOST_OPTIONS.restart,
                // A stopped host is started again, not made anew: the official provider drops stopped ones from state.
                mustRun: false,
            },
            {
                parent: this,
                deleteBeforeReplace: true,
                // A newer image or repository is for new hosts: it must never replace all managers of a swarm in one run.
                ignoreChanges: ["image", "volumes"],
            },
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

function publishedPorts(args: LabHostsArgs, host: PlacedHost) {
    const ports = hostPorts(args.ports, host);
    const publish = (internal: number, external: number) => ({ internal, external, ip: LOOPBACK });
    return [
        publish(22, ports.ssh),
        publish(args.appPort, ports.app),
        publish(args.registryPort, ports.registry),
        ...(host.role === "manager" ? [publish(2376, ports.engine)] : []),
    ];
}
