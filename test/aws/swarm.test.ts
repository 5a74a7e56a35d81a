// The main job on EC2 from end to end, against an EC2 API whose instances are real hosts: preview, up, the state of AWS and
// of the swarm, a lost manager, a lost registry node, destroy.

import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DescribeVolumesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import {
    DescribeLoadBalancersCommand,
    DescribeTargetGroupsCommand,
    DescribeTargetHealthCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Outcome } from "../../cli/pulumi/operate";
import { STATE_FOLDER } from "../../config/folders";
import { forgetStackFile } from "../../cli/stack/file";
import { forgetStack } from "../../cli/pulumi/workspace";
import { sharingClone } from "../lab/clone";
import { eventually, Lab } from "../lab/lab";
import { inFull, required } from "../lab/required";
import { ARCHITECTURE, Cloud, NEWEST, OLDER } from "./cloud";
import { testEveryAwsSetting } from "./every-setting";
import { status } from "./login";
import {
    buckets,
    bucketSettings,
    everything,
    instances,
    named,
    nameOf,
    onlyRolePolicy,
    ownSubnets,
    permissionFor,
    plannedRuleLines,
    securityRuleLines,
} from "./views";

interface NodeOutput {
    name: string;
    role: string;
    zone: string;
    address: string;
    nodeId: string;
    host: string;
}
interface Outputs {
    nodes: NodeOutput[];
    clusterId: string;
    loadBalancer: string;
    registry: { server: string; urls: string[]; user: string };
}

const CHANGING = ["create", "update", "replace", "delete"];
const APP_PORT = 8080;
const REGISTRY_PORT = 5000;
const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
/** One host in each zone, a worker if the zone has one. */
const REGISTRIES = ["manager-3", "worker-1", "worker-2"];
const CALLS = join(__dirname, "../../.skep/test-aws-calls");
const NODES =
    "docker node inspect $(docker node ls -q) --format " +
    `'{{.Description.Hostname}} {{.Status.State}} {{.Spec.Labels.availability_zone}}{{with .ManagerStatus}} {{.Reachability}}{{end}}'`;

const lab = new Lab("test-aws");
let cloud: Cloud;
let outputs: Outputs;
let password: string;

