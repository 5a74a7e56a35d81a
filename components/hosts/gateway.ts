// The lab's gateway: a container with HAProxy in the lab's network, which publishes the ports of swarm stacks on 127.0.0.1.
// It holds no state and needs no host, so it may be replaced at any time; that interrupts connections for about a second.

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { renderGateway } from "../../planning/gateway-config";
import { GATEWAY, ROLE_LABEL } from "../../planning/labels";
import { gatewayPlaces, type GatewayPort } from "../../planning/ports";
import { LAB_HOST_OPTIONS } from "./capabilities";

const CONFIGURATION = "/etc/haproxy/haproxy.cfg";
/** Measured: 6 MiB with 40 workers and without connections. */
const MEMORY_MEGABYTES = 64;

export interface GatewayArgs {
    /** The container's name. */
    name: string;
    /** Labels that every object of the lab has. */
    labels: { label: string; value: string }[];
    /** The id of the gateway's image on this machine's engine. */
    image: string;
    /** The name of the lab's network. */
    network: pulumi.Input<string>;
    /** The gateway's own address in the lab's network. */
    address: string;
    /** The address on which it publishes all ports. */
    ip: string;
    /** The ports to publish. */
    ports: readonly GatewayPort[];
    /** The addresses of the lab's hosts, by name. */
    hosts: Readonly<Record<string, string>>;
}

/** Publishes every port of a swarm stack twice: balanced over the nodes that answer, and for each node alone. */
export class Gateway extends pulumi.ComponentResource {
    constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:lab:Gateway", name, {}, opts);
        new docker.Container(
            name,
            {
                name: args.name,
                hostname: GATEWAY,
                image: args.image,
                labels: [...args.labels, { label: ROLE_LABEL, value: GATEWAY }],
                networksAdvanced: [{ name: args.network, ipv4Address: args.address }],
                ports: gatewayPlaces(args.ports).map((place) => ({
                    internal: place,
                    external: place,
                    ip: args.ip,
                })),
                uploads: [{ file: CONFIGURATION, content: renderGateway(args.ports, args.hosts) }],
                capabilities: { drops: ["ALL"] },
                memory: MEMORY_MEGABYTES,
                memorySwap: MEMORY_MEGABYTES,
                restart: LAB_HOST_OPTIONS.restart,
                // With `mustRun`, a stopped container would lose its ports in the state.
                mustRun: false,
            },
            {
                parent: this,
                deleteBeforeReplace: true,
                // An engine says -1 if its kernel cannot limit swap.
                ignoreChanges: ["memorySwap"],
            },
        );
        this.registerOutputs();
    }
}
