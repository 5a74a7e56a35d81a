// The registry's hosts, settings and configuration file.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { checkSettings } from "../../config/settings";
import { placeHosts } from "../../planning/placement";
import { renderRegistryConfig } from "../../planning/registry-config";
import { chooseRegistryHosts, nearestFirst } from "../../planning/registry-hosts";

const ZONES = ["a", "b", "c", "d", "e", "f"];
const S3 = { bucket: "images", region: "eu-central-1" };
const AWS = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] };

const stack = fc.record({
    managers: fc.constantFrom(1, 3, 5, 7),
    workers: fc.integer({ min: 0, max: 12 }),
    zones: fc.integer({ min: 1, max: 6 }).map((count) => ZONES.slice(0, count)),
});
const hostsOf = ({ managers, workers, zones }: { managers: number; workers: number; zones: string[] }) =>
    placeHosts(managers, workers, zones);
const count = fc.integer({ min: 1, max: 12 });

describe("The registry's hosts", () => {
    it("are as many as asked, or all there are, each of them once", () => {
        fc.assert(
            fc.property(stack, count, (asked, replicas) => {
                const hosts = hostsOf(asked);
                const chosen = chooseRegistryHosts(hosts, replicas);
                assert.equal(new Set(chosen).size, Math.min(replicas, hosts.length));
                assert.equal(chosen.length, new Set(chosen).size);
                assert.ok(chosen.every((name) => hosts.some((host) => host.name === name)));
            }),
        );
    });

    it("are spread over the zones as evenly as the zones' hosts allow", () => {
        fc.assert(
            fc.property(stack, count, (asked, replicas) => {
                const hosts = hostsOf(asked);
                const chosen = chooseRegistryHosts(hosts, replicas);
                const inZone = (zone: string) => hosts.filter((host) => host.zone === zone);
                const used = (zone: string) =>
                    inZone(zone).filter(({ name }) => chosen.includes(name)).length;
                for (const zone of asked.zones)
                    for (const other of asked.zones)
                        // A zone may have one more than another zone only if the other one has no host left.
                        assert.ok(used(zone) <= used(other) + 1 || used(other) === inZone(other).length);
            }),
        );
    });

    it("are workers where a zone has one that is free", () => {
        assert.deepEqual(chooseRegistryHosts(placeHosts(3, 2, ZONES.slice(0, 3)), 1), ["worker-1"]);
        assert.deepEqual(chooseRegistryHosts(placeHosts(3, 2, ZONES.slice(0, 3)), 3), [
            "worker-1",
            "worker-2",
            "manager-3",
        ]);
        assert.deepEqual(chooseRegistryHosts(placeHosts(3, 0, ZONES.slice(0, 3)), 1), ["manager-1"]);
    });

    it("stay whatever comes to the stack or goes from it, as long as they exist", () => {
        fc.assert(
            fc.property(stack, stack, count, (before, after, replicas) => {
                const first = chooseRegistryHosts(hostsOf(before), replicas);
                const hosts = hostsOf(after);
                const second = chooseRegistryHosts(hosts, replicas, first);
                const left = first.filter((name) => hosts.some((host) => host.name === name));
                assert.deepEqual(second.slice(0, left.length), left);
                assert.deepEqual(chooseRegistryHosts(hosts, replicas, second), second);
            }),
        );
    });

    it("keep the first ones when there are to be fewer, and get more when there are to be more", () => {
        const hosts = placeHosts(3, 3, ZONES.slice(0, 3));
        assert.deepEqual(chooseRegistryHosts(hosts, 1, ["worker-2", "worker-1", "worker-3"]), ["worker-2"]);
        assert.deepEqual(chooseRegistryHosts(hosts, 3, ["manager-2"]), ["manager-2", "worker-1", "worker-3"]);
        assert.deepEqual(chooseRegistryHosts(hosts, 1, ["worker-9", "worker-9"]), ["worker-1"]);
    });

    it("are looked for in a host's own zone first, and none is left out", () => {
        fc.assert(
            fc.property(stack, count, (asked, replicas) => {
                const hosts = hostsOf(asked);
                const names = chooseRegistryHosts(hosts, replicas);
                const registries = hosts.filter(({ name }) => names.includes(name));
                for (const host of hosts) {
                    const order = nearestFirst(registries, host);
                    assert.deepEqual(new Set(order), new Set(registries));
                    const own = registries.some(({ zoneIndex }) => zoneIndex === host.zoneIndex);
                    if (own) assert.equal(order[0]?.zoneIndex, host.zoneIndex);
                }
            }),
        );
    });
});

