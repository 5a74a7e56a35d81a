// The network load balancer in front of the published ports, over all zones.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { PlacedHost } from "../../../planning/placement";
import { type Tagging, tagsFor } from "./tags";

export interface BalancerArgs {
    /** Tags of all its resources. */
    tagging: Tagging;
    /** The VPC of the targets. */
    vpcId: pulumi.Input<string>;
    /** A public subnet in each zone; the balancer has an address in each. */
    subnetIds: pulumi.Input<string>[];
    /** Its security group; the nodes open the published ports to it. */
    groupId: pulumi.Input<string>;
    /** TCP ports on which it listens. It forwards each to the same port of the targets. */
    ports: readonly number[];
    /** All hosts. With the routing mesh all of them answer; without it the health check finds the hosts that do. */
    targets: readonly { host: Pick<PlacedHost, "name">; id: pulumi.Output<string> }[];
}

const CHECK_SECONDS = 10;
const DRAIN_SECONDS = 30;

/** A network load balancer with health checks. It sends the traffic of a zone without healthy hosts to other zones. */
export class Balancer extends pulumi.ComponentResource {
    readonly dnsName: pulumi.Output<string>;

    constructor(
        private readonly name: string,
        private readonly args: BalancerArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("skep:aws:Balancer", name, {}, opts);
        const balancer = new aws.lb.LoadBalancer(
            name,
            {
                loadBalancerType: "network",
                internal: false,
                subnets: args.subnetIds,
                securityGroups: [args.groupId],
                // When a zone has no healthy host, its address forwards to hosts in other zones.
                enableCrossZoneLoadBalancing: true,
                tags: tagsFor(args.tagging, "balancer"),
            },
            { parent: this },
        );
        this.dnsName = balancer.dnsName;
        for (const port of args.ports) this.forward(port, balancer);
        this.registerOutputs();
    }

    private forward(port: number, balancer: aws.lb.LoadBalancer): void {
        const { name, args } = this;
        const parent = { parent: this };
        const group = new aws.lb.TargetGroup(
            `${name}-${port}`,
            {
                port,
                protocol: "TCP",
                targetType: "instance",
                vpcId: args.vpcId,
                deregistrationDelay: DRAIN_SECONDS,
                healthCheck: {
                    protocol: "TCP",
                    port: "traffic-port",
                    interval: CHECK_SECONDS,
                    healthyThreshold: 2,
                    unhealthyThreshold: 2,
                },
                tags: tagsFor(args.tagging, `port-${port}`),
            },
            parent,
        );
        new aws.lb.Listener(
            `${name}-listener-${port}`,
            {
                loadBalancerArn: balancer.arn,
                port,
                protocol: "TCP",
                defaultActions: [{ type: "forward", targetGroupArn: group.arn }],
                tags: tagsFor(args.tagging, `port-${port}`),
            },
            parent,
        );
        for (const { host, id } of args.targets)
            new aws.lb.TargetGroupAttachment(
                `${name}-${port}-${host.name}`,
                { targetGroupArn: group.arn, targetId: id, port },
                parent,
            );
    }
}
