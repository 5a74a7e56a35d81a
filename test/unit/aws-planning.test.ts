// The plan of hosts on EC2: settings and their checks, addresses, zones, images, rules.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { checkSettings } from "../../config/settings";
import { overlaps } from "../../planning/addresses";
import {
    managerAddress,
    managerRange,
    MAX_PREFIX,
    MIN_PREFIX,
    subnetRange,
} from "../../planning/aws-addresses";
import { securityRules } from "../../planning/aws-rules";
import { chooseZones, imageQuery } from "../../planning/aws-zones";

const GIVEN = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] };

function ids(aws: Record<string, unknown> | undefined, more: Record<string, unknown> = {}): string[] {
    const settings = { hosts: "aws", ...(aws && { aws: { ...GIVEN, ...aws } }), ...more };
    return checkSettings("aws", settings)
        .problems.map(({ id }) => id)
        .sort();
}

describe("Settings of hosts on EC2", () => {
    it("need a region and administrators, and nothing else", () => {
        assert.deepEqual(ids({}), []);
        assert.deepEqual(ids(undefined), ["AWS_SETTINGS"]);
        assert.deepEqual(ids({ region: undefined }), ["CONFIG_VALUE"]);
        assert.deepEqual(ids({ adminCidrs: undefined }), ["CONFIG_VALUE"]);
    });

    it("are those of the example as it stands", () => {
        const text = readFileSync(join(__dirname, "../../Pulumi.aws.yaml.example"), "utf8");
        const { config } = parse(text) as { config: Record<string, unknown> };
        const settings = Object.fromEntries(
            Object.entries(config).map(([key, value]) => [key.replace("skep:", ""), value]),
        );
        assert.deepEqual(checkSettings("aws", settings).problems, []);
    });

    for (const [what, aws, id] of [
        ["administrators from everywhere", { adminCidrs: ["0.0.0.0/0"] }, "AWS_ADMIN_OPEN"],
        ["no administrators", { adminCidrs: [] }, "CONFIG_VALUE"],
        ["a range too small to split", { network: { range: "10.60.0.0/24" } }, "AWS_RANGE_SIZE"],
        ["a range over that of overlays", { network: { range: "10.200.0.0/16" } }, "RANGES_OVERLAP"],
        ["private hosts by public address", PRIVATE_BY_PUBLIC(), "AWS_CONNECT_VIA"],
        ["a host to renew that is not there", { renew: ["worker-9"] }, "RENEW_UNKNOWN"],
        [
            "a protected host to renew",
            { renew: ["worker-1"], terminationProtection: true },
            "AWS_RENEW_PROTECTED",
        ],
        ["tags that Skep sets itself", { tags: { Name: "x" } }, "AWS_TAGS"],
        ["a setting that there is not", { regoin: "x" }, "CONFIG_UNKNOWN"],
        ["a system without images", { image: { system: "debian-10" } }, "CONFIG_VALUE"],
    ] as const)
        it(`refuse ${what}`, () => assert.deepEqual(ids(aws), [id]));

    it("allow administrators from everywhere to those who say so", () => {
        assert.deepEqual(ids({ adminCidrs: ["0.0.0.0/0"], allowPublicAdmin: true }), []);
    });

    it("name every problem at once", () => {
        assert.deepEqual(ids({ adminCidrs: ["0.0.0.0/0"], tags: { Name: "x" } }, { managers: 2 }), [
            "AWS_ADMIN_OPEN",
            "AWS_TAGS",
            "MANAGERS_EVEN",
        ]);
    });
});

function PRIVATE_BY_PUBLIC() {
    return { network: { subnets: "private" }, connectVia: "public" } as const;
}

const vpcs = fc
    .tuple(fc.integer({ min: MIN_PREFIX, max: MAX_PREFIX }), fc.integer({ min: 0, max: 255 }))
    .map(([prefix, second]) => `10.${second}.0.0/${prefix}`);

describe("Addresses in a VPC", () => {
    it("give every zone a public and a private subnet inside it that overlap no other", () => {
        fc.assert(
            fc.property(vpcs, (vpc) => {
                const subnets = (["public", "private"] as const).flatMap((kind) =>
                    Array.from({ length: 6 }, (_, i) => subnetRange(vpc, kind, i)),
                );
                for (const [i, subnet] of subnets.entries()) {
                    assert.ok(overlaps(subnet, vpc));
                    for (const other of subnets.slice(i + 1)) assert.ok(!overlaps(subnet, other));
                }
            }),
        );
    });

    it("keep managers' in their reserved range, clear of those that EC2 takes for itself", () => {
        fc.assert(
            fc.property(
                vpcs,
                fc.integer({ min: 0, max: 5 }),
                fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
                (vpc, zone, ordinals) => {
                    const subnet = subnetRange(vpc, "public", zone);
                    const addresses = ordinals.map((ordinal) => managerAddress(subnet, ordinal));
                    assert.equal(new Set(addresses).size, ordinals.length);
                    for (const address of addresses)
                        assert.ok(overlaps(`${address}/32`, managerRange(subnet)));
                    // AWS reserves the first four and the last: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
                    assert.ok(!overlaps(managerRange(subnet), `${subnet.split("/")[0]}/30`));
                    assert.ok(overlaps(managerRange(subnet), subnet));
                },
            ),
        );
    });
});

