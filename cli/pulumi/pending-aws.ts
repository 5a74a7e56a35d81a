// Resources on EC2 whose creation a killed run had begun. They may exist, unknown to the state and paid for. Skep finds
// them by their tags and takes them into the state; the refresh of the next operation reads the rest.

import type { EC2, Filter } from "@aws-sdk/client-ec2";
import type { StateResource } from "../../config/state";
import type { Progress } from "../../scripts/setup/progress";
import { partsOfUrn } from "./steps";

type Client = Pick<
    EC2,
    | "describeInstances"
    | "describeNatGateways"
    | "describeSubnets"
    | "describeSecurityGroups"
    | "describeRouteTables"
    | "describeInternetGateways"
    | "describeAddresses"
    | "describeVpcs"
>;

interface Kind {
    /** The ids of those with these filters. */
    find(ec2: Client, Filters: Filter[]): Promise<(string | undefined)[]>;
    /**
     * The input that names what the resource is in, and the filter for it. Only what is in something of this stack is
     * surely its own: another account member may use the same stack's name.
     */
    within?: { input: string; filter: string };
}

const ALIVE = { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] };
const IN_SUBNET = { input: "subnetId", filter: "subnet-id" };
const IN_VPC = { input: "vpcId", filter: "vpc-id" };

const KINDS: Readonly<Record<string, Kind>> = {
    "aws:ec2/instance:Instance": {
        find: async (ec2, Filters) =>
            ((await ec2.describeInstances({ Filters: [...Filters, ALIVE] })).Reservations ?? [])
                .flatMap(({ Instances }) => Instances ?? [])
                .map(({ InstanceId }) => InstanceId),
        within: IN_SUBNET,
    },
    "aws:ec2/natGateway:NatGateway": {
        find: async (ec2, Filter) =>
            ((await ec2.describeNatGateways({ Filter })).NatGateways ?? [])
                .filter(({ State }) => State === "pending" || State === "available")
                .map(({ NatGatewayId }) => NatGatewayId),
        within: IN_SUBNET,
    },
    "aws:ec2/subnet:Subnet": {
        find: async (ec2, Filters) =>
            ((await ec2.describeSubnets({ Filters })).Subnets ?? []).map(({ SubnetId }) => SubnetId),
        within: IN_VPC,
    },
    "aws:ec2/securityGroup:SecurityGroup": {
        find: async (ec2, Filters) =>
            ((await ec2.describeSecurityGroups({ Filters })).SecurityGroups ?? []).map(
                ({ GroupId }) => GroupId,
            ),
        within: IN_VPC,
    },
    "aws:ec2/routeTable:RouteTable": {
        find: async (ec2, Filters) =>
            ((await ec2.describeRouteTables({ Filters })).RouteTables ?? []).map(
                ({ RouteTableId }) => RouteTableId,
            ),
        within: IN_VPC,
    },
    "aws:ec2/internetGateway:InternetGateway": {
        find: async (ec2, Filters) =>
            ((await ec2.describeInternetGateways({ Filters })).InternetGateways ?? []).map(
                ({ InternetGatewayId }) => InternetGatewayId,
            ),
        within: { input: "vpcId", filter: "attachment.vpc-id" },
    },
    "aws:ec2/eip:Eip": {
        find: async (ec2, Filters) =>
            ((await ec2.describeAddresses({ Filters })).Addresses ?? []).map(
                ({ AllocationId }) => AllocationId,
            ),
    },
    "aws:ec2/vpc:Vpc": {
        find: async (ec2, Filters) =>
            ((await ec2.describeVpcs({ Filters })).Vpcs ?? []).map(({ VpcId }) => VpcId),
    },
};

/**
 * Which of the half-made resources exist. The state has them complete but for their ids. `known` are the ids that it has
 * of others. Returns those that surely are this stack's, with their ids; names in a note those that nobody can decide
 * about.
 */
export async function findHalfMade(
    ec2: Client,
    pending: readonly StateResource[],
    known: ReadonlySet<string>,
    progress: Pick<Progress, "note">,
): Promise<StateResource[]> {
    const found: StateResource[] = [];
    for (const resource of pending) {
        const name = partsOfUrn(resource.urn).name;
        const kind = KINDS[resource.type];
        if (!kind) {
            progress.note(
                `${name} (${resource.type}) may have been made: look for it in AWS by the stack's name`,
            );
            continue;
        }
        const { within } = kind;
        const place = within && resource.inputs?.[within.input];
        const filters = [
            ...tagFilters(resource.inputs?.tags),
            ...(within && typeof place === "string" ? [{ Name: within.filter, Values: [place] }] : []),
        ];
        const ids = (await kind.find(ec2, filters)).flatMap((id) => (id && !known.has(id) ? [id] : []));
        const [id, ...others] = ids;
        if (id === undefined) continue;
        if (others.length === 0 && typeof place === "string") found.push({ ...resource, id });
        else
            progress.note(
                `${name} may be ${ids.join(" or ")}, which has this stack's tags and is not in its state: look at it in AWS, and delete it if nobody needs it`,
            );
    }
    return found;
}

function tagFilters(tags: unknown): Filter[] {
    return Object.entries((tags ?? {}) as Record<string, string>)
        .filter(([key]) => key === "Name" || key.startsWith("io.skep."))
        .map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
}
