// Hosts on EC2 with Pulumi's mocks: what each option declares, with and without the unknown values of a preview.

import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { AwsHosts } from "../../components/hosts/aws";
import { checkSettings } from "../../config/settings";
import { placeHosts } from "../../planning/placement";
import { chooseRegistryHosts } from "../../planning/registry-hosts";

/** Types without tags: AWS treats them as parts of something that has tags. */
const UNTAGGED = [
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/subnetCidrReservation:SubnetCidrReservation",
];

interface Declared {
    type: string;
    name: string;
    // The inputs differ by type.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- inputs of every type
    inputs: Record<string, any>;
}

const GIVEN = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] };
const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const KEY = { publicKeyOpenssh: "ssh-ed25519 AAAA", privateKeyOpenssh: "key" };

interface Outcome {
    declared: Declared[];
    hosts?: AwsHosts;
}

/** Everything that five hosts over three zones declare with these settings. */
async function declare(aws: object, preview: boolean, more: object = {}): Promise<Outcome> {
    const checked = checkSettings("test", { hosts: "aws", workers: 2, aws: { ...GIVEN, ...aws }, ...more });
    assert.deepEqual(checked.problems, []);
    const { settings } = checked;
    if (!settings?.aws) throw new Error("the settings are for AWS");
    const outcome: Outcome = { declared: [] };
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                outcome.declared.push({ type, name, inputs: inputs as Declared["inputs"] });
                const known = { ...inputs, ...(type.startsWith("tls:") && KEY) };
                const made = {
                    ...known,
                    arn: `arn:${name}`,
                    dnsName: "balancer.example",
                    name: `${name}-1`,
                    privateIp: inputs.privateIp ?? "10.60.0.4",
                    publicIp: "192.0.2.1",
                };
                return { id: preview ? undefined : `${name}-id`, state: preview ? known : made };
            },
            call: ({ token }) =>
                token.includes("getAmi") ? { id: "ami-0000000000000001a" } : { names: ZONES, id: "r" },
        },
        "skep",
        "test",
        preview,
    );
    const placed = placeHosts(settings.managers, settings.workers, settings.zones);
    const { aws: awsSettings } = settings;
    await pulumi.runtime.runInPulumiStack(() => {
        outcome.hosts = new AwsHosts("aws", {
            stack: "test",
            facts: {},
            renewed: [],
            hosts: placed,
            settings: awsSettings,
            stackPorts: [{ stack: "sample", port: 8080 }],
            registry: { hosts: chooseRegistryHosts(placed, settings.registry.replicas), port: 5000 },
        });
        // Wait for the outputs.
        const { hosts, loadBalancer } = outcome.hosts;
        return Promise.resolve({ ids: hosts.map(({ id }) => id), ...(loadBalancer && { loadBalancer }) });
    });
    return outcome;
}

const ofType = ({ declared }: Outcome, type: string) =>
    declared.filter((one) => one.type.endsWith(`:${type}`)).sort((a, b) => a.name.localeCompare(b.name));
const counts = (outcome: Outcome, ...types: string[]) =>
    Object.fromEntries(types.map((type) => [type, ofType(outcome, type).length]));