describe("Zones and images", () => {
    const all = ["a", "b", "c"];

    it("are the first available ones, and one that is down only when there are too few", () => {
        assert.deepEqual(chooseZones([undefined, undefined], ["c", "a", "b"], all, "r").zones, ["a", "b"]);
        assert.deepEqual(chooseZones([undefined, undefined, undefined], ["a", "c"], all, "r").zones, all);
        assert.equal(
            chooseZones(["a", undefined, undefined, undefined], all, all, "r").problem?.id,
            "AWS_ZONES_FEW",
        );
    });

    it("are never taken twice, where some have names and others not", () => {
        assert.deepEqual(chooseZones(["b", undefined], all, all, "r").zones, ["b", "a"]);
        assert.deepEqual(chooseZones([undefined, "a", "c"], all, all, "r").zones, ["b", "a", "c"]);
    });

    it("are the named ones in their order, which must exist", () => {
        assert.deepEqual(chooseZones(["c", "a"], all, all, "r").zones, ["c", "a"]);
        assert.equal(chooseZones(["d"], all, all, "r").problem?.id, "AWS_ZONE_UNKNOWN");
    });

    it("come from the systems' own publishers", () => {
        assert.deepEqual(imageQuery("debian-12", "arm64"), {
            owner: "136693071363",
            name: "debian-12-arm64-*",
            architecture: "arm64",
        });
        const ubuntu = imageQuery("ubuntu-24.04", "x86_64");
        assert.equal(ubuntu.owner, "099720109477");
        assert.equal(ubuntu.name, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*");
        const newest = imageQuery("ubuntu-26.04", "arm64");
        assert.equal(newest.name, "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-arm64-server-*");
    });
});

describe("Security group rules", () => {
    const settings = fc.record({
        adminCidrs: fc.uniqueArray(fc.constantFrom("203.0.113.7/32", "198.51.100.0/24"), { minLength: 1 }),
        appCidrs: fc.uniqueArray(fc.constantFrom("0.0.0.0/0", "192.0.2.0/24")),
        appPorts: fc.uniqueArray(fc.integer({ min: 8000, max: 9000 })),
        registryPort: fc.constant(5000),
        dataPathPort: fc.constantFrom(4789, 4790),
        loadBalancer: fc.boolean(),
    });

    it("have names of their own and a description each", () => {
        fc.assert(
            fc.property(settings, (given) => {
                const rules = securityRules(given);
                assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
                assert.ok(rules.every(({ description }) => /^[\w .:(),&#;/-]{1,255}$/.test(description)));
            }),
        );
    });

    it("let the swarm's own ports in from nodes only, and administration from administrators only", () => {
        fc.assert(
            fc.property(settings, (given) => {
                const rules = securityRules(given);
                assert.ok(
                    rules.some(({ port, protocol }) => port === given.dataPathPort && protocol === "udp"),
                );
                for (const { direction, port, protocol, peer, group } of rules) {
                    if (direction === "out") continue;
                    if ([2377, 7946, given.dataPathPort].includes(port ?? 0) || protocol === "50")
                        assert.deepEqual(peer, { group: "nodes" });
                    if (port === 2377 || port === 2376) assert.equal(group, "managers");
                    if (port === 22 || port === 2376)
                        assert.ok("cidr" in peer && given.adminCidrs.some((cidr) => cidr === peer.cidr));
                }
            }),
        );
    });

    it("open published ports of hosts to the load balancer instead of to everybody, where there is one", () => {
        const given = {
            adminCidrs: ["203.0.113.7/32"],
            appCidrs: ["0.0.0.0/0"],
            appPorts: [8080],
            registryPort: 5000,
        };
        const open = (loadBalancer: boolean) =>
            securityRules({ ...given, loadBalancer })
                .filter(
                    ({ peer, direction }) =>
                        direction === "in" && "cidr" in peer && peer.cidr === "0.0.0.0/0",
                )
                .map(({ name }) => name);
        assert.deepEqual(open(false), ["nodes-app-8080-from-0.0.0.0-0"]);
        assert.deepEqual(open(true), ["balancer-app-8080-from-0.0.0.0-0"]);
    });
});
