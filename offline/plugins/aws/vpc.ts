// aws.ec2.Vpc and the internet gateway on it.
import {
    AttachInternetGatewayCommand,
    CreateInternetGatewayCommand,
    CreateVpcCommand,
    DeleteInternetGatewayCommand,
    DeleteVpcCommand,
    DescribeInternetGatewaysCommand,
    DescribeVpcAttributeCommand,
    DescribeVpcsCommand,
    DetachInternetGatewayCommand,
    ModifyVpcAttributeCommand,
} from "@aws-sdk/client-ec2";
import type { Aws } from "./clients";
import { retrying, unless } from "./errors";
import { awsResource, ec2Arn, must } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

const IN_USE_SECONDS = 5;

export const vpc = awsResource({
    inputs: ["cidrBlock", "enableDnsHostnames", "enableDnsSupport", "instanceTenancy", "tags"],
    defaults: { enableDnsSupport: true, instanceTenancy: "default" },
    computed: ["arn", "dhcpOptionsId", "ownerId", "tagsAll"],
    observed: ["tags", "enableDnsHostnames", "enableDnsSupport"],
    replaceOn: ["cidrBlock", "instanceTenancy"],
    async create({ ec2 }, inputs) {
        const { Vpc } = await ec2.send(
            new CreateVpcCommand({
                CidrBlock: inputs.cidrBlock,
                InstanceTenancy: inputs.instanceTenancy,
                TagSpecifications: tagSpecification("vpc", inputs),
            }),
        );
        return must(Vpc?.VpcId, "the VPC's id");
    },
    async finish({ ec2 }, VpcId, { enableDnsSupport, enableDnsHostnames }) {
        // One attribute a request; host names need the support first.
        if (enableDnsSupport !== undefined)
            await ec2.send(
                new ModifyVpcAttributeCommand({ VpcId, EnableDnsSupport: { Value: enableDnsSupport } }),
            );
        if (enableDnsHostnames !== undefined)
            await ec2.send(
                new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: enableDnsHostnames } }),
            );
    },
    update: retag,
    async describe(aws, id) {
        const { Vpcs = [] } = await aws.ec2.send(new DescribeVpcsCommand({ VpcIds: [id] }));
        const [found] = Vpcs;
        if (!found) return undefined;
        return {
            arn: ec2Arn(aws, found.OwnerId, "vpc", id),
            cidrBlock: found.CidrBlock,
            dhcpOptionsId: found.DhcpOptionsId,
            enableDnsHostnames: await attribute(aws, id, "enableDnsHostnames", "EnableDnsHostnames"),
            enableDnsSupport: await attribute(aws, id, "enableDnsSupport", "EnableDnsSupport"),
            instanceTenancy: found.InstanceTenancy,
            ownerId: found.OwnerId,
            ...tagOutputs(found.Tags),
        };
    },
    remove: ({ ec2 }, VpcId, _state, { signal }) =>
        retrying(/DependencyViolation/, IN_USE_SECONDS, signal, () =>
            ec2.send(new DeleteVpcCommand({ VpcId })),
        ),
});

async function attribute(
    { ec2 }: Aws,
    VpcId: string,
    Attribute: "enableDnsHostnames" | "enableDnsSupport",
    key: "EnableDnsHostnames" | "EnableDnsSupport",
): Promise<boolean | undefined> {
    return (await ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute })))[key]?.Value;
}

export const internetGateway = awsResource({
    inputs: ["vpcId", "tags"],
    computed: ["arn", "ownerId", "tagsAll"],
    observed: ["tags", "vpcId"],
    async create({ ec2 }, inputs) {
        const { InternetGateway } = await ec2.send(
            new CreateInternetGatewayCommand({
                TagSpecifications: tagSpecification("internet-gateway", inputs),
            }),
        );
        return must(InternetGateway?.InternetGatewayId, "the internet gateway's id");
    },
    async finish({ ec2 }, InternetGatewayId, { vpcId }) {
        const attached = await attachedTo(ec2, InternetGatewayId);
        if (attached === vpcId) return;
        if (attached)
            await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId: attached }));
        if (vpcId) await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId }));
    },
    update: retag,
    async describe(aws, id) {
        const answer = await aws.ec2.send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }));
        const [found] = answer.InternetGateways ?? [];
        if (!found) return undefined;
        return {
            arn: ec2Arn(aws, found.OwnerId, "internet-gateway", id),
            ownerId: found.OwnerId,
            vpcId: found.Attachments?.[0]?.VpcId ?? "",
            ...tagOutputs(found.Tags),
        };
    },
    async remove({ ec2 }, InternetGatewayId, { vpcId }, { signal }) {
        // EC2 refuses as long as a public address of the VPC is mapped.
        if (vpcId)
            await retrying(/DependencyViolation/, IN_USE_SECONDS, signal, () =>
                unless(
                    /NotAttached|NotFound/,
                    ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId })),
                ),
            );
        await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
    },
});

async function attachedTo(ec2: Aws["ec2"], id: string): Promise<string | undefined> {
    const answer = await ec2.send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }));
    return answer.InternetGateways?.[0]?.Attachments?.[0]?.VpcId;
}
