// A network load balancer, its listeners, the target groups that they forward to, and the instances in those.
import type {
    LoadBalancerTypeEnum,
    ProtocolEnum,
    TargetTypeEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Props } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import { nameFor, until } from "../shared";
import type { Aws } from "./clients";
import { retrying, unlessGone } from "./errors";
import { awsResource, inOrder } from "./resource";
import { changeTags, tagList, tagOutputs } from "./tags";

const STATE_SECONDS = 600;
const IN_USE_SECONDS = 60;
const CROSS_ZONE = "load_balancing.cross_zone.enabled";
const DELAY = "deregistration_delay.timeout_seconds";

function retagged({ elb }: Aws, arn: string, olds: Props, news: Props): Promise<void> {
    const ResourceArns = [arn];
    return changeTags(
        olds,
        news,
        (TagKeys) => elb.removeTags({ ResourceArns, TagKeys }),
        (Tags) => elb.addTags({ ResourceArns, Tags }),
    );
}

async function tagsOf({ elb }: Aws, arn: string) {
    const { TagDescriptions = [] } = await elb.describeTags({ ResourceArns: [arn] });
    return tagOutputs(TagDescriptions[0]?.Tags);
}

export const loadBalancer = awsResource({
    inputs: [
        "enableCrossZoneLoadBalancing",
        "internal",
        "loadBalancerType",
        "name",
        "securityGroups",
        "subnets",
        "tags",
    ],
    defaults: { loadBalancerType: "application" },
    computed: ["arn", "arnSuffix", "dnsName", "name", "tagsAll", "vpcId", "zoneId"],
    observed: ["tags", "enableCrossZoneLoadBalancing", "securityGroups", "subnets"],
    replaceOn: ["internal", "loadBalancerType", "name"],
    async create({ elb }, inputs, ctx) {
        const { LoadBalancers = [] } = await elb.createLoadBalancer({
            Name: nameFor(inputs, ctx),
            Type: inputs.loadBalancerType as LoadBalancerTypeEnum,
            Scheme: inputs.internal ? "internal" : "internet-facing",
            Subnets: inputs.subnets,
            SecurityGroups: inputs.securityGroups,
            Tags: tagList(inputs.tags),
        });
        return LoadBalancers[0]?.LoadBalancerArn;
    },
    async finish(aws, arn, inputs, { signal }) {
        await aws.elb.modifyLoadBalancerAttributes({
            LoadBalancerArn: arn,
            Attributes: [{ Key: CROSS_ZONE, Value: String(inputs.enableCrossZoneLoadBalancing ?? false) }],
        });
        await until("the load balancer to be active", STATE_SECONDS, signal, async () => {
            const found = await balancerOf(aws, arn);
            if (found?.State?.Code === "failed")
                throw new Error(`the load balancer failed: ${found.State.Reason}`);
            return found?.State?.Code === "active" ? found : undefined;
        });
    },
    async update(aws, arn, olds, news) {
        await retagged(aws, arn, olds, news);
        const LoadBalancerArn = arn;
        if (!same(olds.subnets, news.subnets))
            await aws.elb.setSubnets({ LoadBalancerArn, Subnets: news.subnets });
        if (!same(olds.securityGroups, news.securityGroups))
            await aws.elb.setSecurityGroups({ LoadBalancerArn, SecurityGroups: news.securityGroups });
    },
    async describe(aws, arn, state) {
        const found = await balancerOf(aws, arn);
        if (!found) return undefined;
        const { Attributes = [] } = await aws.elb.describeLoadBalancerAttributes({ LoadBalancerArn: arn });
        const zones = (found.AvailabilityZones ?? []).map(({ SubnetId = "" }) => SubnetId);
        return {
            arn,
            arnSuffix: arn.split(":loadbalancer/")[1] ?? "",
            dnsName: found.DNSName,
            enableCrossZoneLoadBalancing: Attributes.find(({ Key }) => Key === CROSS_ZONE)?.Value === "true",
            name: found.LoadBalancerName,
            securityGroups: inOrder(state.securityGroups, found.SecurityGroups ?? []),
            subnets: inOrder(state.subnets, zones),
            vpcId: found.VpcId,
            zoneId: found.CanonicalHostedZoneId,
            ...(await tagsOf(aws, arn)),
        };
    },
    async remove(aws, arn, _state, { signal }) {
        await aws.elb.deleteLoadBalancer({ LoadBalancerArn: arn });
        await until("the load balancer to be gone", STATE_SECONDS, signal, async () =>
            (await unlessGone(balancerOf(aws, arn))) ? undefined : true,
        );
    },
});

async function balancerOf({ elb }: Aws, arn: string) {
    const answer = await elb.describeLoadBalancers({ LoadBalancerArns: [arn] });
    return answer.LoadBalancers?.[0];
}

const checkOf = ({ healthCheck }: Props) => ({
    HealthCheckProtocol: healthCheck.protocol as ProtocolEnum,
    HealthCheckPort: healthCheck.port as string,
    HealthCheckIntervalSeconds: healthCheck.interval as number,
    HealthyThresholdCount: healthCheck.healthyThreshold as number,
    UnhealthyThresholdCount: healthCheck.unhealthyThreshold as number,
});