describe("A locked swarm on EC2 over three zones from one command", function () {
    this.timeout(900_000);

    before(async () => {
        rmSync(CALLS, { force: true });
        await forget();
        process.env.SKEP_AWS_CALLS = CALLS;
        cloud = await Cloud.open(lab.stack);
        configure(2);
    });
    after(async () => {
        delete process.env.SKEP_AWS_CALLS;
        if (cloud) await lab.skep("destroy", "--yes", "--lose-swarm", lab.stack).catch(() => undefined);
        await cloud?.close();
        await forget();
        lab.forget();
    });
    afterEach(async function () {
        if (this.currentTest?.state === "failed") console.log(`      ${await cloud?.hosts.report()}`);
    });

    it("is previewed whole before anything exists", async () => {
        const { changes, steps } = await lab.json<Outcome>("preview");
        assert.deepEqual(Object.keys(changes), ["create"]);
        for (const name of ["aws-network-vpc", "manager-1", "worker-2", "swarm-cluster", "sample-stack"])
            assert.ok(
                steps.some((step) => step.name === name),
                `${name} is missing`,
            );
        assert.deepEqual(await instances(cloud), []);
    });

    required("comes up", async () => {
        await lab.skep("up", "--json");
        outputs = await lab.json<Outputs>("output");
        assert.match((await lab.skep("output", "unlockKey")).trim(), /^SWMKEY-1-/);
    });

    it("has a subnet a zone, and its hosts spread over them at their addresses", async () => {
        const subnets = await ownSubnets(cloud);
        assert.deepEqual(subnets.map(({ AvailabilityZone }) => AvailabilityZone).sort(), ZONES);
        const found = await instances(cloud);
        assert.equal(found.length, 5);
        for (const { name, zone, address } of outputs.nodes) {
            const instance = named(found, name);
            assert.equal(instance.Placement?.AvailabilityZone, zone, name);
            assert.equal(instance.PrivateIpAddress, address, name);
            assert.equal(
                subnets.find(({ SubnetId }) => SubnetId === instance.SubnetId)?.AvailabilityZone,
                zone,
            );
        }
        const managers = outputs.nodes.filter(({ role }) => role === "manager");
        assert.deepEqual(managers.map(({ zone }) => zone).sort(), ZONES);
    });

    it("has the newest official image, metadata by token only, encrypted disks and tags", async () => {
        for (const instance of await instances(cloud)) {
            const name = nameOf(instance);
            assert.equal(instance.ImageId, NEWEST);
            assert.equal(instance.MetadataOptions?.HttpTokens, "required");
            // Answers travel one hop more to the registry's container than to its host.
            const hops = REGISTRIES.includes(name) ? 2 : 1;
            assert.equal(instance.MetadataOptions?.HttpPutResponseHopLimit, hops, name);
            const tags = Object.fromEntries((instance.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
            assert.deepEqual(tags, {
                Name: `skep-test-aws-${name}`,
                "io.skep.stack": "test-aws",
                "io.skep.role": name.split("-")[0],
                team: "tests",
            });
            const volumes = instance.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.VolumeId ?? "");
            const { Volumes = [] } = await cloud.ec2.send(new DescribeVolumesCommand({ VolumeIds: volumes }));
            assert.deepEqual(
                Volumes.map(({ Encrypted, VolumeType }) => [Encrypted, VolumeType]),
                [[true, "gp3"]],
            );
        }
    });

    it("has exactly the security group rules that are planned", async () => {
        const { groups, rules } = await securityRuleLines(cloud);
        assert.deepEqual(groups, ["balancer", "managers", "nodes"]);
        const planned = plannedRuleLines({
            adminCidrs: [`${cloud.network.gateway}/32`],
            appCidrs: ["0.0.0.0/0"],
            appPorts: [APP_PORT],
            registryPort: REGISTRY_PORT,
            loadBalancer: true,
        });
        assert.deepEqual(rules, planned);
    });

    it("gives the registry's hosts a role for its bucket's prefix, and no other host any", async () => {
        const having = (await instances(cloud)).filter(
            ({ IamInstanceProfile }) => IamInstanceProfile !== undefined,
        );
        assert.deepEqual(having.map(nameOf).sort(), REGISTRIES);
        const [bucket] = await buckets(cloud);
        const policy = await onlyRolePolicy(cloud);
        const resources = new Set(policy.Statement.map(({ Resource }) => Resource));
        assert.deepEqual([...resources], [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/registry/*`]);
        assert.ok(
            policy.Statement.flatMap(({ Action }) => Action).every((action) => /^s3:\w+$/.test(action)),
        );
    });

    it("keeps the registry's bucket private, versioned and encrypted", async () => {
        const [Bucket] = await buckets(cloud);
        const { isPrivate, versioning, encryption } = await bucketSettings(cloud, Bucket);
        assert.deepEqual(new Set(isPrivate), new Set([true]));
        assert.equal(versioning, "Enabled");
        assert.equal(encryption, "AES256");
    });

    it("has a load balancer in every zone that forwards the published port to every host", async () => {
        const { LoadBalancers = [] } = await cloud.elb.send(new DescribeLoadBalancersCommand({}));
        const [balancer] = LoadBalancers;
        assert.equal(balancer?.DNSName, outputs.loadBalancer);
        assert.equal(balancer?.Type, "network");
        assert.deepEqual(balancer?.AvailabilityZones?.map(({ ZoneName }) => ZoneName).sort(), ZONES);
        const { TargetGroups = [] } = await cloud.elb.send(new DescribeTargetGroupsCommand({}));
        assert.deepEqual(
            TargetGroups.map(({ Port, Protocol }) => [Port, Protocol]),
            [[APP_PORT, "TCP"]],
        );
        const { TargetHealthDescriptions = [] } = await cloud.elb.send(
            new DescribeTargetHealthCommand({ TargetGroupArn: TargetGroups[0]?.TargetGroupArn }),
        );
        const targets = TargetHealthDescriptions.map(({ Target }) => Target?.Id).sort();
        assert.deepEqual(targets, (await instances(cloud)).map(({ InstanceId }) => InstanceId).sort());
    });

    it("is one swarm whose nodes are ready and labelled with their zones", () => wholeSwarm(5));

    it("is not changed by a second up or preview", async () => {
        for (const command of ["up", "preview"]) await unchanged(command);
    });

    it("is seen as it is by another clone that has its state and its passphrase, and no file of Skep's", async () => {
        const other = sharingClone(lab);
        configure(2, {}, other);
        await unchanged("preview", other).finally(() => rmSync(other.project, { recursive: true }));
    });

    testEveryAwsSetting(lab, (change, registry) => configure(2, change(cloud.settings), lab, registry));

    it("serves the web page in every zone", async () => {
        const zones = new Set<string>();
        await eventually("an answer from every zone", async () => {
            for (const { zone, host } of outputs.nodes) {
                const answer = await fetch(`http://${host}:${APP_PORT}/`).catch(() => undefined);
                if (answer?.status === 200) zones.add(zone);
            }
            return zones.size === 3 ? true : undefined;
        });
    });

    it("has a registry on a host in each zone, which answers nobody without credentials", async () => {
        password = (await lab.skep("output", "registryPassword")).trim();
        const { urls, user } = outputs.registry;
        const hosts = urls.map((url) => outputs.nodes.find(({ host }) => host === new URL(url).hostname));
        assert.deepEqual(hosts.map((host) => host?.zone).sort(), ZONES);
        for (const url of urls) {
            assert.equal(status(lab, url), 401);
            assert.equal(status(lab, url, `${user}:${password}`), 200);
        }
    });

    it("serves metadata to containers on the registry's hosts, and on other hosts to the host alone", async () => {
        const ask =
            "curl -sS -o /dev/null --max-time 3 -X PUT -H x-aws-ec2-metadata-token-ttl-seconds:60 http://169.254.169.254/latest/api/token";
        const image = "$(docker inspect --format '{{.Image}}' $(docker ps -q --filter name=sample_client))";
        const inContainer = `docker run --rm --entrypoint ${ask.replace(" ", ` ${image} `)}`;
        await lab.on("worker-1", `${ask} && ${inContainer}`);
        await lab.on("manager-1", ask);
        await assert.rejects(lab.on("manager-1", inContainer), /timed out/);
    });

    it("follows another number of workers without touching the others", async () => {
        configure(3);
        const { steps } = await lab.json<Outcome>("up");
        const hosts = steps.filter(({ type }) => type === "aws:Instance");
        assert.deepEqual(
            hosts.map(({ verb, name }) => `${verb} ${name}`),
            ["+ create worker-3"],
        );
        await wholeSwarm(6);
    });

    it("goes on pulling without a registry's host, and heals it and a manager in the same swarm", async () => {
        const image = `${outputs.registry.server}/kept:1`;
        const login = `docker login --username ${outputs.registry.user} --password-stdin ${outputs.registry.server}`;
        const any = await lab.on("manager-1", "docker image ls --format '{{.ID}}' | head -n 1");
        await lab.on(
            "manager-1",
            `docker tag ${any} ${image} && ${login} && docker push -q ${image} && docker rmi ${image}`,
            password,
        );
        const before = await instances(cloud);
        const lost = ["manager-2", "worker-1"].map((name) => named(before, name).InstanceId ?? "");
        await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: lost }));
        await eventually("the hosts to be gone", async () => {
            const there = await Promise.all(
                lost.map((id) =>
                    cloud.hosts
                        .container(id)
                        .inspect()
                        .catch(() => undefined),
                ),
            );
            return there.every((host) => host === undefined) ? true : undefined;
        });
        // The registry in this zone is gone; manager-1 tries it first.
        const pull = `${login} && docker pull -q ${image} && docker rmi ${image}`;
        for (const host of ["manager-1", "worker-3"]) await lab.on(host, pull, password);
        await lab.skep("up", "--json");
        const healed = await lab.json<Outputs>("output");
        assert.equal(healed.clusterId, outputs.clusterId);
        const address = ({ nodes }: Outputs) => nodes.find(({ name }) => name === "manager-2")?.address;
        assert.equal(address(healed), address(outputs));
        assert.notEqual(named(await instances(cloud), "manager-2").InstanceId, lost[0]);
        outputs = healed;
        await wholeSwarm(6);
        const clusters = await Promise.all(
            ["manager-1", "manager-2", "manager-3"].map((host) =>
                lab.on(host, "docker info --format '{{.Swarm.Cluster.ID}}'"),
            ),
        );
        assert.deepEqual(new Set(clusters), new Set([outputs.clusterId]));
        await lab.on("worker-2", pull, password);
        for (const url of outputs.registry.urls)
            assert.equal(status(lab, url, `${outputs.registry.user}:${password}`), 200);
    });

    inFull("protects its hosts from termination in place, and ignores another image", async () => {
        configure(3, { terminationProtection: true, image: { ami: OLDER, architecture: ARCHITECTURE } });
        const { steps, left } = await lab.json<Outcome>("up");
        assert.equal(left.filter(({ id }) => id === "INSTANCE_DIFFERS").length, 6, JSON.stringify(left));
        const hosts = steps.filter(({ type }) => type === "aws:Instance");
        assert.deepEqual(new Set(hosts.map(({ verb }) => verb)), new Set(["~ update"]));
        assert.equal(hosts.length, 6);
        const InstanceIds = (await instances(cloud)).map(({ InstanceId = "" }) => InstanceId);
        await assert.rejects(
            cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds })),
            /disableApiTermination/,
        );
        configure(3, { image: { ami: OLDER, architecture: ARCHITECTURE } });
        await lab.skep("up", "--json");
    });

    inFull("renews the one host that is named with the image that is set, and no other", async () => {
        const before = await instances(cloud);
        configure(3, { renew: ["worker-3"], image: { ami: OLDER, architecture: ARCHITECTURE } });
        await lab.skep("up", "--json");
        const after = await instances(cloud);
        const changed = after.filter(
            ({ InstanceId }) => !before.some((one) => one.InstanceId === InstanceId),
        );
        assert.deepEqual(
            changed.map((instance) => [nameOf(instance), instance.ImageId]),
            [["worker-3", OLDER]],
        );
        await wholeSwarm(6);
    });

    it("asks AWS for nothing that the policy in docs does not allow", () => {
        const policy = JSON.parse(readFileSync(join(__dirname, "../../docs/aws-policy.json"), "utf8")) as {
            Statement: { Action: string[] }[];
        };
        const allowed = new Set(policy.Statement.flatMap(({ Action }) => Action));
        const called = new Set(readFileSync(CALLS, "utf8").trim().split("\n").map(permissionFor));
        assert.deepEqual([...called].filter((action) => !allowed.has(action)).sort(), []);
    });

    it("keeps nothing secret readable in its state", async () => {
        const file = join(STATE_FOLDER, ".pulumi/stacks/skep/test-aws.json");
        const unlockKey = (await lab.skep("output", "unlockKey")).trim();
        const state = readFileSync(file, "utf8");
        for (const secret of [unlockKey, "SWMTKN-", "PRIVATE KEY"])
            assert.ok(!state.includes(secret), `the state holds ${secret.slice(0, 8)}… in clear`);
    });

    it("is protected from its first up on, and destroyed without residue when it is given up by its name", async () => {
        await assert.rejects(lab.skep("destroy", "--yes"), /PROTECTED/);
        await lab.skep("destroy", "--yes", "--lose-swarm", lab.stack);
        assert.deepEqual(await instances(cloud), []);
        const left = await everything(cloud);
        for (const [what, found] of Object.entries(left)) assert.deepEqual(found ?? [], [], what);
        assert.ok(!existsSync(lab.clients));
    });
});

/** The API is gone, so Pulumi can neither refresh nor destroy what the state has of it: delete the state. */
async function forget(): Promise<void> {
    for (const suffix of ["", ".attrs", ".bak", ".bak.attrs"])
        rmSync(join(STATE_FOLDER, `.pulumi/stacks/skep/${lab.stack}.json${suffix}`), { force: true });
    await forgetStackFile(lab.stack);
    await forgetStack(lab.stack);
}

function configure(workers: number, aws: object = {}, on = lab, registry: object = {}): void {
    on.configure({
        "skep:hosts": "aws",
        "skep:workers": workers,
        "skep:sample": { replicas: 3 },
        "skep:registry": { replicas: 3, ...registry },
        "skep:repository": cloud.repository,
        "skep:aws": {
            ...cloud.settings,
            registryStorage: "s3",
            loadBalancer: true,
            tags: { team: "tests" },
            ...aws,
        },
    });
}

async function unchanged(command: string, on = lab): Promise<void> {
    const { changes, steps } = await on.json<Outcome>(command);
    assert.ok(!CHANGING.some((verb) => changes[verb]), `${command}: ${JSON.stringify(steps)}`);
}

async function wholeSwarm(size: number): Promise<void> {
    outputs = await lab.json<Outputs>("output");
    const lines = await eventually(`${size} ready nodes`, async () => {
        const found = (await lab.on("manager-1", NODES)).split("\n").map((line) => line.split(" "));
        return found.length === size && found.every(([, state]) => state === "ready") ? found : undefined;
    });
    assert.equal(lines.filter(([, , , reachability]) => reachability === "reachable").length, 3);
    for (const [name, , zone] of lines)
        assert.equal(zone, outputs.nodes.find((node) => node.name === name)?.zone, `zone of ${name}`);
}
