// NAT gateways and the addresses that they go out by.
import type { Address, NatGateway } from "@aws-sdk/client-ec2";
import { until } from "../shared";
import { type Ec2Resource, ec2Resource } from "./ec2";
import { unlessGone } from "./errors";

/** EC2 takes minutes to make or delete a NAT gateway. */
const GATEWAY_SECONDS = 900;
/** EC2 frees an address a moment after its gateway is gone. */
const RELEASED_SECONDS = 60;

export const eip = ec2Resource<Address>({
    kind: "elastic-ip",
    fixed: { domain: "Domain" },
    outputs: { allocationId: "AllocationId", publicIp: "PublicIp" },
    create: "allocateAddress",
    describe: "describeAddresses",
    list: "Addresses",
    remove: "releaseAddress",
    id: "AllocationId",
    busy: [/InUse|AuthFailure/, RELEASED_SECONDS],
});

export const natGateway: Ec2Resource<NatGateway> = ec2Resource<NatGateway>({
    kind: "natgateway",
    hasNoArn: true,
    fixed: { allocationId: "AllocationId", connectivityType: "ConnectivityType", subnetId: "SubnetId" },
    outputs: {},
    required: ["subnetId"],
    defaults: { connectivityType: "public" },
    create: "createNatGateway",
    made: "NatGateway",
    describe: "describeNatGateways",
    list: "NatGateways",
    remove: "deleteNatGateway",
    id: "NatGatewayId",
    computed: ["networkInterfaceId", "privateIp", "publicIp"],
    more({ NatGatewayAddresses: [address] = [] }) {
        return {
            networkInterfaceId: address?.NetworkInterfaceId,
            privateIp: address?.PrivateIp,
            publicIp: address?.PublicIp,
        };
    },
    isGone: ({ State }) => State === "deleted" || State === "failed",
    finish: (aws, id, _inputs, { signal }) =>
        until(`the NAT gateway ${id} to be available`, GATEWAY_SECONDS, signal, async () => {
            const found = await natGateway.find(aws, id);
            if (found?.State === "failed")
                throw new Error(`the NAT gateway ${id} failed: ${found.FailureCode} ${found.FailureMessage}`);
            return found?.State === "available" ? found : undefined;
        }),
    after: (aws, id, _state, { signal }) =>
        until(`the NAT gateway ${id} to be gone`, GATEWAY_SECONDS, signal, async () => {
            const found = await unlessGone(natGateway.find(aws, id));
            return !found || found.State === "deleted" ? true : undefined;
        }),
});