export const targetGroup = awsResource({
    inputs: ["deregistrationDelay", "healthCheck", "name", "port", "protocol", "tags", "targetType", "vpcId"],
    defaults: { targetType: "instance", deregistrationDelay: 300 },
    computed: ["arn", "arnSuffix", "name", "tagsAll"],
    observed: ["tags", "deregistrationDelay", "healthCheck"],
    replaceOn: ["name", "port", "protocol", "targetType", "vpcId"],
    async create({ elb }, inputs, ctx) {
        const { TargetGroups = [] } = await elb.createTargetGroup({
            Name: nameFor(inputs, ctx),
            Port: inputs.port,
            Protocol: inputs.protocol as ProtocolEnum,
            TargetType: inputs.targetType as TargetTypeEnum,
            VpcId: inputs.vpcId,
            ...checkOf(inputs),
            Tags: tagList(inputs.tags),
        });
        return TargetGroups[0]?.TargetGroupArn;
    },
    finish: ({ elb }, TargetGroupArn, { deregistrationDelay }) =>
        elb.modifyTargetGroupAttributes({
            TargetGroupArn,
            Attributes: [{ Key: DELAY, Value: String(deregistrationDelay) }],
        }),
    async update(aws, TargetGroupArn, olds, news) {
        await retagged(aws, TargetGroupArn, olds, news);
        if (!same(olds.healthCheck, news.healthCheck))
            await aws.elb.modifyTargetGroup({ TargetGroupArn, ...checkOf(news) });
    },
    async describe(aws, arn) {
        const answer = await aws.elb.describeTargetGroups({ TargetGroupArns: [arn] });
        const [found] = answer.TargetGroups ?? [];
        if (!found) return undefined;
        const { Attributes = [] } = await aws.elb.describeTargetGroupAttributes({ TargetGroupArn: arn });
        return {
            arn,
            arnSuffix: arn.split(":").at(-1) ?? "",
            deregistrationDelay: Number(Attributes.find(({ Key }) => Key === DELAY)?.Value),
            healthCheck: {
                protocol: found.HealthCheckProtocol,
                port: found.HealthCheckPort,
                interval: found.HealthCheckIntervalSeconds,
                healthyThreshold: found.HealthyThresholdCount,
                unhealthyThreshold: found.UnhealthyThresholdCount,
            },
            name: found.TargetGroupName,
            ...(await tagsOf(aws, arn)),
        };
    },
    // AWS refuses it while a listener of it is being deleted.
    remove: ({ elb }, TargetGroupArn, _state, { signal }) =>
        retrying(/ResourceInUse/, IN_USE_SECONDS, signal, () => elb.deleteTargetGroup({ TargetGroupArn })),
});

const actionsOf = ({ defaultActions }: Props) =>
    (defaultActions as Props[]).map(({ targetGroupArn }) => ({
        Type: "forward" as const,
        TargetGroupArn: targetGroupArn as string,
    }));

export const listener = awsResource({
    inputs: ["defaultActions", "loadBalancerArn", "port", "protocol", "tags"],
    required: ["defaultActions", "loadBalancerArn"],
    computed: ["arn", "tagsAll"],
    replaceOn: ["loadBalancerArn"],
    check: ({ defaultActions }) =>
        Array.isArray(defaultActions) && defaultActions.some(({ type }: Props) => type !== "forward")
            ? [{ property: "defaultActions", reason: "actions other than forward are not covered" }]
            : [],
    async create({ elb }, inputs) {
        const { Listeners = [] } = await elb.createListener({
            LoadBalancerArn: inputs.loadBalancerArn,
            Port: inputs.port,
            Protocol: inputs.protocol as ProtocolEnum,
            DefaultActions: actionsOf(inputs),
            Tags: tagList(inputs.tags),
        });
        return Listeners[0]?.ListenerArn;
    },
    async update(aws, ListenerArn, olds, news) {
        await retagged(aws, ListenerArn, olds, news);
        await aws.elb.modifyListener({
            ListenerArn,
            Port: news.port,
            Protocol: news.protocol as ProtocolEnum,
            DefaultActions: actionsOf(news),
        });
    },
    async describe(aws, arn) {
        const { Listeners = [] } = await aws.elb.describeListeners({ ListenerArns: [arn] });
        return Listeners[0] && { arn, ...(await tagsOf(aws, arn)) };
    },
    remove: ({ elb }, ListenerArn) => elb.deleteListener({ ListenerArn }),
});

const ATTACHMENT = ["port", "targetGroupArn", "targetId"];

const targetOf = ({ targetGroupArn, targetId, port }: Props) => ({
    TargetGroupArn: targetGroupArn as string,
    Targets: [{ Id: targetId as string, Port: port as number | undefined }],
});

export const targetGroupAttachment = awsResource({
    inputs: ATTACHMENT,
    required: ["targetGroupArn", "targetId"],
    observed: [],
    replaceOn: ATTACHMENT,
    async create({ elb }, inputs) {
        await elb.registerTargets(targetOf(inputs));
        return `${inputs.targetGroupArn}-${inputs.targetId}-${inputs.port}`;
    },
    async describe({ elb }, _id, state) {
        const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({
            TargetGroupArn: state.targetGroupArn,
        });
        const found = TargetHealthDescriptions.some(
            ({ Target, TargetHealth }) =>
                Target?.Id === state.targetId &&
                Target?.Port === state.port &&
                // AWS lists a deregistered target until its connections have ended.
                !/Deregistration|NotRegistered/.test(TargetHealth?.Reason ?? ""),
        );
        return found ? {} : undefined;
    },
    remove: ({ elb }, _id, state) => elb.deregisterTargets(targetOf(state)),
});
