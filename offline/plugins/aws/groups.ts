// Security groups, and their rules as resources of their own.
import {
    AuthorizeSecurityGroupEgressCommand,
    AuthorizeSecurityGroupIngressCommand,
    CreateSecurityGroupCommand,
    DeleteSecurityGroupCommand,
    DescribeSecurityGroupRulesCommand,
    DescribeSecurityGroupsCommand,
    ModifySecurityGroupRulesCommand,
    RevokeSecurityGroupEgressCommand,
    RevokeSecurityGroupIngressCommand,
    type IpPermission,
    type SecurityGroupRule,
} from "@aws-sdk/client-ec2";
import type { CheckFailure, Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import type { Aws } from "./clients";
import { retrying } from "./errors";
import { dependencyViolation, untilUnused } from "./in-use";
import { awsResource, ec2Arn, must, nameFor } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

/** Interfaces of load balancers and NAT gateways stay for minutes after those are gone. */
const IN_USE_SECONDS = 600;
const KNOWN_SECONDS = 60;

export const securityGroup = awsResource({
    inputs: ["description", "name", "tags", "vpcId"],
    defaults: { description: "Managed by Pulumi" },
    computed: ["arn", "name", "ownerId", "tagsAll"],
    replaceOn: ["description", "name", "vpcId"],
    async create({ ec2 }, inputs, ctx) {
        const { GroupId } = await ec2.send(
            new CreateSecurityGroupCommand({
                GroupName: nameFor(inputs, ctx),
                Description: inputs.description,
                VpcId: inputs.vpcId,
                TagSpecifications: tagSpecification("security-group", inputs),
            }),
        );
        return must(GroupId, "the security group's id");
    },
    // EC2 lets a new group's members reach everything; the official plugin takes that rule away, so that only rules
    // which stand in the program allow anything. Ours have a description, EC2's has none.
    async finish(aws, GroupId) {
        const usual = (await rulesOf(aws, "group-id", GroupId)).filter(
            ({ IsEgress, Description, IpProtocol }) => IsEgress && !Description && IpProtocol === "-1",
        );
        if (usual.length > 0)
            await aws.ec2.send(
                new RevokeSecurityGroupEgressCommand({
                    GroupId,
                    SecurityGroupRuleIds: usual.map((rule) => must(rule.SecurityGroupRuleId, "a rule's id")),
                }),
            );
    },
    update: retag,
    async describe(aws, id) {
        const { SecurityGroups = [] } = await aws.ec2.send(
            new DescribeSecurityGroupsCommand({ GroupIds: [id] }),
        );
        const [found] = SecurityGroups;
        return (
            found && {
                arn: ec2Arn(aws, found.OwnerId, "security-group", id),
                description: found.Description,
                name: found.GroupName,
                ownerId: found.OwnerId,
                vpcId: found.VpcId,
                ...tagOutputs(found.Tags),
            }
        );
    },
    async remove(aws, GroupId, _state, { signal }) {
        await untilUnused(aws, "group", GroupId, signal);
        const { SecurityGroups = [] } = await aws.ec2.send(
            new DescribeSecurityGroupsCommand({
                Filters: [{ Name: "ip-permission.group-id", Values: [GroupId] }],
            }),
        );
        const others = SecurityGroups.filter((other) => other.GroupId !== GroupId);
        if (others.length > 0)
            throw dependencyViolation(
                `resource ${GroupId} has a dependent object: a rule of ${others[0]?.GroupId}`,
            );
        await retrying(/DependencyViolation/, IN_USE_SECONDS, signal, () =>
            aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId })),
        );
    },
});

async function rulesOf({ ec2 }: Aws, Name: string, id: string): Promise<SecurityGroupRule[]> {
    const answer = await ec2.send(
        new DescribeSecurityGroupRulesCommand({ Filters: [{ Name, Values: [id] }] }),
    );
    return answer.SecurityGroupRules ?? [];
}

const RULE_INPUTS = [
    "cidrIpv4",
    "description",
    "fromPort",
    "ipProtocol",
    "referencedSecurityGroupId",
    "securityGroupId",
    "tags",
    "toPort",
];
const OBSERVED = ["cidrIpv4", "description", "fromPort", "ipProtocol", "referencedSecurityGroupId", "toPort"];

/** Protocols without ports. */
const ALL = "-1";
const NO_PORT = -1;

