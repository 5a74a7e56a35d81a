// Which plans Skep refuses because they would end the swarm, and what it says would be lost.

import assert from "node:assert/strict";
import { checkSettings } from "../../config/settings";
import { fixedIn, fixedProblems, refuseFixed } from "../../cli/stack/fixed";
import type { FoundFacts } from "../../cli/stack/facts";
import { refuseProtected } from "../../cli/stack/protection";
import { refuseOtherName } from "../../cli/options";
import { cluster } from "../../providers/swarm/cluster";
import { LOSE_SWARM } from "../../providers/swarm/lose-swarm";
import { refuseRemade, refuseReplaced, remade } from "../../providers/swarm/plan-guard";
import { UNKNOWN } from "../../providers/runtime/types";
import type { HostInput } from "../../swarm/ssh";
import { FakeWorld } from "../support/fake-swarm";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const SHOP = { "com.docker.stack.namespace": "shop" };
const REGISTRY = { "com.docker.stack.namespace": "registry" };

function standing(names = MANAGERS) {
    const world = new FakeWorld(names);
    const made = world.standing(names);
    const { id, objects } = made;
    const ctx = { ...world.ctx, urn: "urn:pulumi:prod::skep::swarm:index:Cluster::c", name: "c", config: {} };
    const refused = (replaced: string[]) =>
        refuseRemade(
            world.swarm(names, id),
            ctx,
            replaced.map((name) => ({ name }) as HostInput),
        );
    return { world, made, id, objects, ctx, refused, swarm: world.swarm(names, id) };
}

const host = (name: string, id: unknown) => ({ name, id }) as HostInput;

