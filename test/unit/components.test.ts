// The program with Pulumi's mocks: what it declares, with and without the unknown values of a preview.

import assert from "node:assert/strict";
import type { Facts } from "../../config/facts";
import { FOR_NEW_HOSTS, FOR_NEW_NETWORKS } from "../../components/hosts/lab";
import { type Props, UNKNOWN } from "../../providers/runtime/types";
import { encode } from "../../providers/runtime/wire";
import {
    CONTAINER,
    declare,
    FACTS,
    GATEWAY,
    hostsIn,
    ofType,
    SECRET,
    SECRET_MARK,
    type Declared,
} from "../support/declared";

for (const preview of [true, false])
    describe(`The program ${preview ? "in a preview" : "in an up"}`, function () {
        this.timeout(60_000);
        let usual: Declared[];
        before(async () => {
            usual = await declare({}, preview);
        });

        it("declares a container, two volumes and a host key for each host, and one login for all", async () => {
            const declared = usual;
            assert.equal(hostsIn(declared).length, 6);
            assert.equal(ofType(declared, "docker:index/volume:Volume").length, 12);
            const keys = ofType(declared, "tls:index/privateKey:PrivateKey").map(({ name }) => name);
            assert.equal(keys.filter((name) => name.endsWith("-firstkey")).length, 6);
            assert.equal(ofType(declared, "swarm:index:HostKey").length, 6);
            assert.ok(keys.includes("lab-login"));
        });

        it("makes no standing host or network anew for what a later version of it says otherwise", () => {
            // The rest defines a host: its name, its place in the network, and its ports, which standing hosts keep.
            const kept = {
                [CONTAINER]: ["hostname", "mustRun", "name", "networksAdvanced", "ports"],
                "docker:index/network:Network": ["driver", "name"],
            };
            const ignored = {
                [CONTAINER]: FOR_NEW_HOSTS,
                "docker:index/network:Network": FOR_NEW_NETWORKS,
            };
            for (const [type, own] of Object.entries(kept)) {
                const others = ignored[type as keyof typeof ignored];
                for (const { name, inputs } of ofType(usual, type)) {
                    // The gateway may be made anew.
                    if (name === GATEWAY) continue;
                    const given = Object.keys(inputs).filter((key) => inputs[key] !== undefined);
                    assert.deepEqual(
                        given.filter((key) => !own.includes(key) && !others.includes(key)),
                        [],
                    );
                }
            }
        });

        it("gives lists of entries with the same keys where they are ignored, or the engine's answer is refused", () => {
            for (const { inputs } of hostsIn(usual))
                for (const key of FOR_NEW_HOSTS.filter((name) => Array.isArray(inputs[name]))) {
                    const entries = (inputs[key] as unknown[]).filter((entry) => typeof entry === "object");
                    const keys = entries.map((entry) =>
                        Object.keys(entry as object)
                            .sort()
                            .join(),
                    );
                    assert.ok(new Set(keys).size <= 1, `${key}: ${keys.join(" / ")}`);
                }
        });

        it("publishes ports on 127.0.0.1 only, and none twice", async () => {
            const containers = ofType(usual, CONTAINER);
            const ports = containers.flatMap(
                ({ inputs }) => inputs.ports as { ip: string; external: number }[],
            );
            assert.deepEqual([...new Set(ports.map(({ ip }) => ip))], ["127.0.0.1"]);
            assert.equal(new Set(ports.map(({ external }) => external)).size, ports.length);
        });

        it("leaves a host that stands the ports that it was made with, wherever the block begins now", async () => {
            const made = [22, 8080, 5000].map((internal, i) => ({ internal, external: 30001 + i }));
            const containers = hostsIn(await declare({}, preview, {}, { "worker-1": made }));
            const ports = (name: string) =>
                containers.find((container) => container.name === name)?.inputs.ports as unknown;
            const ip = "127.0.0.1";
            assert.deepEqual(
                ports("worker-1"),
                made.map((port) => ({ ...port, ip })),
            );
            assert.deepEqual(ports("worker-2"), [{ internal: 22, external: 21011, ip }]);
        });

        it("never gives a host the machine's clock, kernel modules or raw devices", async () => {
            for (const { inputs } of hostsIn(usual)) {
                assert.deepEqual(inputs.capabilities.drops, ["ALL"]);
                for (const added of inputs.capabilities.adds)
                    assert.match(added, /^CAP_(?!SYS_TIME$|SYS_MODULE$|SYS_RAWIO$|ALL$)[A-Z_]+$/);
                assert.notEqual(inputs.privileged, true);
            }
        });

        it("labels whatever it makes on the machine's engine with the stack's name", async () => {
            const declared = usual;
            for (const { name, inputs } of declared.filter(({ type }) => type.startsWith("docker:")))
                assert.deepEqual(
                    inputs.labels,
                    [
                        { label: "io.skep.stack", value: "dev" },
                        { label: "io.skep.project", value: "here" },
                        ...(name === GATEWAY ? [{ label: "io.skep.role", value: "gateway" }] : []),
                    ],
                    name,
                );
        });

        it("gives every node its zone, and the registry's label to one", async () => {
            const nodes = ofType(usual, "swarm:index:Node");
            assert.deepEqual(nodes.map(({ inputs }) => inputs.labels.availability_zone as string).sort(), [
                "lab-a",
                "lab-a",
                "lab-b",
                "lab-b",
                "lab-c",
                "lab-c",
            ]);
            assert.equal(nodes.filter(({ inputs }) => inputs.labels.registry === "true").length, 1);
        });

        it("drains managers that are not to run tasks, and runs the registry on a manager without workers", async () => {
            const drained = ofType(await declare({ managersRunTasks: false }, preview), "swarm:index:Node");
            for (const { inputs } of drained)
                assert.equal(inputs.availability, inputs.role === "manager" ? "drain" : "active");
            const alone = await declare({ managers: 1, workers: 0, sample: { replicas: 1 } }, preview);
            const [node, ...more] = ofType(alone, "swarm:index:Node");
            assert.equal(more.length, 0);
            assert.equal(node?.inputs.labels.registry, "true");
        });

        it("runs the registry in each zone on a bucket, whose keys are secret", async () => {
            const s3 = { bucket: "images", region: "eu-central-1" };
            const spread = await declare({ workers: 2, registry: { replicas: 3, s3 } }, preview);
            const labelled = ofType(spread, "swarm:index:Node").filter(
                ({ inputs }) => inputs.labels.registry === "true",
            );
            assert.deepEqual(labelled.map(({ name }) => name).sort(), [
                "manager-3-node",
                "worker-1-node",
                "worker-2-node",
            ]);
            const request = ofType(spread, "tls:index/certRequest:CertRequest").find(
                ({ name }) => name === "pki-registry-request",
            );
            assert.deepEqual(request?.inputs.ipAddresses, [
                "10.190.1.101",
                "127.0.0.1",
                "10.190.2.102",
                "10.190.3.13",
            ]);
            const images = ofType(spread, "swarm:index:Image");
            const own = images.find(({ name }) => name === "registry-image");
            // In an up the value is wrapped as a secret, because it contains a key.
            assert.equal(JSON.stringify(own?.inputs.hosts).match(/"name":/g)?.length, 3);
            if (preview) return;
            // The value is wrapped as a secret, because it contains a password.
            const pushes = images.map(({ inputs }) => JSON.stringify(inputs.push ?? ""));
            assert.equal(pushes.filter((push) => push.includes('"s3://images/registry "')).length, 2);
            const stack = ofType(spread, "swarm:index:Stack").find(({ name }) => name === "registry-stack");
            assert.match(stack?.inputs.compose as string, /replicas: 3/);
            // Pulumi encrypts values with the mark of a secret: the keys may appear only inside such values.
            const { secrets, ...open } = stack?.inputs ?? {};
            assert.equal((secrets as Record<string, unknown>)[SECRET_MARK], SECRET);
            assert.match(JSON.stringify(secrets), /secretkey: SECRET-KEY/);
            assert.doesNotMatch(JSON.stringify(open), /SECRET-KEY/);
        });

        it("keeps the registry where it was chosen to be", async () => {
            const kept = await declare({ registryHosts: ["manager-2"] }, preview);
            const labelled = ofType(kept, "swarm:index:Node").filter(
                ({ inputs }) => inputs.labels.registry === "true",
            );
            assert.deepEqual(
                labelled.map(({ name }) => name),
                ["manager-2-node"],
            );
            // Moving the registry makes neither a host nor the gateway anew.
            const ports = (declared: Declared[]) =>
                ofType(declared, CONTAINER).map(({ inputs }) => inputs.ports as unknown);
            assert.deepEqual(ports(kept), ports(usual));
        });

        it("promotes, demotes and drains single nodes, and leaves their hosts as they were made", async () => {
            const nodes = {
                "manager-1": { role: "worker" },
                "worker-2": { role: "manager" },
                "worker-3": { availability: "drain", labels: { disk: "ssd" } },
            };
            const changed = await declare({ nodes, drainTimeout: "5m" }, preview);
            for (const type of ["swarm:index:Node", "swarm:index:EngineRollout"])
                assert.ok(ofType(changed, type).every(({ inputs }) => inputs.drainSeconds === 300));
            const node = (name: string) =>
                ofType(changed, "swarm:index:Node").find((each) => each.name === `${name}-node`)?.inputs;
            assert.equal(node("manager-1")?.role, "worker");
            assert.equal(node("worker-2")?.role, "manager");
            assert.equal(node("worker-3")?.availability, "drain");
            assert.deepEqual(node("worker-3")?.labels, { disk: "ssd", availability_zone: "lab-c" });
            const [cluster] = ofType(changed, "swarm:index:Cluster");
            const managers = JSON.stringify(cluster?.inputs.managers);
            // The value is wrapped as a secret, because it contains a key.
            const named = [...managers.matchAll(/"name":"([^"]+)"/g)].map(([, name]) => name);
            assert.deepEqual(named, ["manager-2", "manager-3", "worker-2"]);
            // Engines wait for their hosts' files, in no fixed order.
            const portsOf = (declared: typeof usual, type: string) =>
                Object.fromEntries(ofType(declared, type).map(({ name, inputs }) => [name, inputs.ports]));
            for (const type of [CONTAINER, "swarm:index:HostEngine"])
                assert.deepEqual(portsOf(changed, type), portsOf(usual, type));
        });

        it("asks for the same exact packages on every host, and hands their changes to one rollout", async () => {
            const engines = ofType(usual, "swarm:index:HostEngine");
            assert.equal(engines.length, 6);
            const packages = {
                "docker-ce": "5:26.1.5",
                "docker-ce-cli": "5:26.1.5",
                "containerd.io": "1.7.24",
            };
            for (const { inputs } of engines) assert.deepEqual(inputs.packages, packages);
            const rollouts = ofType(usual, "swarm:index:EngineRollout");
            assert.equal(rollouts.length, 1);
            const named = (given: object) => Object.keys(given).sort();
            const { engines: all, files, nodeIds } = rollouts[0]!.inputs as Record<string, object>;
            assert.deepEqual(
                Object.values(all!),
                engines.map(() => packages),
            );
            assert.deepEqual(named(files!), named(all!));
            assert.deepEqual(named(nodeIds!), named(all!));
            const some = await declare({ upgrade: { hosts: ["worker-2"] } }, preview);
            const [limited] = ofType(some, "swarm:index:EngineRollout");
            assert.deepEqual(named(limited!.inputs.engines as object), ["worker-2"]);
        });

        it("gives the sample's images to every node, the registry's to its own alone", () => {
            const hosts = (name: string) => {
                const image = ofType(usual, "swarm:index:Image").find((each) => each.name === name);
                // The value is wrapped as a secret, because it contains a key.
                return [...JSON.stringify(image?.inputs.hosts).matchAll(/"name":"([^"]+)"/g)].map(
                    ([, host]) => host,
                );
            };
            const all = ["manager-1", "manager-2", "manager-3", "worker-1", "worker-2", "worker-3"];
            assert.deepEqual(hosts("web-image"), all);
            assert.deepEqual(hosts("client-image"), all);
            assert.deepEqual(hosts("registry-image"), ["worker-1"]);
        });

        it("has tasks spread again over the nodes that take them, and only when asked to", async () => {
            const rebalance = (declared: Declared[]) =>
                ofType(declared, "swarm:index:Stack").map(({ name, inputs }) => [
                    name,
                    inputs.rebalance as unknown,
                ]);
            assert.deepEqual(rebalance(usual), [
                ["registry-stack", undefined],
                ["sample-stack", undefined],
            ]);
            const asked = { rebalance: true, managersRunTasks: false };
            assert.deepEqual(rebalance(await declare(asked, preview)), [
                ["registry-stack", undefined],
                ["sample-stack", ["worker-1", "worker-2", "worker-3"]],
            ]);
        });

        it("gives the state what was chosen, and where every host stands once all are members", async () => {
            const outputs: Record<string, Props> = {};
            await declare(
                { zones: ["b", "a"], managers: 1, workers: 2, sample: { replicas: 2 } },
                preview,
                outputs,
            );
            const { gateway, ...facts } = outputs["skep:hosts:Lab"]?.facts as Facts;
            assert.deepEqual(facts, FACTS);
            assert.deepEqual(
                gateway?.map(({ stack, port }) => `${stack} ${port}`),
                ["sample 8080", "registry 5000"],
            );
            const places = {
                "manager-1": { zone: "b", zoneIndex: 0 },
                "worker-1": { zone: "b", zoneIndex: 0 },
                "worker-2": { zone: "a", zoneIndex: 1 },
            };
            const { placement } = outputs["skep:index:Swarm"] ?? {};
            assert.deepEqual(placement, preview ? encode(UNKNOWN) : places);
        });

        it("leaves the sample out when it is turned off", async () => {
            const declared = await declare({ sample: { enabled: false } }, preview);
            const stacks = ofType(declared, "swarm:index:Stack");
            assert.deepEqual(
                stacks.map(({ name }) => name),
                ["registry-stack"],
            );
        });
    });