describe("The registry's settings", () => {
    const ids = (input: Record<string, unknown>) => checkSettings("dev", input).problems.map(({ id }) => id);
    const warnings = (input: Record<string, unknown>) => checkSettings("dev", input).warnings.join("\n");

    it("allow several hosts with object storage only, and one task a host", () => {
        assert.deepEqual(ids({ registry: { replicas: 3 } }), ["REGISTRY_STORAGE"]);
        assert.deepEqual(ids({ registry: { replicas: 3, s3: S3 } }), []);
        assert.deepEqual(ids({ registry: { replicas: 7, s3: S3 } }), ["REGISTRY_REPLICAS"]);
        assert.deepEqual(ids({ registry: { replicas: 7 } }), ["REGISTRY_STORAGE", "REGISTRY_REPLICAS"]);
        assert.deepEqual(ids({ hosts: "aws", aws: AWS, registry: { replicas: 2 } }), ["REGISTRY_STORAGE"]);
        const stored = { ...AWS, registryStorage: "s3" };
        assert.deepEqual(ids({ hosts: "aws", aws: stored, registry: { replicas: 2 } }), []);
        // A lab ignores EC2's setting.
        assert.deepEqual(ids({ aws: stored, registry: { replicas: 2 } }), ["REGISTRY_STORAGE"]);
    });

    it("refuse a bucket beside the stack's own on EC2", () => {
        const both = { hosts: "aws", aws: { ...AWS, registryStorage: "s3" }, registry: { s3: S3 } };
        assert.deepEqual(ids(both), ["REGISTRY_STORAGE"]);
        assert.deepEqual(ids({ hosts: "aws", aws: AWS, registry: { s3: S3 } }), []);
    });

    it("refuse half a bucket with all that is wrong at once, and never take keys in clear", () => {
        const { problems } = checkSettings("dev", {
            registry: { s3: { bucket: "A", accessKeyId: "id", secretAccessKey: "key" } },
        });
        assert.deepEqual(
            problems.map(({ problem }) => /skep:(\S+)/.exec(problem)?.[1]),
            ["bucket", "region", "accessKeyId", "secretAccessKey"].map((name) => `registry.s3.${name}`),
        );
        assert.ok(problems.some(({ problem }) => problem.includes("skep:registrySecretAccessKey")));
    });

    it("warn when images go with their host, and not when they lie in a bucket", () => {
        const moved = { workers: 0, registryHosts: ["worker-1"] };
        assert.match(warnings(moved), /REGISTRY_MOVES: .*worker-1.*begins empty on manager-1/);
        assert.doesNotMatch(warnings({ ...moved, registry: { s3: S3 } }), /REGISTRY_MOVES/);
        assert.doesNotMatch(warnings({ registryHosts: ["manager-1"] }), /REGISTRY/);
    });

    it("warn when every host of the registry is drained", () => {
        const drain = (...names: string[]) => ({
            registry: { replicas: 2, s3: S3 },
            nodes: Object.fromEntries(names.map((name) => [name, { availability: "drain" }])),
        });
        assert.doesNotMatch(warnings(drain("worker-1")), /drained/);
        assert.match(warnings(drain("worker-1", "worker-2")), /worker-1, worker-2 run the registry/);
    });
});

describe("The registry's configuration", () => {
    const text =
        "storage:\n  filesystem:\n    rootdirectory: /x\n  delete:\n    enabled: true\nhttp:\n  addr: :5000\nhealth:\n  storagedriver:\n    enabled: true\n";
    const rendered = (storage?: Parameters<typeof renderRegistryConfig>[2]) =>
        parse(renderRegistryConfig(text, "shared", storage)) as Record<string, Record<string, unknown>>;

    it("shares one secret for uploads, on a volume too", () => {
        assert.deepEqual(rendered().http, { addr: ":5000", secret: "shared" });
        assert.deepEqual(rendered().storage, parse(text).storage);
    });

    it("is not ill while its bucket is away, and is without its volume", () => {
        assert.deepEqual(rendered().health, { storagedriver: { enabled: true } });
        assert.equal(rendered({ ...S3, prefix: "p" }).health, undefined);
    });

    it("has no keys where hosts have a role, and both where they are given", () => {
        const storage = { ...S3, prefix: "p" };
        const s3 = { region: S3.region, bucket: S3.bucket, rootdirectory: "/p" };
        const common = { delete: { enabled: true }, redirect: { disable: true } };
        assert.deepEqual(rendered(storage).storage, { ...common, s3 });
        const keys = { accessKeyId: "id", secretAccessKey: "key" };
        assert.deepEqual(rendered({ ...storage, keys }).storage, {
            ...common,
            s3: { ...s3, accesskey: "id", secretkey: "key" },
        });
    });

    it("talks to another service without TLS only where its address says so", () => {
        const at = (endpoint: string) => rendered({ ...S3, prefix: "p", endpoint }).storage?.s3;
        assert.deepEqual(at("http://192.0.2.1:9000"), {
            ...S3,
            rootdirectory: "/p",
            regionendpoint: "http://192.0.2.1:9000",
            secure: false,
        });
        assert.equal((at("https://s3.example") as { secure: boolean }).secure, true);
    });
});
