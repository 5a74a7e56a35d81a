// What the EC2 API has of the test's stack, in short lines for comparisons.

import assert from "node:assert/strict";
import {
    DescribeAddressesCommand,
    DescribeInstancesCommand,
    DescribeKeyPairsCommand,
    DescribeNatGatewaysCommand,
    DescribeSecurityGroupRulesCommand,
    DescribeSecurityGroupsCommand,
    DescribeSubnetsCommand,
    DescribeVolumesCommand,
    DescribeVpcsCommand,
    type Instance,
    type SecurityGroupRule,
} from "@aws-sdk/client-ec2";
import {
    DescribeLoadBalancersCommand,
    DescribeTargetGroupsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
    GetRolePolicyCommand,
    ListInstanceProfilesCommand,
    ListRolePoliciesCommand,
    ListRolesCommand,
} from "@aws-sdk/client-iam";
import {
    GetBucketEncryptionCommand,
    GetBucketVersioningCommand,
    GetPublicAccessBlockCommand,
    ListBucketsCommand,
} from "@aws-sdk/client-s3";
import { type RuleSettings, securityRules } from "../../planning/aws-rules";
import type { Cloud } from "./cloud";

export const OWN = [{ Name: "tag:io.skep.stack", Values: ["test-aws"] }];

/** All instances that are not terminated. */
export async function instances(cloud: Cloud): Promise<Instance[]> {
    const { Reservations = [] } = await cloud.ec2.send(new DescribeInstancesCommand({ Filters: OWN }));
    return Reservations.flatMap(({ Instances = [] }) => Instances).filter(
        ({ State }) => State?.Name !== "terminated",
    );
}

export function nameOf({ Tags }: Instance): string {
    return Tags?.find(({ Key }) => Key === "Name")?.Value?.replace("skep-test-aws-", "") ?? "";
}

export function named(found: readonly Instance[], name: string): Instance {
    const instance = found.find((one) => nameOf(one) === name);
    assert.ok(instance, `there is no instance ${name}`);
    return instance;
}

export async function ownSubnets(cloud: Cloud) {
    return (await cloud.ec2.send(new DescribeSubnetsCommand({ Filters: OWN }))).Subnets ?? [];
}

export async function buckets(cloud: Cloud): Promise<string[]> {
    const { Buckets = [] } = await cloud.s3.send(new ListBucketsCommand({}));
    return Buckets.map(({ Name = "" }) => Name);
}

export async function bucketSettings({ s3 }: Cloud, Bucket: string | undefined) {
    const access = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    const [rule] = ServerSideEncryptionConfiguration?.Rules ?? [];
    return {
        isPrivate: Object.values(access.PublicAccessBlockConfiguration ?? {}),
        versioning: Status,
        encryption: rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
    };
}

/** The policy of the only role. */
export async function onlyRolePolicy({ iam }: Cloud) {
    const { Roles: [role] = [] } = await iam.send(new ListRolesCommand({}));
    const RoleName = role?.RoleName;
    const { PolicyNames: [PolicyName] = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    return JSON.parse(decodeURIComponent(PolicyDocument)) as {
        Statement: { Action: string | string[]; Resource: string }[];
    };
}

/** The stack's security groups, and a line for each of their rules. */
export async function securityRuleLines(cloud: Cloud): Promise<{ groups: string[]; rules: string[] }> {
    const { SecurityGroups = [] } = await cloud.ec2.send(new DescribeSecurityGroupsCommand({ Filters: OWN }));
    const kinds = new Map(
        SecurityGroups.map(({ GroupId, Tags }) => [
            GroupId,
            Tags?.find(({ Key }) => Key === "Name")?.Value?.replace("skep-test-aws-", "") ?? "",
        ]),
    );
    const { SecurityGroupRules = [] } = await cloud.ec2.send(
        new DescribeSecurityGroupRulesCommand({
            Filters: [{ Name: "group-id", Values: [...kinds.keys()] as string[] }],
        }),
    );
    return {
        groups: [...kinds.values()].sort(),
        rules: SecurityGroupRules.map((rule) => ruleLine(rule, kinds)).sort(),
    };
}

/** The planned rules, in the same form and order. */
export function plannedRuleLines(settings: RuleSettings): string[] {
    return securityRules(settings)
        .map(({ group, direction, protocol, port, peer, description }) => {
            const from = "cidr" in peer ? peer.cidr : peer.group;
            return [group, direction, protocol, port ?? -1, from, description].join(" ");
        })
        .sort();
}

function ruleLine(rule: SecurityGroupRule, kinds: ReadonlyMap<string | undefined, string>): string {
    return [
        kinds.get(rule.GroupId),
        rule.IsEgress ? "out" : "in",
        rule.IpProtocol,
        rule.FromPort === rule.ToPort ? rule.FromPort : `${rule.FromPort}-${rule.ToPort}`,
        rule.CidrIpv4 ?? kinds.get(rule.ReferencedGroupInfo?.GroupId),
        rule.Description,
    ].join(" ");
}

/** Some of S3's permissions have other names than its calls. */
const S3_PERMISSIONS: Record<string, string> = {
    DeleteBucketEncryption: "PutEncryptionConfiguration",
    DeleteBucketLifecycle: "PutLifecycleConfiguration",
    DeleteBucketTagging: "PutBucketTagging",
    DeleteObjects: "DeleteObjectVersion",
    DeletePublicAccessBlock: "PutBucketPublicAccessBlock",
    GetBucketEncryption: "GetEncryptionConfiguration",
    GetBucketLifecycleConfiguration: "GetLifecycleConfiguration",
    GetPublicAccessBlock: "GetBucketPublicAccessBlock",
    HeadBucket: "ListBucket",
    ListObjectVersions: "ListBucketVersions",
    PutBucketEncryption: "PutEncryptionConfiguration",
    PutBucketLifecycleConfiguration: "PutLifecycleConfiguration",
    PutPublicAccessBlock: "PutBucketPublicAccessBlock",
};

export function permissionFor(call: string): string {
    const [service = "", name = ""] = call.split(":");
    return `${service}:${service === "s3" ? (S3_PERMISSIONS[name] ?? name) : name}`;
}

/** Everything that a stack may have on AWS, by kind. */
export async function everything(cloud: Cloud): Promise<Record<string, unknown[] | undefined>> {
    const { ec2, elb, iam } = cloud;
    return {
        addresses: (await ec2.send(new DescribeAddressesCommand({}))).Addresses,
        balancers: (await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers,
        buckets: await buckets(cloud),
        gateways: (await ec2.send(new DescribeNatGatewaysCommand({}))).NatGateways,
        groups: (await ec2.send(new DescribeSecurityGroupsCommand({ Filters: OWN }))).SecurityGroups,
        keys: (await ec2.send(new DescribeKeyPairsCommand({}))).KeyPairs,
        profiles: (await iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles,
        roles: (await iam.send(new ListRolesCommand({}))).Roles,
        subnets: await ownSubnets(cloud),
        targets: (await elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups,
        volumes: (await ec2.send(new DescribeVolumesCommand({}))).Volumes,
        vpcs: (await ec2.send(new DescribeVpcsCommand({ Filters: OWN }))).Vpcs,
    };
}
