// The VPC: a subnet for hosts in every zone, public or private, and the routes to the internet.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { managerRange, subnetRange } from "../../../planning/aws-addresses";
import type { AwsSettings } from "../../../config/aws";
import { type Tagging, tagsFor } from "./tags";

export interface NetworkArgs {
    /** Tags of all its resources. */
    tagging: Tagging;
    /** The VPC's range, the kind of the hosts' subnets, and the number of NAT gateways. */
    network: AwsSettings["network"];
    /** The zones of the hosts. Their number is known before their names. */
    zones: readonly HostZone[];
    /** Whether subnets stay in the zones that the first up chose, even if AWS lists others later. */
    keepZones: boolean;
}

export interface HostZone {
    name: pulumi.Input<string>;
    /** Its place among the VPC's ranges, counted from 0. Adding or removing other zones does not change it. */
    index: number;
}

/** A subnet for hosts. */
export interface HostSubnet {
    /** The index of its zone. */
    index: number;
    id: pulumi.Output<string>;
    range: string;
    zone: pulumi.Output<string>;
}

const EVERYWHERE = "0.0.0.0/0";

/** A VPC with subnets in every zone, and their routes. */
export class Network extends pulumi.ComponentResource {
    readonly vpc: aws.ec2.Vpc;
    /** The hosts' subnets, one for each zone. */
    readonly subnets: HostSubnet[];
    /** Subnets that the internet reaches, one for each zone. */
    readonly publicSubnets: HostSubnet[];
    /** Hosts depend on these: they must exist before a host boots, and as long as it does. */
    readonly routes: pulumi.Resource[] = [];

    constructor(
        private readonly name: string,
        private readonly args: NetworkArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("skep:aws:Network", name, {}, opts);
        const parent = { parent: this };
        this.vpc = new aws.ec2.Vpc(
            `${name}-vpc`,
            {
                cidrBlock: args.network.range,
                enableDnsSupport: true,
                enableDnsHostnames: true,
                tags: tagsFor(args.tagging, "vpc"),
            },
            parent,
        );
        const gateway = new aws.ec2.InternetGateway(
            `${name}-gateway`,
            { vpcId: this.vpc.id, tags: tagsFor(args.tagging, "gateway") },
            parent,
        );
        const toInternet = this.routeTable("public", { gatewayId: gateway.id });
        this.publicSubnets = args.zones.map((zone) => this.subnet("public", zone, toInternet));
        this.subnets = args.network.subnets === "public" ? this.publicSubnets : this.privateSubnets(gateway);
        for (const subnet of this.subnets) this.reserveManagers(subnet);
        this.registerOutputs();
    }

    /** With a single NAT gateway, the loss of its zone cuts all zones off from the internet; with one in each, only its own. */
    private privateSubnets(gateway: pulumi.Resource): HostSubnet[] {
        const { args } = this;
        const count = args.network.nat === "zone" ? args.zones.length : 1;
        const gateways = this.publicSubnets.slice(0, count).map((subnet) => this.nat(subnet, gateway));
        return args.zones.map((zone, i) => {
            const nat = gateways[i] ?? gateways[0];
            const routes = this.routeTable(`private-${zone.index + 1}`, { natGatewayId: nat?.id });
            return this.subnet("private", zone, routes);
        });
    }

    private nat(subnet: HostSubnet, gateway: pulumi.Resource): aws.ec2.NatGateway {
        const i = subnet.index;
        const address = new aws.ec2.Eip(
            `${this.name}-nat-address-${i + 1}`,
            { domain: "vpc", tags: tagsFor(this.args.tagging, `nat-${i + 1}`) },
            { parent: this, dependsOn: [gateway] },
        );
        return new aws.ec2.NatGateway(
            `${this.name}-nat-${i + 1}`,
            {
                allocationId: address.id,
                subnetId: subnet.id,
                tags: tagsFor(this.args.tagging, `nat-${i + 1}`),
            },
            { parent: this, dependsOn: [gateway] },
        );
    }

    private routeTable(
        what: string,
        out: { gatewayId?: pulumi.Input<string>; natGatewayId?: pulumi.Input<string> },
    ) {
        const table = new aws.ec2.RouteTable(
            `${this.name}-routes-${what}`,
            { vpcId: this.vpc.id, tags: tagsFor(this.args.tagging, what) },
            { parent: this },
        );
        this.routes.push(
            new aws.ec2.Route(
                `${this.name}-route-${what}`,
                { routeTableId: table.id, destinationCidrBlock: EVERYWHERE, ...out },
                { parent: this },
            ),
        );
        return table;
    }

    private subnet(kind: "public" | "private", zone: HostZone, routes: aws.ec2.RouteTable): HostSubnet {
        const { name, args } = this;
        const i = zone.index;
        const range = subnetRange(args.network.range, kind, i);
        const subnet = new aws.ec2.Subnet(
            `${name}-${kind}-${i + 1}`,
            {
                vpcId: this.vpc.id,
                cidrBlock: range,
                availabilityZone: zone.name,
                tags: tagsFor(args.tagging, `${kind}-${i + 1}`),
            },
            { parent: this, ignoreChanges: args.keepZones ? ["availabilityZone"] : [] },
        );
        this.routes.push(
            new aws.ec2.RouteTableAssociation(
                `${name}-association-${kind}-${i + 1}`,
                { subnetId: subnet.id, routeTableId: routes.id },
                { parent: this },
            ),
        );
        return { index: i, id: subnet.id, range, zone: subnet.availabilityZone };
    }

    /** EC2 chooses workers' addresses, and must not give them a manager's while that manager is being replaced. */
    private reserveManagers(subnet: HostSubnet): void {
        this.routes.push(
            new aws.ec2.SubnetCidrReservation(
                `${this.name}-managers-${subnet.index + 1}`,
                {
                    subnetId: subnet.id,
                    cidrBlock: managerRange(subnet.range),
                    reservationType: "explicit",
                    description: "Fixed addresses of swarm managers",
                },
                { parent: this },
            ),
        );
    }
}
