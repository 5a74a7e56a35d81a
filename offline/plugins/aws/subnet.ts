// aws.ec2.Subnet and the ranges reserved in it.
import type { Subnet, SubnetCidrReservationType } from "@aws-sdk/client-ec2";
import { until } from "../shared";
import { ec2Resource } from "./ec2";
import { IN_USE, untilUnused } from "./in-use";
import { awsResource } from "./resource";

const AVAILABLE_SECONDS = 60;

export const subnet = ec2Resource<Subnet>({
    kind: "subnet",
    fixed: { availabilityZone: "AvailabilityZone", cidrBlock: "CidrBlock", vpcId: "VpcId" },
    changing: ["mapPublicIpOnLaunch"],
    outputs: {
        arn: "SubnetArn",
        availabilityZoneId: "AvailabilityZoneId",
        mapPublicIpOnLaunch: "MapPublicIpOnLaunch",
        ownerId: "OwnerId",
    },
    required: ["vpcId"],
    defaults: { mapPublicIpOnLaunch: false },
    deleteBeforeReplace: true,
    create: "createSubnet",
    made: "Subnet",
    describe: "describeSubnets",
    list: "Subnets",
    remove: "deleteSubnet",
    id: "SubnetId",
    async finish(aws, SubnetId, { mapPublicIpOnLaunch }, { signal }) {
        const found = await until(`${SubnetId} to be available`, AVAILABLE_SECONDS, signal, async () => {
            const now = await subnet.find(aws, SubnetId);
            return now?.State === "available" ? now : undefined;
        });
        if (found.MapPublicIpOnLaunch !== mapPublicIpOnLaunch)
            await aws.ec2.modifySubnetAttribute({
                SubnetId,
                MapPublicIpOnLaunch: { Value: mapPublicIpOnLaunch },
            });
    },
    before: (aws, id, _state, { signal }) => untilUnused(aws, "subnet", id, signal),
    busy: IN_USE,
});

const RESERVATION = ["cidrBlock", "description", "reservationType", "subnetId"];

export const subnetCidrReservation = awsResource({
    inputs: RESERVATION,
    required: ["cidrBlock", "reservationType", "subnetId"],
    computed: ["ownerId"],
    observed: [],
    replaceOn: RESERVATION,
    deleteBeforeReplace: true,
    async create({ ec2 }, inputs) {
        const { SubnetCidrReservation } = await ec2.createSubnetCidrReservation({
            SubnetId: inputs.subnetId,
            Cidr: inputs.cidrBlock,
            ReservationType: inputs.reservationType as SubnetCidrReservationType,
            Description: inputs.description,
        });
        return SubnetCidrReservation?.SubnetCidrReservationId;
    },
    async describe({ ec2 }, id, { subnetId }) {
        const answer = await ec2.getSubnetCidrReservations({ SubnetId: subnetId });
        const found = answer.SubnetIpv4CidrReservations?.find(
            ({ SubnetCidrReservationId }) => SubnetCidrReservationId === id,
        );
        return found && { cidrBlock: found.Cidr, ownerId: found.OwnerId };
    },
    remove: ({ ec2 }, id) => ec2.deleteSubnetCidrReservation({ SubnetCidrReservationId: id }),
});
