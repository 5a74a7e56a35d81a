// The routes of a route table, and the subnets that it is for.
import { crc32 } from "node:zlib";
import type { Props } from "../../../providers/runtime/types";
import { retrying } from "./errors";
import { awsResource, KNOWN_SECONDS } from "./resource";
import { routeTable } from "./vpc";

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
        // EC2 may not know a gateway yet that it has just made.
        await retrying(/NotFound/, KNOWN_SECONDS, signal, () => ec2.createRoute(routeRequest(inputs)));
        return `r-${inputs.routeTableId}${crc32(inputs.destinationCidrBlock)}`;
    },
    update: ({ ec2 }, _id, _olds, news) => ec2.replaceRoute(routeRequest(news)),
    async describe(aws, _id, { routeTableId, destinationCidrBlock }) {
        const found = (await routeTable.find(aws, routeTableId))?.Routes?.find(
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
        ec2.deleteRoute({
            RouteTableId: routeTableId,
            DestinationCidrBlock: destinationCidrBlock,
        }),
});

export const routeTableAssociation = awsResource({
    inputs: ["routeTableId", "subnetId"],
    required: ["routeTableId"],
    observed: [],
    // A subnet has one table at a time, and EC2 gives the association with another table another id.
    replaceOn: ["routeTableId", "subnetId"],
    deleteBeforeReplace: true,
    async create({ ec2 }, { routeTableId, subnetId }, { signal }) {
        const { AssociationId } = await retrying(/NotFound/, KNOWN_SECONDS, signal, () =>
            ec2.associateRouteTable({ RouteTableId: routeTableId, SubnetId: subnetId }),
        );
        return AssociationId;
    },
    async describe(aws, id, { routeTableId }) {
        const found = (await routeTable.find(aws, routeTableId))?.Associations?.find(
            ({ RouteTableAssociationId }) => RouteTableAssociationId === id,
        );
        return found && { routeTableId: found.RouteTableId, subnetId: found.SubnetId };
    },
    remove: ({ ec2 }, AssociationId) => ec2.disassociateRouteTable({ AssociationId }),
});
