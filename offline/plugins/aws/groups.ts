// Security groups, and their rules as resources of their own.
import type { IpPermission, SecurityGroup, SecurityGroupRule } from "@aws-sdk/client-ec2";
import type { CheckFailure, Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import type { Aws } from "./clients";
import { ec2Resource } from "./ec2";
import { retrying } from "./errors";
import { dependencyViolation, IN_USE, untilUnused } from "./in-use";
import { awsResource, ec2Arn, KNOWN_SECONDS, must, request } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

export const securityGroup = ec2Resource<SecurityGroup>({
    kind: "security-group",
    fixed: { description: "Description", name: "GroupName", vpcId: "VpcId" },
    named: "name",
    outputs: { ownerId: "OwnerId" },
    defaults: { description: "Managed by Pulumi" },
    create: "createSecurityGroup",
    describe: "describeSecurityGroups",
    list: "SecurityGroups",
    remove: "deleteSecurityGroup",
    id: "GroupId",
    // EC2 gives a new group a rule that lets everything out. The official plugin removes it, so that only the program's
    // rules count. EC2's rule has no description, Skep's have one.
    async finish({ ec2 }, GroupId) {
        const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
            Filters: [{ Name: "group-id", Values: [GroupId] }],
        });
        const SecurityGroupRuleIds = SecurityGroupRules.flatMap((rule) =>
            rule.IsEgress && !rule.Description && rule.IpProtocol === ALL
                ? [must(rule.SecurityGroupRuleId, "a rule's id")]
                : [],
        );
        if (SecurityGroupRuleIds.length > 0)
            await ec2.revokeSecurityGroupEgress({ GroupId, SecurityGroupRuleIds });
    },
    async before(aws, id, _state, { signal }) {
        await untilUnused(aws, "group", id, signal);
        const { SecurityGroups = [] } = await aws.ec2.describeSecurityGroups({
            Filters: [{ Name: "ip-permission.group-id", Values: [id] }],
        });
        const other = SecurityGroups.find(({ GroupId }) => GroupId !== id);
        if (other)
            throw dependencyViolation(`resource ${id} has a dependent object: a rule of ${other.GroupId}`);
    },
    busy: IN_USE,
});

/** EC2's names of what a rule can change, also in its own description of a rule. */
const CHANGING = {
    cidrIpv4: "CidrIpv4",
    description: "Description",
    fromPort: "FromPort",
    ipProtocol: "IpProtocol",
    referencedSecurityGroupId: "ReferencedGroupId",
    toPort: "ToPort",
};
const OBSERVED = Object.keys(CHANGING);

/** In EC2's words for all protocols, and for no port. */
const ALL = "-1";
const NO_PORT = -1;

/** A rule that lets traffic in, or one that lets it out. */
function rule(direction: "ingress" | "egress"): StandInResource {
    const isEgress = direction === "egress";
    return awsResource({
        inputs: [...OBSERVED, "securityGroupId", "tags"],
        required: ["ipProtocol", "securityGroupId"],
        computed: ["arn", "securityGroupRuleId", "tagsAll"],
        observed: ["tags", ...OBSERVED],
        replaceOn: ["securityGroupId"],
        check: checkRule,
        async create({ ec2 }, inputs, { signal }) {
            const rule = {
                GroupId: inputs.securityGroupId,
                IpPermissions: [permission(inputs)],
                TagSpecifications: tagSpecification("security-group-rule", inputs),
            };
            const { SecurityGroupRules } = await retrying(/NotFound/, KNOWN_SECONDS, signal, () =>
                isEgress ? ec2.authorizeSecurityGroupEgress(rule) : ec2.authorizeSecurityGroupIngress(rule),
            );
            return SecurityGroupRules?.[0]?.SecurityGroupRuleId;
        },
        async update(aws, id, olds, news) {
            const { securityGroupId: GroupId } = news;
            if (OBSERVED.some((key) => olds[key] !== news[key]))
                await aws.ec2.modifySecurityGroupRules({
                    GroupId,
                    SecurityGroupRules: [
                        {
                            SecurityGroupRuleId: id,
                            SecurityGroupRule: request(withPorts(news), CHANGING),
                        },
                    ],
                });
            await retag(aws, id, olds, news);
        },
        async describe(aws, id) {
            const { SecurityGroupRules = [] } = await aws.ec2.describeSecurityGroupRules({
                SecurityGroupRuleIds: [id],
            });
            const [found] = SecurityGroupRules;
            return found && ruleOutputs(aws, id, found);
        },
        remove({ ec2 }, id, { securityGroupId }) {
            const rule = { GroupId: securityGroupId, SecurityGroupRuleIds: [id] };
            return isEgress ? ec2.revokeSecurityGroupEgress(rule) : ec2.revokeSecurityGroupIngress(rule);
        },
    });
}

function checkRule({ cidrIpv4, referencedSecurityGroupId }: Props): CheckFailure[] {
    if ((cidrIpv4 === undefined) !== (referencedSecurityGroupId === undefined)) return [];
    return [{ property: "cidrIpv4", reason: "a rule has either cidrIpv4 or referencedSecurityGroupId" }];
}

/** EC2 takes a protocol without ports with port -1. */
function withPorts(inputs: Props): Props {
    return { fromPort: NO_PORT, toPort: NO_PORT, ...inputs };
}

function permission(inputs: Props): IpPermission {
    const { cidrIpv4, description: Description, referencedSecurityGroupId } = inputs;
    return {
        ...request(withPorts(inputs), { fromPort: "FromPort", ipProtocol: "IpProtocol", toPort: "ToPort" }),
        ...(cidrIpv4 !== undefined
            ? { IpRanges: [{ CidrIp: cidrIpv4, Description }] }
            : { UserIdGroupPairs: [{ GroupId: referencedSecurityGroupId, Description }] }),
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
