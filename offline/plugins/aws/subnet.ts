// aws.ec2.Subnet and the ranges reserved in it.
import {
    CreateSubnetCidrReservationCommand,
    CreateSubnetCommand,
    DeleteSubnetCidrReservationCommand,
    DeleteSubnetCommand,
    DescribeSubnetsCommand,
    GetSubnetCidrReservationsCommand,
    ModifySubnetAttributeCommand,
    type SubnetCidrReservationType,
} from "@aws-sdk/client-ec2";
import { retrying, until } from "./errors";
import { untilUnused } from "./in-use";
import { awsResource, must } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

const AVAILABLE_SECONDS = 60;
/** Interfaces of load balancers and NAT gateways stay for minutes after those are gone. */
const IN_USE_SECONDS = 600;

export const subnet = awsResource({
    inputs: ["availabilityZone", "cidrBlock", "mapPublicIpOnLaunch", "tags", "vpcId"],
    required: ["vpcId"],
    defaults: { mapPublicIpOnLaunch: false },
    computed: ["arn", "availabilityZoneId", "ownerId", "tagsAll"],
    observed: ["tags", "mapPublicIpOnLaunch"],
    replaceOn: ["availabilityZone", "cidrBlock", "vpcId"],
    deleteBeforeReplace: true,
    async create({ ec2 }, inputs) {
        const { Subnet } = await ec2.send(
            new CreateSubnetCommand({
                VpcId: inputs.vpcId,
                CidrBlock: inputs.cidrBlock,
                AvailabilityZone: inputs.availabilityZone,
                TagSpecifications: tagSpecification("subnet", inputs),
            }),
        );
        return must(Subnet?.SubnetId, "the subnet's id");
    },
    async finish({ ec2 }, SubnetId, { mapPublicIpOnLaunch }, { signal }) {
        const found = await until(`${SubnetId} to be available`, AVAILABLE_SECONDS, signal, async () => {
            const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [SubnetId] }));
            return Subnets.find(({ State }) => State === "available");
        });
        if (found.MapPublicIpOnLaunch !== mapPublicIpOnLaunch)
            await ec2.send(
                new ModifySubnetAttributeCommand({
                    SubnetId,
                    MapPublicIpOnLaunch: { Value: mapPublicIpOnLaunch },
                }),
            );
    },
    update: retag,
    async describe({ ec2 }, id) {
        const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [id] }));
        const [found] = Subnets;
        if (!found) return undefined;
        return {
            arn: found.SubnetArn,
            availabilityZone: found.AvailabilityZone,
            availabilityZoneId: found.AvailabilityZoneId,
            cidrBlock: found.CidrBlock,
            mapPublicIpOnLaunch: found.MapPublicIpOnLaunch,
            ownerId: found.OwnerId,
            vpcId: found.VpcId,
            ...tagOutputs(found.Tags),
        };
    },
    async remove(aws, SubnetId, _state, { signal }) {
        await untilUnused(aws, "subnet", SubnetId, signal);
        await retrying(/DependencyViolation/, IN_USE_SECONDS, signal, () =>
            aws.ec2.send(new DeleteSubnetCommand({ SubnetId })),
        );
    },
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
        const { SubnetCidrReservation } = await ec2.send(
            new CreateSubnetCidrReservationCommand({
                SubnetId: inputs.subnetId,
                Cidr: inputs.cidrBlock,
                ReservationType: inputs.reservationType as SubnetCidrReservationType,
                Description: inputs.description,
            }),
        );
        return must(SubnetCidrReservation?.SubnetCidrReservationId, "the reservation's id");
    },
    async describe({ ec2 }, id, { subnetId }) {
        const answer = await ec2.send(new GetSubnetCidrReservationsCommand({ SubnetId: subnetId }));
        const found = answer.SubnetIpv4CidrReservations?.find(
            ({ SubnetCidrReservationId }) => SubnetCidrReservationId === id,
        );
        return found && { cidrBlock: found.Cidr, ownerId: found.OwnerId };
    },
    remove: ({ ec2 }, id) =>
        ec2.send(new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId: id })),
});
