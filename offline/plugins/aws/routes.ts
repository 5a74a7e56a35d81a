// Route tables, their routes, and which subnets they are for.
import { crc32 } from "node:zlib";
import {
    AssociateRouteTableCommand,
    CreateRouteCommand,
    CreateRouteTableCommand,
    DeleteRouteCommand,
    DeleteRouteTableCommand,
    DescribeRouteTablesCommand,
    DisassociateRouteTableCommand,
    ReplaceRouteCommand,
    type RouteTable,
} from "@aws-sdk/client-ec2";
import type { Props } from "../../../providers/runtime/types";
import type { Aws } from "./clients";
import { retrying } from "./errors";
import { awsResource, ec2Arn, must } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

const KNOWN_SECONDS = 60;

export const routeTable = awsResource({
    inputs: ["vpcId", "tags"],
    required: ["vpcId"],
    computed: ["arn", "ownerId", "tagsAll"],
    replaceOn: ["vpcId"],
    async create({ ec2 }, inputs) {
        const { RouteTable } = await ec2.send(
            new CreateRouteTableCommand({
                VpcId: inputs.vpcId,
                TagSpecifications: tagSpecification("route-table", inputs),
            }),
        );
        return must(RouteTable?.RouteTableId, "the route table's id");
    },
    update: retag,
    async describe(aws, id) {
        const found = await tableOf(aws, id);
        return (
            found && {
                arn: ec2Arn(aws, found.OwnerId, "route-table", id),
                ownerId: found.OwnerId,
                vpcId: found.VpcId,
                ...tagOutputs(found.Tags),
            }
        );
    },
    remove: ({ ec2 }, RouteTableId) => ec2.send(new DeleteRouteTableCommand({ RouteTableId })),
});

async function tableOf({ ec2 }: Aws, id: string): Promise<RouteTable | undefined> {
    return (await ec2.send(new DescribeRouteTablesCommand({ RouteTableIds: [id] }))).RouteTables?.[0];
}

const TARGETS = ["gatewayId", "natGatewayId"];

const routeRequest = ({ routeTableId, destinationCidrBlock, gatewayId, natGatewayId }: Props) => ({
    RouteTableId: routeTableId as string,
    DestinationCidrBlock: destinationCidrBlock as string,
    GatewayId: gatewayId as string | undefined,
    NatGatewayId: natGatewayId as string | undefined,
});

export const route = awsResource({
    inputs: ["destinationCidrBlock", "routeTableId", ...TARGETS],
    required: ["routeTableId"],
    computed: ["origin", "state"],
    observed: TARGETS,
    replaceOn: ["destinationCidrBlock", "routeTableId"],
    deleteBeforeReplace: true,
    async create({ ec2 }, inputs, { signal }) {
        // A gateway that was just made may not be known yet.
        await retrying(/NotFound/, KNOWN_SECONDS, signal, () =>
            ec2.send(new CreateRouteCommand(routeRequest(inputs))),
        );
        return `r-${inputs.routeTableId}${crc32(inputs.destinationCidrBlock)}`;
    },
    update: async ({ ec2 }, _id, _olds, news) => {
        await ec2.send(new ReplaceRouteCommand(routeRequest(news)));
    },
    async describe(aws, _id, { routeTableId, destinationCidrBlock }) {
        const found = (await tableOf(aws, routeTableId))?.Routes?.find(
            ({ DestinationCidrBlock }) => DestinationCidrBlock === destinationCidrBlock,
        );
        return (
            found && {
                gatewayId: found.GatewayId ?? "",
                natGatewayId: found.NatGatewayId ?? "",
                origin: found.Origin,
                state: found.State,
            }
        );
    },
    remove: ({ ec2 }, _id, { routeTableId, destinationCidrBlock }) =>
        ec2.send(
            new DeleteRouteCommand({
                RouteTableId: routeTableId,
                DestinationCidrBlock: destinationCidrBlock,
            }),
        ),
});

export const routeTableAssociation = awsResource({
    inputs: ["routeTableId", "subnetId"],
    required: ["routeTableId"],
    computed: [],
    observed: [],
    // With another table EC2 gives the association another id; and a subnet has one table at a time.
    replaceOn: ["routeTableId", "subnetId"],
    deleteBeforeReplace: true,
    async create({ ec2 }, { routeTableId, subnetId }, { signal }) {
        const { AssociationId } = await retrying(/NotFound/, KNOWN_SECONDS, signal, () =>
            ec2.send(new AssociateRouteTableCommand({ RouteTableId: routeTableId, SubnetId: subnetId })),
        );
        return must(AssociationId, "the association's id");
    },
    async describe(aws, id, { routeTableId }) {
        const found = (await tableOf(aws, routeTableId))?.Associations?.find(
            ({ RouteTableAssociationId }) => RouteTableAssociationId === id,
        );
        return found && { routeTableId: found.RouteTableId, subnetId: found.SubnetId };
    },
    remove: ({ ec2 }, AssociationId) => ec2.send(new DisassociateRouteTableCommand({ AssociationId })),
});