for (const preview of [true, false])
    describe(`Hosts on EC2 ${preview ? "in a preview" : "in an up"}`, function () {
        this.timeout(60_000);
        let usual: Outcome;
        before(async () => {
            usual = await declare({}, preview);
        });

        it("are instances in a public subnet a zone, without what costs extra", () => {
            assert.deepEqual(
                counts(usual, "Instance", "Subnet", "NatGateway", "Eip", "LoadBalancer", "Bucket", "Role"),
                { Instance: 5, Subnet: 3, NatGateway: 0, Eip: 0, LoadBalancer: 0, Bucket: 0, Role: 0 },
            );
            assert.deepEqual(
                ofType(usual, "Subnet").map(({ inputs }) => inputs.cidrBlock as string),
                ["10.60.0.0/20", "10.60.16.0/20", "10.60.32.0/20"],
            );
        });

        it("have metadata by token only, no hop to containers, and encrypted disks", () => {
            for (const { name, inputs } of ofType(usual, "Instance")) {
                assert.equal(inputs.metadataOptions.httpTokens, "required", name);
                assert.equal(inputs.metadataOptions.httpPutResponseHopLimit, 1, name);
                assert.equal(inputs.rootBlockDevice.encrypted, true, name);
                assert.equal(inputs.rootBlockDevice.volumeType, "gp3", name);
            }
        });

        it("have fixed addresses for managers only", () => {
            const addresses = ofType(usual, "Instance").map(({ name, inputs }) => [name, inputs.privateIp]);
            assert.deepEqual(addresses, [
                ["manager-1", "10.60.0.17"],
                ["manager-2", "10.60.16.18"],
                ["manager-3", "10.60.32.19"],
                ["worker-1", undefined],
                ["worker-2", undefined],
            ]);
        });

        it("carry the stack's tags and the user's", async () => {
            const tagged = await declare({ tags: { team: "x" } }, preview);
            const untagged = tagged.declared.filter(({ inputs }) => !inputs.tags).map(({ type }) => type);
            assert.deepEqual(
                [...new Set(untagged)].filter((type) => type.startsWith("aws:")).sort(),
                UNTAGGED,
            );
            for (const { name, inputs } of tagged.declared.filter(({ inputs }) => inputs.tags)) {
                assert.equal(inputs.tags["io.skep.stack"], "test", name);
                assert.equal(inputs.tags.team, "x", name);
                assert.match(inputs.tags.Name, /^skep-test-/, name);
            }
        });

        it("reach out through one NAT gateway, or one in each zone, from private subnets", async () => {
            const one = await declare({ network: { subnets: "private" } }, preview);
            assert.deepEqual(counts(one, "NatGateway", "Eip", "Subnet", "RouteTable"), {
                NatGateway: 1,
                Eip: 1,
                Subnet: 6,
                RouteTable: 4,
            });
            const each = await declare({ network: { subnets: "private", nat: "zone" } }, preview);
            assert.deepEqual(counts(each, "NatGateway", "Eip"), { NatGateway: 3, Eip: 3 });
            for (const { inputs } of ofType(each, "Instance"))
                assert.equal(inputs.associatePublicIpAddress, false);
        });

        it("keep the registry's images in a private bucket, for its host's role alone", async () => {
            const stored = await declare({ registryStorage: "s3" }, preview);
            assert.deepEqual(
                counts(stored, "Bucket", "BucketPublicAccessBlock", "BucketVersioning", "RolePolicy"),
                { Bucket: 1, BucketPublicAccessBlock: 1, BucketVersioning: 1, RolePolicy: 1 },
            );
            const hops = ofType(stored, "Instance").map(({ name, inputs }) => [
                name,
                inputs.metadataOptions.httpPutResponseHopLimit,
            ]);
            assert.deepEqual(
                hops.filter(([, limit]) => limit !== 1),
                [["worker-1", 2]],
            );
            assert.equal(stored.hosts?.storage?.prefix, "registry");
        });

        it("have the role for the bucket in each zone where the registry runs in each", async () => {
            const spread = { registry: { replicas: 3 } };
            const stored = await declare({ registryStorage: "s3" }, preview, spread);
            const roles = ofType(stored, "Instance").map(({ name, inputs }) => [
                name,
                inputs.iamInstanceProfile !== undefined,
                inputs.metadataOptions.httpPutResponseHopLimit,
            ]);
            assert.deepEqual(roles, [
                ["manager-1", false, 1],
                ["manager-2", false, 1],
                ["manager-3", true, 2],
                ["worker-1", true, 2],
                ["worker-2", true, 2],
            ]);
            assert.deepEqual(counts(stored, "InstanceProfile", "Bucket"), { InstanceProfile: 1, Bucket: 1 });
        });

        it("stand behind a load balancer with a listener for every published port", async () => {
            const balanced = await declare({ loadBalancer: true, appPorts: [9000] }, preview);
            assert.deepEqual(
                counts(balanced, "LoadBalancer", "Listener", "TargetGroup", "TargetGroupAttachment"),
                { LoadBalancer: 1, Listener: 2, TargetGroup: 2, TargetGroupAttachment: 10 },
            );
            assert.equal(ofType(balanced, "LoadBalancer")[0]?.inputs.loadBalancerType, "network");
            assert.ok(balanced.hosts?.loadBalancer);
            assert.equal(usual.hosts?.loadBalancer, undefined);
        });

        it("boot the given image, and may be protected from termination", async () => {
            const given = await declare(
                { image: { ami: "ami-0123456789abcdef0" }, terminationProtection: true },
                preview,
            );
            for (const { inputs } of ofType(given, "Instance")) {
                assert.equal(inputs.ami, "ami-0123456789abcdef0");
                assert.equal(inputs.disableApiTermination, true);
            }
        });

        it("ask another address of the API where one is set, for every service", async () => {
            const endpoint = "http://127.0.0.1:1";
            const elsewhere = await declare({ endpoint }, preview);
            const provider = elsewhere.declared.find(({ type }) => type === "pulumi:providers:aws");
            const endpoints = JSON.parse(provider?.inputs.endpoints as string) as object[];
            assert.deepEqual([...new Set(Object.values(endpoints[0] ?? {}))], [endpoint]);
        });
    });
