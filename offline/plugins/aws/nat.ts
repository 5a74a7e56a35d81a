// NAT gateways and the addresses that they go out by.
import {
    AllocateAddressCommand,
    CreateNatGatewayCommand,
    DeleteNatGatewayCommand,
    DescribeAddressesCommand,
    DescribeNatGatewaysCommand,
    type NatGateway,
    ReleaseAddressCommand,
} from "@aws-sdk/client-ec2";
import type { Aws } from "./clients";
import { retrying, unlessGone, until } from "./errors";
import { awsResource, ec2Arn, must } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

/** A NAT gateway takes minutes to come and to go. */
const GATEWAY_SECONDS = 900;
const RELEASED_SECONDS = 60;

export const eip = awsResource({
    inputs: ["domain", "tags"],
    computed: ["allocationId", "arn", "publicIp", "tagsAll"],
    replaceOn: ["domain"],
    async create({ ec2 }, inputs) {
        const { AllocationId } = await ec2.send(
            new AllocateAddressCommand({
                Domain: inputs.domain,
                TagSpecifications: tagSpecification("elastic-ip", inputs),
            }),
        );
        return must(AllocationId, "the address's id");
    },
    update: retag,
    async describe(aws, id) {
        const { Addresses = [] } = await aws.ec2.send(new DescribeAddressesCommand({ AllocationIds: [id] }));
        const [found] = Addresses;
        return (
            found && {
                allocationId: id,
                arn: ec2Arn(aws, undefined, "elastic-ip", id),
                domain: found.Domain,
                publicIp: found.PublicIp,
                ...tagOutputs(found.Tags),
            }
        );
    },
    // EC2 frees an address a moment after its gateway is gone.
    remove: ({ ec2 }, AllocationId, _state, { signal }) =>
        retrying(/InUse|AuthFailure/, RELEASED_SECONDS, signal, () =>
            ec2.send(new ReleaseAddressCommand({ AllocationId })),
        ),
});

export const natGateway = awsResource({
    inputs: ["allocationId", "connectivityType", "subnetId", "tags"],
    required: ["subnetId"],
    defaults: { connectivityType: "public" },
    computed: ["networkInterfaceId", "privateIp", "publicIp", "tagsAll"],
    replaceOn: ["allocationId", "connectivityType", "subnetId"],
    async create({ ec2 }, inputs) {
        const { NatGateway } = await ec2.send(
            new CreateNatGatewayCommand({
                AllocationId: inputs.allocationId,
                ConnectivityType: inputs.connectivityType,
                SubnetId: inputs.subnetId,
                TagSpecifications: tagSpecification("natgateway", inputs),
            }),
        );
        return must(NatGateway?.NatGatewayId, "the NAT gateway's id");
    },
    async finish(aws, id, _inputs, { signal }) {
        await until(`the NAT gateway ${id} to be available`, GATEWAY_SECONDS, signal, async () => {
            const found = await gatewayOf(aws, id);
            if (found?.State === "failed")
                throw new Error(`the NAT gateway ${id} failed: ${found.FailureCode} ${found.FailureMessage}`);
            return found?.State === "available" ? found : undefined;
        });
    },
    update: retag,
    async describe(aws, id) {
        const found = await gatewayOf(aws, id);
        if (!found || found.State === "deleted" || found.State === "failed") return undefined;
        const [address] = found.NatGatewayAddresses ?? [];
        return {
            networkInterfaceId: address?.NetworkInterfaceId,
            privateIp: address?.PrivateIp,
            publicIp: address?.PublicIp,
            subnetId: found.SubnetId,
            ...tagOutputs(found.Tags),
        };
    },
    async remove(aws, id, _state, { signal }) {
        await aws.ec2.send(new DeleteNatGatewayCommand({ NatGatewayId: id }));
        await until(`the NAT gateway ${id} to be gone`, GATEWAY_SECONDS, signal, async () => {
            const found = await unlessGone(gatewayOf(aws, id));
            return !found || found.State === "deleted" ? true : undefined;
        });
    },
});

async function gatewayOf({ ec2 }: Aws, id: string): Promise<NatGateway | undefined> {
    return (await ec2.send(new DescribeNatGatewaysCommand({ NatGatewayIds: [id] }))).NatGateways?.[0];
}