/** A rule that lets traffic in, or one that lets it out. */
function rule(direction: "ingress" | "egress"): StandInResource {
    const isEgress = direction === "egress";
    return awsResource({
        inputs: RULE_INPUTS,
        required: ["ipProtocol", "securityGroupId"],
        computed: ["arn", "securityGroupRuleId", "tagsAll"],
        observed: ["tags", ...OBSERVED],
        replaceOn: ["securityGroupId"],
        check: checkRule,
        async create({ ec2 }, inputs, { signal }) {
            const request = {
                GroupId: inputs.securityGroupId,
                IpPermissions: [permission(inputs)],
                TagSpecifications: tagSpecification("security-group-rule", inputs),
            };
            const { SecurityGroupRules } = await retrying(/NotFound/, KNOWN_SECONDS, signal, () =>
                isEgress
                    ? ec2.send(new AuthorizeSecurityGroupEgressCommand(request))
                    : ec2.send(new AuthorizeSecurityGroupIngressCommand(request)),
            );
            return must(SecurityGroupRules?.[0]?.SecurityGroupRuleId, "the rule's id");
        },
        async update(aws, id, olds, news) {
            const { securityGroupId: GroupId } = news;
            if (OBSERVED.some((key) => olds[key] !== news[key]))
                await aws.ec2.send(
                    new ModifySecurityGroupRulesCommand({
                        GroupId,
                        SecurityGroupRules: [
                            { SecurityGroupRuleId: id, SecurityGroupRule: ruleRequest(news) },
                        ],
                    }),
                );
            await retag(aws, id, olds, news);
        },
        async describe(aws, id) {
            const { SecurityGroupRules = [] } = await aws.ec2.send(
                new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] }),
            );
            const [found] = SecurityGroupRules;
            return found && ruleOutputs(aws, id, found);
        },
        remove({ ec2 }, id, { securityGroupId }) {
            const request = { GroupId: securityGroupId, SecurityGroupRuleIds: [id] };
            return isEgress
                ? ec2.send(new RevokeSecurityGroupEgressCommand(request))
                : ec2.send(new RevokeSecurityGroupIngressCommand(request));
        },
    });
}

function checkRule({ cidrIpv4, referencedSecurityGroupId }: Props): CheckFailure[] {
    if ((cidrIpv4 === undefined) !== (referencedSecurityGroupId === undefined)) return [];
    return [{ property: "cidrIpv4", reason: "a rule has either cidrIpv4 or referencedSecurityGroupId" }];
}

function permission(inputs: Props): IpPermission {
    const { cidrIpv4, description: Description, referencedSecurityGroupId } = inputs;
    return {
        IpProtocol: inputs.ipProtocol,
        FromPort: inputs.fromPort ?? NO_PORT,
        ToPort: inputs.toPort ?? NO_PORT,
        ...(cidrIpv4 !== undefined
            ? { IpRanges: [{ CidrIp: cidrIpv4, Description }] }
            : { UserIdGroupPairs: [{ GroupId: referencedSecurityGroupId, Description }] }),
    };
}

function ruleRequest(inputs: Props) {
    return {
        IpProtocol: inputs.ipProtocol as string,
        FromPort: (inputs.fromPort ?? NO_PORT) as number,
        ToPort: (inputs.toPort ?? NO_PORT) as number,
        CidrIpv4: inputs.cidrIpv4 as string | undefined,
        ReferencedGroupId: inputs.referencedSecurityGroupId as string | undefined,
        Description: inputs.description as string | undefined,
    };
}

function ruleOutputs(aws: Aws, id: string, found: SecurityGroupRule): Props {
    const hasPorts = found.IpProtocol !== ALL && found.FromPort !== undefined && found.FromPort !== NO_PORT;
    return {
        arn: ec2Arn(aws, found.GroupOwnerId, "security-group-rule", id),
        cidrIpv4: found.CidrIpv4,
        description: found.Description ?? "",
        ipProtocol: found.IpProtocol,
        referencedSecurityGroupId: found.ReferencedGroupInfo?.GroupId,
        securityGroupId: found.GroupId,
        securityGroupRuleId: id,
        ...(hasPorts && { fromPort: found.FromPort, toPort: found.ToPort }),
        ...tagOutputs(found.Tags),
    };
}

export const ingressRule = rule("ingress");
export const egressRule = rule("egress");
