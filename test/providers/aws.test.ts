// The stand-in for the aws plugin against moto: what it creates, reads, changes and refuses.
import assert from "node:assert/strict";
import {
    DescribeInstancesCommand,
    DescribeSecurityGroupRulesCommand,
    DescribeVpcsCommand,
    EC2Client,
    StopInstancesCommand,
    TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { clients } from "../../offline/plugins/aws/clients";
import { instance } from "../../offline/plugins/aws/instance";
import { aws as provider } from "../../offline/plugins/aws/provider";
import type { Context, Props } from "../../providers/runtime/types";
import { AMIS, NEWEST, REGION } from "../aws/cloud";
import { CREDENTIALS } from "../aws/credentials";
import { Moto } from "../aws/moto";
import { failureOf, TestPulumi } from "./support";

const T = {
    eip: "aws:ec2/eip:Eip",
    gateway: "aws:ec2/internetGateway:InternetGateway",
    group: "aws:ec2/securityGroup:SecurityGroup",
    ingress: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    instance: "aws:ec2/instance:Instance",
    nat: "aws:ec2/natGateway:NatGateway",
    reservation: "aws:ec2/subnetCidrReservation:SubnetCidrReservation",
    route: "aws:ec2/route:Route",
    subnet: "aws:ec2/subnet:Subnet",
    table: "aws:ec2/routeTable:RouteTable",
    vpc: "aws:ec2/vpc:Vpc",
    bucket: "aws:s3/bucket:Bucket",
    role: "aws:iam/role:Role",
    profile: "aws:iam/instanceProfile:InstanceProfile",
} as const;

interface Made {
    type: string;
    id: string;
    outs: Props;
    inputs: Props;
}

describe("the aws stand-in", function () {
    this.timeout(120_000);
    let moto: Moto;
    let ec2: EC2Client;
    let pulumi: TestPulumi;
    let made: Made[];

    before(async () => {
        Object.assign(process.env, CREDENTIALS);
        moto = await Moto.start("127.0.0.1", AMIS);
        ec2 = new EC2Client({ region: REGION, endpoint: moto.endpoint });
    });
    after(() => moto?.stop());

    beforeEach(async () => {
        made = [];
        pulumi = await TestPulumi.inProcess(provider);
        const { endpoint } = moto;
        await pulumi.configure({
            region: REGION,
            endpoints: JSON.stringify([{ ec2: endpoint, elbv2: endpoint, iam: endpoint, s3: endpoint }]),
            s3UsePathStyle: "true",
        });
    });
    afterEach(async () => {
        for (const { type, id, outs } of made.reverse())
            await pulumi.delete(type, id, outs).catch(() => undefined);
        await pulumi.stop();
    });

    async function create(type: string, inputs: Props): Promise<Made> {
        const checked = await pulumi.check(type, inputs);
        assert.deepEqual(checked.failures, []);
        const one = { type, ...(await pulumi.create(type, checked.inputs)), inputs: checked.inputs };
        made.push(one);
        return one;
    }

    async function network() {
        const vpc = await create(T.vpc, { cidrBlock: "10.9.0.0/16", enableDnsHostnames: true });
        const subnet = await create(T.subnet, {
            vpcId: vpc.id,
            cidrBlock: "10.9.0.0/20",
            availabilityZone: "eu-central-1b",
        });
        const group = await create(T.group, { vpcId: vpc.id, description: "it" });
        return { vpc, subnet, group };
    }

    function instanceInputs(subnet: Made, group: Made): Props {
        return {
            ami: NEWEST,
            instanceType: "t3.small",
            subnetId: subnet.id,
            privateIp: "10.9.0.17",
            associatePublicIpAddress: true,
            vpcSecurityGroupIds: [group.id],
            userData: "#cloud-config\n",
            metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
            rootBlockDevice: {
                volumeType: "gp3",
                volumeSize: 20,
                encrypted: true,
                deleteOnTermination: true,
            },
            tags: { Name: "it" },
        };
    }

    async function differences({ type, id, outs, inputs }: Made, news: Props = inputs) {
        const read = await pulumi.read(type, id, outs, inputs);
        return pulumi.diff(type, read.inputs, news, read.outs);
    }

    it("refuses a type, an input and a setting that Skep does not use", async () => {
        const refused = await failureOf(pulumi.check("aws:rds/instance:Instance", {}));
        assert.match(refused.details, /not covered.*only what Skep uses/);
        const { failures } = await pulumi.check(T.vpc, { cidrBlock: "10.9.0.0/16", ipv6CidrBlock: "x" });
        assert.match(failures.join(), /ipv6CidrBlock.*not covered/);
        const setting = await failureOf(pulumi.configure({ region: REGION, assumeRoles: "[]" }));
        assert.match(setting.details, /assumeRoles is not covered/);
    });

    it("makes what it makes as asked, and sees no difference afterwards", async () => {
        const { vpc, subnet, group } = await network();
        const gateway = await create(T.gateway, { vpcId: vpc.id });
        const table = await create(T.table, { vpcId: vpc.id });
        const route = await create(T.route, {
            routeTableId: table.id,
            destinationCidrBlock: "0.0.0.0/0",
            gatewayId: gateway.id,
        });
        const reservation = await create(T.reservation, {
            subnetId: subnet.id,
            cidrBlock: "10.9.0.16/28",
            reservationType: "explicit",
        });
        const rule = await create(T.ingress, {
            securityGroupId: group.id,
            ipProtocol: "50",
            referencedSecurityGroupId: group.id,
            description: "ESP",
        });
        const instance = await create(T.instance, instanceInputs(subnet, group));
        assert.match(instance.id, /^i-/);
        assert.equal(instance.outs.privateIp, "10.9.0.17");
        assert.equal(instance.outs.availabilityZone, "eu-central-1b");
        for (const one of [vpc, subnet, group, gateway, table, route, reservation, rule, instance])
            assert.deepEqual((await differences(one)).getDiffsList(), [], one.type);
    });

    it("gives a security group no rule that the program does not have", async () => {
        const { group } = await network();
        const { SecurityGroupRules } = await ec2.send(
            new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [group.id] }] }),
        );
        assert.deepEqual(SecurityGroupRules, []);
    });

    it("repeats a request for an instance under its first token, and asks for the next one under another", async () => {
        const ctx = { config: { region: REGION }, signal: AbortSignal.timeout(10_000) } as unknown as Context;
        const tokens: unknown[] = [];
        clients(ctx).ec2.middlewareStack.add(
            () => (args) => {
                tokens.push((args.input as { ClientToken?: string }).ClientToken);
                // Refuse the first request, as EC2 does while it does not know a new profile yet.
                const name = tokens.length === 1 ? "Invalid IAM Instance Profile name" : "Stop";
                return Promise.reject(Object.assign(new Error(name), { name }));
            },
            { step: "initialize" },
        );
        const create = () => assert.rejects(instance.create({ ami: NEWEST }, ctx), /Stop/);
        await create();
        await create();
        const [first, repeated, next] = tokens;
        assert.match(String(first), /^[\w-]{36}$/);
        assert.equal(repeated, first);
        assert.notEqual(next, first);
    });

    it("replaces an instance for what is fixed at its start, and changes the rest in place", async () => {
        const { subnet, group } = await network();
        const instance = await create(T.instance, instanceInputs(subnet, group));
        for (const [key, value] of Object.entries({ ami: "ami-0000000000000001a", privateIp: "10.9.0.18" }))
            assert.deepEqual(
                (await differences(instance, { ...instance.inputs, [key]: value })).getReplacesList(),
                [key],
            );
        const news = { ...instance.inputs, instanceType: "t3.large", tags: { Name: "other" } };
        assert.deepEqual((await differences(instance, news)).getReplacesList(), []);
        const outs = await pulumi.update(T.instance, instance.id, instance.outs, news);
        assert.equal(outs.instanceType, "t3.large");
        assert.equal(outs.instanceState, "running");
        assert.deepEqual(outs.tags, { Name: "other" });
    });

    it("sees an instance that was terminated as gone, and one that was stopped as there", async () => {
        const { subnet, group } = await network();
        const instance = await create(T.instance, instanceInputs(subnet, group));
        await ec2.send(new StopInstancesCommand({ InstanceIds: [instance.id] }));
        const stopped = await pulumi.read(T.instance, instance.id, instance.outs, instance.inputs);
        assert.equal(stopped.outs.instanceState, "stopped");
        await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance.id] }));
        assert.equal((await pulumi.read(T.instance, instance.id, instance.outs)).id, "");
        const next = await create(T.instance, instanceInputs(subnet, group));
        assert.equal(next.outs.privateIp, instance.outs.privateIp);
    });

    it("ends an instance, and ending it again is fine", async () => {
        const { subnet, group } = await network();
        const { id, outs } = await create(T.instance, instanceInputs(subnet, group));
        await pulumi.delete(T.instance, id, outs);
        await pulumi.delete(T.instance, id, outs);
        const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
        assert.equal(Reservations?.[0]?.Instances?.[0]?.State?.Name, "terminated");
    });

    it("deletes no subnet and no group that an instance is in, stopped ones included", async () => {
        const { subnet, group } = await network();
        const instance = await create(T.instance, instanceInputs(subnet, group));
        await ec2.send(new StopInstancesCommand({ InstanceIds: [instance.id] }));
        for (const { type, id, outs } of [subnet, group]) {
            const refused = await failureOf(pulumi.delete(type, id, outs));
            assert.match(refused.details, /DependencyViolation/);
            assert.equal((await pulumi.read(type, id, outs)).id, id);
        }
    });

    it("deletes no group that a rule of another one names", async () => {
        const { vpc, group } = await network();
        const other = await create(T.group, { vpcId: vpc.id, description: "other" });
        await create(T.ingress, {
            securityGroupId: other.id,
            ipProtocol: "tcp",
            fromPort: 22,
            toPort: 22,
            referencedSecurityGroupId: group.id,
        });
        const refused = await failureOf(pulumi.delete(T.group, group.id, group.outs));
        assert.match(refused.details, /DependencyViolation/);
    });

    it("shows a tag and a rule that were changed by hand, and a VPC that was deleted as gone", async () => {
        const { vpc, group } = await network();
        const rule = await create(T.ingress, {
            securityGroupId: group.id,
            ipProtocol: "tcp",
            fromPort: 22,
            toPort: 22,
            cidrIpv4: "203.0.113.7/32",
            description: "SSH",
        });
        const changed = { ...rule.inputs, cidrIpv4: "203.0.113.8/32" };
        await pulumi.update(T.ingress, rule.id, rule.outs, changed);
        assert.deepEqual((await differences(rule)).getDiffsList(), ["cidrIpv4"]);
        const tagged = { ...vpc.inputs, tags: { a: "1" } };
        await pulumi.update(T.vpc, vpc.id, vpc.outs, tagged);
        assert.deepEqual((await differences({ ...vpc, inputs: tagged }, tagged)).getDiffsList(), []);
        await pulumi.update(T.vpc, vpc.id, { tags: { a: "1" } }, { ...vpc.inputs, tags: { b: "1" } });
        assert.deepEqual((await differences({ ...vpc, inputs: tagged }, tagged)).getDiffsList(), ["tags"]);
        const gone = await pulumi.read(T.vpc, "vpc-00000000000000000", vpc.outs);
        assert.equal(gone.id, "");
        assert.equal((await ec2.send(new DescribeVpcsCommand({ VpcIds: [vpc.id] }))).Vpcs?.length, 1);
    });

    it("waits for a NAT gateway to come and to go, and frees its address after it", async () => {
        const { subnet } = await network();
        const address = await create(T.eip, { domain: "vpc" });
        const nat = await create(T.nat, { allocationId: address.id, subnetId: subnet.id });
        assert.equal(nat.outs.publicIp, address.outs.publicIp);
        await pulumi.delete(T.nat, nat.id, nat.outs);
        assert.equal((await pulumi.read(T.nat, nat.id, nat.outs)).id, "");
        await pulumi.delete(T.eip, address.id, address.outs);
        assert.equal((await pulumi.read(T.eip, address.id, address.outs)).id, "");
    });

    it("removes a bucket with what is in it only when it is told to", async () => {
        const s3 = new S3Client({ region: REGION, endpoint: moto.endpoint, forcePathStyle: true });
        for (const forceDestroy of [false, true]) {
            const bucket = await create(T.bucket, { bucketPrefix: "skep-it-", forceDestroy });
            await s3.send(new PutObjectCommand({ Bucket: bucket.id, Key: "a", Body: "b" }));
            const deletion = pulumi.delete(T.bucket, bucket.id, bucket.outs);
            if (forceDestroy) await deletion;
            else assert.match((await failureOf(deletion)).details, /not empty/);
            assert.equal((await pulumi.read(T.bucket, bucket.id, bucket.outs)).id === "", forceDestroy);
            await pulumi.delete(T.bucket, bucket.id, { ...bucket.outs, forceDestroy: true });
        }
    });

    it("gives a role to a profile, and takes it off before the profile goes", async () => {
        const assumeRolePolicy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
        const role = await create(T.role, { assumeRolePolicy, description: "it" });
        const profile = await create(T.profile, { role: role.outs.name });
        for (const one of [role, profile])
            assert.deepEqual((await differences(one)).getDiffsList(), [], one.type);
        await pulumi.delete(T.profile, profile.id, profile.outs);
        assert.equal((await pulumi.read(T.profile, profile.id, profile.outs)).id, "");
    });

    it("finds the newest image of an owner, and the zones of a region", async () => {
        const image = await pulumi.invoke("aws:ec2/getAmi:getAmi", {
            owners: ["136693071363"],
            mostRecent: true,
            filters: [{ name: "architecture", values: [AMIS[0]?.architecture] }],
        });
        assert.equal(image.id, NEWEST);
        const zones = await pulumi.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {
            state: "available",
        });
        assert.deepEqual(zones.names, ["eu-central-1a", "eu-central-1b", "eu-central-1c"]);
    });
});