describe("A plan that makes managers' hosts anew", function () {
    this.timeout(20_000);

    it("is known by hosts that another id has, and not by one that leaves or comes", () => {
        const olds = [host("manager-1", "a"), host("manager-2", "b"), host("manager-3", "c")];
        const news = [host("manager-1", UNKNOWN), host("manager-2", "b"), host("worker-1", "d")];
        assert.deepEqual(
            remade(olds, news).map(({ name }) => name),
            ["manager-1"],
        );
    });

    it("is refused when the majority cannot spare them, and not when they are gone already", async () => {
        await standing().refused([]);
        await standing().refused(["manager-2"]);
        await assert.rejects(standing().refused(["manager-2", "manager-3"]), /SWARM_WOULD_END: .*1 of 3/);
        await assert.rejects(standing(["manager-1"]).refused(["manager-1"]), /no manager would be left/);
        const dead = standing();
        dead.world.at("manager-3").isUp = false;
        await dead.refused(["manager-3"]);
        await assert.rejects(dead.refused(["manager-2", "manager-3"]), /manager-3 is away already/);
    });

    it("is refused while a locked manager has the swarm's data and no majority answers", async () => {
        const { world, refused } = standing();
        for (const name of MANAGERS) world.at(name).restart();
        await assert.rejects(refused(["manager-1"]), /SWARM_WOULD_END: .*no majority/);
    });

    it("is allowed when no host has the swarm's data any more", async () => {
        const { world, swarm, ctx, refused } = standing();
        for (const name of MANAGERS) Object.assign(world.at(name), { cluster: undefined, nodeId: "" });
        await refused(MANAGERS);
        await refuseReplaced(swarm, ctx);
    });

    it("names what users would lose, and not what Skep makes again", async () => {
        const { world, made, objects, refused, swarm, ctx } = standing();
        await assert.rejects(refused(MANAGERS), /holds only Skep's own stacks/);
        const named = (Name: string, Labels?: Record<string, string>) => ({
            Spec: { Name, Labels, TaskTemplate: {} },
        });
        made.services = [
            { ID: "1", ...named("shop_db", SHOP) },
            { ID: "2", ...named("registry_registry", REGISTRY) },
        ];
        objects["/secrets"] = Array.from({ length: 7 }, (_, i) => named(`key-${i + 1}`));
        world.at("manager-2").volumes = [
            { Name: "shop_data", Labels: SHOP },
            { Name: "0".repeat(64), Labels: null },
            { Name: "registry_data", Labels: REGISTRY },
        ];
        const lost =
            /Lost with it: 1 service \(shop_db\), 7 secrets \(key-1, key-2, key-3, key-4, key-5 and 2 more\) and 2 volumes \(shop_data\)\./;
        await assert.rejects(refused(MANAGERS), lost);
        await assert.rejects(refuseReplaced(swarm, ctx), lost);
        await assert.rejects(refused(MANAGERS), /--stack prod --lose-swarm prod/);
    });

    it("puts another swarm in the place of one that the user gives up, and of no other", () => {
        const ctx = standing().ctx;
        const olds = { managers: [host("manager-1", "a"), host("manager-2", "b"), host("manager-3", "c")] };
        const two = {
            managers: [host("manager-1", UNKNOWN), host("manager-2", "e"), host("manager-3", "c")],
        };
        const one = { managers: [host("manager-1", UNKNOWN), ...olds.managers.slice(1)] };
        const replaced = (inputs: object) => cluster.replaces?.(olds, inputs, ctx);
        try {
            assert.deepEqual(replaced(two), []);
            process.env[LOSE_SWARM] = "another";
            assert.deepEqual(replaced(two), []);
            process.env[LOSE_SWARM] = "prod";
            assert.deepEqual(replaced(two), ["managers"]);
            assert.deepEqual(replaced(one), []);
        } finally {
            delete process.env[LOSE_SWARM];
        }
    });
});

describe("A protected stack", () => {
    const found = (protect?: boolean) => ({ facts: { protect } }) as FoundFacts;

    it("is not destroyed, and one that nobody has protected is", async () => {
        await refuseProtected("dev", found());
        await refuseProtected("dev", found(false));
        await assert.rejects(
            refuseProtected("dev", found(true)),
            /PROTECTED: The stack "dev" is protected.*--lose-swarm dev/,
        );
    });

    it("is given up by its own name only", () => {
        refuseOtherName({ stack: "dev" });
        refuseOtherName({ stack: "dev", loseSwarm: "dev" });
        assert.throws(
            () => refuseOtherName({ stack: "dev", loseSwarm: "prod" }),
            /LOSE_SWARM_NAME: --lose-swarm names "prod".*stack "dev"/,
        );
    });
});

describe("A setting that a standing stack cannot follow", () => {
    const resource = (type: string, outputs: object) => ({
        urn: `u::${type}`,
        type,
        outputs: { ...outputs },
    });
    const lab = fixedIn([
        resource("docker:index/network:Network", { ipamConfigs: [{ subnet: "10.190.0.0/20" }] }),
        resource("swarm:index:Cluster", { addressPool: "10.200.0.0/16" }),
    ]);
    const ec2 = fixedIn([
        resource("pulumi:providers:aws", { region: "eu-central-1" }),
        resource("aws:ec2/vpc:Vpc", { cidrBlock: "10.60.0.0/16" }),
        resource("aws:ec2/instance:Instance", {}),
        resource("swarm:index:Cluster", { addressPool: "10.200.0.0/16" }),
    ]);
    const AWS = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] };

    function said(input: object, fixed = lab, loseSwarm = false): string[] {
        const { settings, problems } = checkSettings("dev", { ...input });
        assert.deepEqual(problems, []);
        return fixedProblems("dev", settings!, fixed, loseSwarm).map(({ problem }) => problem);
    }

    it("is refused with the value that stands, all of them at once", () => {
        refuseFixed("dev", checkSettings("dev", {}).settings!, lab);
        assert.throws(
            () => refuseFixed("dev", checkSettings("dev", { labSubnet: "10.190.16.0/20" }).settings!, lab),
            /^SkepError: STACK_FIXED: .* Set it back to 10\.190\.0\.0\/20; to have it otherwise/,
        );
        assert.deepEqual(said({}), []);
        assert.deepEqual(said({ addressPools: { overlay: "10.201.0.0/16" }, labSubnet: "10.190.16.0/20" }), [
            'skep:addressPools.overlay is 10.201.0.0/16, and the stack "dev" stands with 10.200.0.0/16, which it cannot change.',
            'skep:labSubnet is 10.190.16.0/20, and the stack "dev" stands with 10.190.0.0/20, which it cannot change.',
        ]);
        assert.deepEqual(said({ hosts: "aws", aws: AWS }, ec2), []);
        const other = { region: "eu-west-1", network: { range: "10.61.0.0/16", subnets: "private" } };
        assert.deepEqual(
            said({ hosts: "aws", aws: { ...AWS, ...other } }, ec2).map((text) => text.split(" ")[0]),
            ["skep:aws.region", "skep:aws.network.range", "skep:aws.network.subnets"],
        );
    });

    it("is the registry's bucket, with which all images of its users would go", () => {
        const bucket = resource("aws:s3/bucket:Bucket", {});
        const aws = { hosts: "aws", aws: AWS };
        const kept = { ...aws, aws: { ...AWS, registryStorage: "s3" } };
        assert.match(said(aws, fixedIn([bucket])).join(), /^skep:aws\.registryStorage is volume, /);
        assert.deepEqual(said(kept, fixedIn([bucket])), []);
        assert.deepEqual(said(kept, fixedIn([])), []);
    });

    it("is where and how engines store their data, or the swarm's port, also from and to the default", () => {
        const engine = resource("swarm:index:HostEngine", {});
        const cluster = resource("swarm:index:Cluster", { dataPathPort: 4790 });
        const storage = { dataRoot: "/var/lib/docker/data", imageStore: "engine" };
        const hosts = resource("skep:hosts:Lab", { facts: { storage } });
        const kept = { engine: storage, swarm: { dataPathPort: 4790 } };
        assert.deepEqual(said(kept, fixedIn([engine, cluster, hosts])), []);
        assert.deepEqual(
            said({}, fixedIn([engine, cluster, hosts])).map((text) => text.split(", and")[0]),
            [
                "skep:swarm.dataPathPort is 4789",
                "skep:engine.dataRoot is the engine's default",
                "skep:engine.imageStore is the engine's default",
            ],
        );
        assert.match(
            said({ engine: { storageDriver: "btrfs" } }, fixedIn([engine])).join(),
            /^skep:engine\.storageDriver is btrfs, .* stands with the engine's default,/,
        );
        assert.deepEqual(said(kept, fixedIn([hosts])), []);
    });

    it("is one problem where the kind of hosts changes, in both directions", () => {
        assert.match(
            said({ hosts: "aws", aws: AWS }).join(),
            /^skep:hosts is aws, .* stands with lab,[^,]*$/,
        );
        assert.match(said({}, ec2).join(), /^skep:hosts is lab, .* stands with aws,[^,]*$/);
    });

    it("is free for a stack that is not up, and another pool for a swarm that the user gives up", () => {
        const pool = { addressPools: { overlay: "10.201.0.0/16" } };
        assert.deepEqual(said(pool, fixedIn([])), []);
        assert.deepEqual(said(pool, lab, true), []);
    });
});
