// aws.ec2.Vpc, its internet gateway, and its route tables.
import type { InternetGateway, RouteTable, Vpc } from "@aws-sdk/client-ec2";
import type { Aws } from "./clients";
import { ec2Resource } from "./ec2";
import { retrying, unlessCode } from "./errors";

const IN_USE: [RegExp, number] = [/DependencyViolation/, 5];

export const vpc = ec2Resource<Vpc>({
    kind: "vpc",
    fixed: { cidrBlock: "CidrBlock", instanceTenancy: "InstanceTenancy" },
    changing: ["enableDnsHostnames", "enableDnsSupport"],
    outputs: { dhcpOptionsId: "DhcpOptionsId", ownerId: "OwnerId" },
    defaults: { enableDnsSupport: true, instanceTenancy: "default" },
    create: "createVpc",
    made: "Vpc",
    describe: "describeVpcs",
    list: "Vpcs",
    remove: "deleteVpc",
    id: "VpcId",
    busy: IN_USE,
    async finish({ ec2 }, VpcId, { enableDnsSupport, enableDnsHostnames }) {
        // A request changes one attribute, and host names need the support first.
        for (const [key, Value] of Object.entries({
            EnableDnsSupport: enableDnsSupport,
            EnableDnsHostnames: enableDnsHostnames,
        }))
            if (Value !== undefined) await ec2.modifyVpcAttribute({ VpcId, [key]: { Value } });
    },
    async more(_found, VpcId, { ec2 }) {
        const ask = (Attribute: "enableDnsHostnames" | "enableDnsSupport") =>
            ec2.describeVpcAttribute({ VpcId, Attribute });
        return {
            enableDnsHostnames: (await ask("enableDnsHostnames")).EnableDnsHostnames?.Value,
            enableDnsSupport: (await ask("enableDnsSupport")).EnableDnsSupport?.Value,
        };
    },
});

export const internetGateway = ec2Resource<InternetGateway>({
    kind: "internet-gateway",
    fixed: {},
    changing: ["vpcId"],
    outputs: { ownerId: "OwnerId" },
    create: "createInternetGateway",
    made: "InternetGateway",
    describe: "describeInternetGateways",
    list: "InternetGateways",
    remove: "deleteInternetGateway",
    id: "InternetGatewayId",
    more: (found) => ({ vpcId: vpcOf(found) ?? "" }),
    async finish(aws, InternetGatewayId, { vpcId }) {
        const attached = vpcOf(await internetGateway.find(aws, InternetGatewayId));
        if (attached === vpcId) return;
        if (attached) await detach(aws, InternetGatewayId, attached);
        if (vpcId) await aws.ec2.attachInternetGateway({ InternetGatewayId, VpcId: vpcId });
    },
    // EC2 refuses it while an address of the VPC is in use.
    before: async (aws, id, { vpcId }, { signal }) =>
        vpcId &&
        retrying(...IN_USE, signal, () =>
            unlessCode(/NotAttached|NotFound/, detach(aws, id, vpcId as string)),
        ),
});

function vpcOf(gateway: InternetGateway | undefined): string | undefined {
    return gateway?.Attachments?.[0]?.VpcId;
}

function detach({ ec2 }: Aws, InternetGatewayId: string, VpcId: string) {
    return ec2.detachInternetGateway({ InternetGatewayId, VpcId });
}

export const routeTable = ec2Resource<RouteTable>({
    kind: "route-table",
    fixed: { vpcId: "VpcId" },
    outputs: { ownerId: "OwnerId" },
    required: ["vpcId"],
    create: "createRouteTable",
    made: "RouteTable",
    describe: "describeRouteTables",
    list: "RouteTables",
    remove: "deleteRouteTable",
    id: "RouteTableId",
});
