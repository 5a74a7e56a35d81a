import assert from "node:assert/strict";
import fc from "fast-check";
import { checkSettings, settingPaths } from "../../config/settings";

const ids = (input: Record<string, unknown>, stack = "dev") =>
    checkSettings(stack, input)
        .problems.map(({ id }) => id)
        .sort();

const onlyProblem = (input: Record<string, unknown>) => {
    const { problems } = checkSettings("dev", input);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    return problems[0] ?? assert.fail();
};

type Bag = Record<string, unknown>;

/** The input with this value at this place. */
function withValue(input: Bag, [key = "", ...rest]: readonly string[], value: unknown): Bag {
    const below = (input[key] ?? {}) as Bag;
    return { ...input, [key]: rest.length === 0 ? value : withValue(below, rest, value) };
}

const EC2 = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] };

describe("configuration", () => {
    it("is complete without any setting: three zones, three managers, three workers in the lab", () => {
        const { settings, problems, warnings } = checkSettings("dev", {});
        assert.deepEqual(problems, []);
        assert.deepEqual(warnings, []);
        assert.deepEqual(settings, {
            hosts: "lab",
            zones: ["lab-a", "lab-b", "lab-c"],
            managers: 3,
            workers: 3,
            autolock: true,
            upkeep: { reserveMib: 256, securityUpgrades: false },
            backup: { managers: "majority", registry: false, warnAfter: 7 },
            managersRunTasks: true,
            drainTimeout: 120,
            nodes: {},
            addressPools: { overlay: "10.200.0.0/16", bridge: "172.30.0.0/16" },
            publish: "auto",
            rebalance: false,
            renew: [],
            checkDataPath: true,
            cisWaivers: {},
            engine: {
                logDriver: "json-file",
                dns: { servers: [], search: [], options: [] },
                mirrors: [],
                labels: {},
                ulimits: {},
                features: {},
                noNewPrivileges: true,
                auditRules: false,
                extra: {},
            },
            swarm: {},
            encryptOverlays: "auto",
            registry: { name: "registry.skep.internal", port: 5000, user: "skep", replicas: 1 },
            ...{ sample: { enabled: true, replicas: 3, port: 8080 }, stacks: {} },
            upgrade: { workersAtOnce: 1, soak: 30, pause: 0, confirm: "none" },
        });
    });

    it("names all of its problems at once", () => {
        const input = {
            manager: 3,
            managers: 4,
            zones: ["a", "a"],
            dockerVersion: "latest",
            addressPools: { overlay: "10.0.0.0/8", bridge: "10.1.0.0/16" },
            sample: { replicas: 20 },
        };
        assert.deepEqual(ids(input, "Dev_1"), [
            "CONFIG_UNKNOWN",
            "CONFIG_VALUE",
            "MANAGERS_EVEN",
            "RANGES_OVERLAP",
            "SAMPLE_REPLICAS",
            "STACK_NAME",
            "ZONES_TWICE",
        ]);
    });

    it("yields no settings to work with when one of them is refused", () => {
        assert.equal(checkSettings("dev", { workers: -1 }).settings, undefined);
    });

    it("says which setting was meant when it does not know one", () => {
        assert.match(onlyProblem({ manger: 3 }).problem, /skep:manger/);
        assert.match(onlyProblem({ manger: 3 }).advice, /Did you mean skep:managers\?/);
        const nested = onlyProblem({ sample: { replica: 3 } });
        assert.match(nested.problem, /skep:sample\.replica\b/);
        assert.match(nested.advice, /Did you mean skep:sample\.replicas\?/);
    });

    it("says where to correct a value that it refuses", () => {
        const { id, problem, advice } = onlyProblem({ workers: -1 });
        assert.equal(id, "CONFIG_VALUE");
        assert.equal(problem, "skep:workers is -1, and it must be a whole number from 0 to 1000, such as 3.");
        assert.match(advice, /Pulumi\.[a-z-]+\.yaml/);
    });

    it("refuses an even number of managers and says which numbers are better", () => {
        for (const managers of [2, 4, 6]) {
            const { id, advice } = onlyProblem({ managers });
            assert.equal(id, "MANAGERS_EVEN");
            assert.match(advice, new RegExp(`${managers - 1} or ${managers + 1}`));
        }
    });

    it("refuses what no swarm could be made of", () => {
        const refused: Record<string, unknown>[] = [
            { managers: 0 },
            { managers: 9 },
            { workers: 1001 },
            { workers: 1.5 },
            { workers: "3" },
            { zones: 0 },
            { zones: 7 },
            { zones: [] },
            { zones: ["Zone A"] },
            { hosts: "azure" },
            { publish: "nat" },
            { dockerVersion: "26.x" },
            { registry: { name: "registry" } },
            { registry: { port: 0 } },
            { addressPools: { overlay: "10.200.0.1/16" } },
            { workers: null },
            { nodes: [] },
            { aws: { ...EC2, adminCidrs: [] } },
        ];
        for (const input of refused) assert.deepEqual(ids(input), ["CONFIG_VALUE"], JSON.stringify(input));
    });

    it("refuses address ranges that overlap, and names both", () => {
        const { id, problem } = onlyProblem({ addressPools: { bridge: "10.200.128.0/20" } });
        assert.equal(id, "RANGES_OVERLAP");
        assert.match(problem, /addressPools\.overlay \(10\.200\.0\.0\/16\)/);
        assert.match(problem, /addressPools\.bridge \(10\.200\.128\.0\/20\)/);
        assert.deepEqual(ids({ labSubnet: "172.30.16.0/20" }), ["RANGES_OVERLAP"]);
        assert.deepEqual(ids({ labSubnet: "10.190.0.0/20" }), []);
    });

    it("refuses more web tasks than nodes that run tasks", () => {
        assert.deepEqual(ids({ managers: 1, workers: 1 }), ["SAMPLE_REPLICAS"]);
        assert.deepEqual(ids({ managersRunTasks: false, workers: 2 }), ["SAMPLE_REPLICAS"]);
        assert.deepEqual(ids({ managers: 1, workers: 1, sample: { enabled: false } }), []);
    });

    it("refuses a swarm in which no node may run a task", () => {
        const input = { managersRunTasks: false, workers: 0, sample: { enabled: false } };
        assert.deepEqual(ids(input), ["NOTHING_RUNS_TASKS"]);
    });

    it("takes a role and an availability for a single node, and says which node or key was meant", () => {
        const nodes = { "worker-1": { availability: "pause" }, "worker-2": { role: "worker" } };
        assert.deepEqual(ids({ nodes }), []);
        const unknown = onlyProblem({ nodes: { "workr-2": { availability: "drain" } } });
        assert.equal(unknown.id, "NODE_UNKNOWN");
        assert.match(unknown.advice, /Did you mean worker-2\?/);
        assert.match(onlyProblem({ nodes: { "worker-4": { role: "worker" } } }).problem, /worker-4/);
        assert.match(
            onlyProblem({ nodes: { "worker-1": { rol: "manager" } } }).advice,
            /Did you mean skep:nodes\.worker-1\.role\?/,
        );
        assert.deepEqual(ids({ nodes: { "worker-1": { availability: "off" } } }), ["CONFIG_VALUE"]);
    });

    it("counts promoted and demoted nodes in when it judges the number of managers", () => {
        const promote = (...names: string[]) => ({
            nodes: Object.fromEntries(names.map((name) => [name, { role: "manager" }])),
        });
        assert.deepEqual(ids(promote("worker-1")), ["MANAGERS_EVEN"]);
        assert.deepEqual(ids(promote("worker-1", "worker-2")), []);
        assert.deepEqual(ids({ managers: 2, ...promote("worker-1") }), []);
        assert.deepEqual(
            ids({ nodes: { ...promote("worker-1").nodes, "manager-1": { role: "worker" } } }),
            [],
        );
        assert.deepEqual(ids({ managers: 1, nodes: { "manager-1": { role: "worker" } } }), ["NO_MANAGER"]);
        assert.deepEqual(ids({ managers: 7, ...promote("worker-1", "worker-2") }), ["MANAGERS_MANY"]);
    });

    it("refuses settings of nodes that leave none, or too few, to run tasks", () => {
        const drain = (...names: string[]) => ({
            nodes: Object.fromEntries(names.map((name) => [name, { availability: "drain" }])),
        });
        const input = { managersRunTasks: false, workers: 1, sample: { enabled: false } };
        assert.deepEqual(ids({ ...input, ...drain("worker-1") }), ["NOTHING_RUNS_TASKS"]);
        const many = drain("manager-1", "manager-2", "manager-3", "worker-3");
        assert.deepEqual(ids(many), ["SAMPLE_REPLICAS"]);
    });

    it("warns, and goes on, when the registry's node is drained or promotions crowd a zone", () => {
        const drained = checkSettings("dev", { nodes: { "worker-1": { availability: "drain" } } });
        assert.deepEqual(drained.problems, []);
        assert.match(drained.warnings.join(), /worker-1 runs the registry/);
        const crowded = { "manager-2": { role: "worker" }, "worker-1": { role: "manager" } };
        assert.match(checkSettings("dev", { nodes: crowded }).warnings.join(), /losing one zone/);
    });

    it("warns, and goes on, when losing one zone can cost the quorum", () => {
        for (const input of [{ managers: 1 }, { zones: 2 }, { zones: 1 }]) {
            const { settings, problems, warnings } = checkSettings("dev", input);
            assert.deepEqual(problems, []);
            assert.ok(settings);
            assert.match(warnings.join(), /losing one zone can cost the quorum/);
        }
    });

    it("warns of a zone's loss exactly when one zone's loss leaves no majority", () => {
        for (const managers of [1, 3, 5, 7])
            for (const zones of [1, 2, 3, 4, 5, 6]) {
                const inZones = Array.from({ length: zones }, (_, i) => Math.ceil((managers - i) / zones));
                const survives = inZones.every((lost) => managers - lost > managers / 2);
                const { warnings } = checkSettings("dev", { managers, zones });
                assert.equal(warnings.length === 0, survives, `${managers} managers, ${zones} zones`);
            }
    });

    it("keeps the names of zones that are given", () => {
        assert.deepEqual(checkSettings("dev", { zones: ["eu-1a", "eu-1b"] }).settings?.zones, [
            "eu-1a",
            "eu-1b",
        ]);
    });

    it("takes for a stack's name what can be part of a host's name", () => {
        for (const name of ["dev", "a", "test-1", "a".repeat(30)]) assert.deepEqual(ids({}, name), [], name);
        for (const name of ["", "1a", "Dev", "a_b", "a.b", "-a", "a".repeat(31), "a\n"])
            assert.deepEqual(ids({}, name), ["STACK_NAME"], JSON.stringify(name));
    });

    it("says that a version needs quotes, which YAML takes for a number", () => {
        const { problem } = onlyProblem({ dockerVersion: 28.5 });
        assert.match(problem, /^skep:dockerVersion is 28\.5, and it must be .*"29\.8\.1", in quotes\.$/);
    });

    it("says that a setting has no value, and which one would be right", () => {
        const { problem } = onlyProblem({ managers: null });
        assert.equal(
            problem,
            "skep:managers has no value, and it must be a whole number from 1 to 7, such as 3.",
        );
    });

    it("never shows a value that may be secret", () => {
        const s3 = { bucket: "images", region: "eu-central-1", secretAccessKey: "hush-hush" };
        const { problem } = onlyProblem({ registry: { s3 } });
        assert.doesNotMatch(problem, /hush/);
        assert.match(problem, /secretAccessKey cannot be as it is: keys are secret/);
    });

    it("refuses published ports that hosts use themselves, or that two settings give away", () => {
        for (const port of [22, 2375, 2376, 2377, 4789, 7946]) {
            assert.deepEqual(ids({ sample: { port } }), ["PORT_TAKEN"], String(port));
            assert.deepEqual(ids({ registry: { port } }), ["PORT_TAKEN"], String(port));
        }
        assert.match(
            onlyProblem({ sample: { port: 5000 } }).problem,
            /registry\.port is 5000.* skep:sample\.port/,
        );
        assert.deepEqual(ids({ sample: { port: 5000, enabled: false } }), []);
        const onEc2 = (appPorts: number[]) => ids({ hosts: "aws", aws: { ...EC2, appPorts } });
        assert.deepEqual(onEc2([8080]), ["PORT_TAKEN"]);
        assert.deepEqual(onEc2([9000, 9000]), ["PORT_TAKEN"]);
        assert.deepEqual(onEc2([9000, 9001]), []);
    });

    it("refuses pools without room for the networks that are needed, and says how many fit", () => {
        const { id, problem } = onlyProblem({ addressPools: { overlay: "10.200.0.0/24" } });
        assert.equal(id, "POOL_TOO_SMALL");
        assert.match(problem, /has room for 1 network of a \/24 each, and 3 are needed/);
        assert.deepEqual(ids({ addressPools: { overlay: "10.200.0.0/23" } }), ["POOL_TOO_SMALL"]);
        assert.deepEqual(ids({ addressPools: { overlay: "10.200.0.0/22" } }), []);
        assert.deepEqual(ids({ addressPools: { bridge: "172.30.0.0/25" } }), ["POOL_TOO_SMALL"]);
        assert.deepEqual(ids({ labSubnet: "10.190.0.0/21" }), ["LAB_SUBNET"]);
        assert.deepEqual(ids({ labSubnet: "10.190.0.0/20" }), []);
    });

    it("takes as many workers as the hosts have room for: 40 in a lab, up to 1000 on EC2", () => {
        assert.deepEqual(ids({ workers: 40 }), []);
        assert.match(onlyProblem({ workers: 41 }).problem, /room for 40 workers, and skep:workers is 41/);
        const onEc2 = (workers: number, range: string) =>
            ids({ hosts: "aws", workers, aws: { ...EC2, network: { range } } });
        assert.deepEqual(onEc2(1000, "10.60.0.0/16"), []);
        assert.deepEqual(onEc2(300, "10.60.0.0/22"), ["AWS_RANGE_SIZE"]);
        assert.deepEqual(onEc2(99, "10.60.0.0/22"), []);
    });

    it("says in words of its own what any value must be, for every setting that there is", () => {
        const junk = [null, "", "x", -1, 1.5, 1e9, true, [], ["?"], {}, { x: 1 }, [[]]];
        const start = {
            hosts: "aws",
            aws: EC2,
            registry: { s3: {} },
            repository: {},
            nodes: { "worker-1": {} },
        };
        let refusals = 0;
        for (const path of settingPaths())
            for (const value of junk) {
                const { problems } = checkSettings("dev", withValue(start, path, value));
                for (const { id, problem } of problems) {
                    assert.doesNotMatch(problem, /expected|invalid|received|unrecognized|too (small|big)/i);
                    if (id !== "CONFIG_VALUE") continue;
                    refusals += 1;
                    assert.match(problem, / (it must be |Skep writes it itself|keys are secret)/, problem);
                }
            }
        assert.ok(refusals > 500, String(refusals));
    }).timeout(60_000);

    it("refuses or accepts whatever it is given, and never breaks", () => {
        const keys = ["managers", "workers", "zones", "sample", "registry", "addressPools", "labSubnet"];
        const input = fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.jsonValue());
        fc.assert(
            fc.property(fc.string(), input, (stack, settings) => {
                const checked = checkSettings(stack, settings);
                assert.ok(checked.settings !== undefined || checked.problems.length > 0);
                for (const { problem, advice } of checked.problems) assert.ok(problem && advice);
            }),
            { numRuns: 500 },
        );
    }).timeout(20_000);
});

describe("zones of a stack that stands", () => {
    const placement = (...zones: string[]) =>
        Object.fromEntries(
            zones.map((zone, i) => [`manager-${i + 1}`, { zone, zoneIndex: zone.charCodeAt(0) - 97 }]),
        );

    it("are kept by a number, whatever they are called", () => {
        const names = (zones: unknown, more: object = {}) =>
            checkSettings("dev", { zones, placement: placement("b", "c", "b"), ...more }).settings?.zones;
        assert.deepEqual(names(2), ["b", "c"]);
        assert.deepEqual(names(3), ["b", "c", "lab-a"]);
        assert.deepEqual(names(["x"]), ["x"]);
        const aws = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] };
        assert.deepEqual(names(3, { hosts: "aws", aws }), ["b", "c", "zone-3"]);
    });

    it("lose the only manager to no other zone", () => {
        const input = { managers: 1, workers: 3, zones: ["b"], placement: placement("a") };
        assert.deepEqual(ids(input), ["ONLY_MANAGER_MOVES"]);
        assert.deepEqual(ids({ ...input, managers: 3 }), ["ONLY_MANAGER_MOVES"]);
        assert.deepEqual(ids({ ...input, placement: placement("a", "a", "a") }), ["ONLY_MANAGER_MOVES"]);
        assert.deepEqual(ids({ ...input, zones: ["a", "b"] }), []);
    });

    it("are not more at one time than have addresses", () => {
        const all = ["a", "b", "c", "d", "e"];
        const worker = (zone: string, i: number) => [`worker-${i + 1}`, { zone, zoneIndex: i }];
        const from = { managers: 3, workers: 5, placement: Object.fromEntries(all.map(worker)) as object };
        assert.deepEqual(ids({ ...from, zones: ["a", "b", "v", "w", "x"] }), []);
        assert.deepEqual(ids({ ...from, zones: ["v", "w", "x", "y"] }), ["ZONES_MANY"]);
    });

    it("get their managers one a run, and a note says which ones wait", () => {
        const from = { workers: 0, sample: { replicas: 2 }, placement: placement("a", "b", "c") };
        const noted = (zones: string[]) => checkSettings("dev", { ...from, zones }).warnings.join("\n");
        assert.match(noted(["d", "e", "f"]), /one a run.* manager-1 and manager-2\. Run up again/);
        assert.doesNotMatch(noted(["a", "b", "f"]), /one a run/);
    });
});

describe("a mirror of Docker's packages", () => {
    const url = "https://mirror.example/linux/debian/";
    const fingerprint = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88";

    it("is one setting for every kind of hosts, and its url is taken without a last slash", () => {
        const { settings, problems } = checkSettings("dev", { repository: { url, fingerprint } });
        assert.deepEqual(problems, []);
        assert.deepEqual(settings?.repository, { url: "https://mirror.example/linux/debian", fingerprint });
    });

    it("is refused without the fingerprint of its key, or with one that is none", () => {
        assert.match(onlyProblem({ repository: { url } }).problem, /fingerprint of the repository's key/);
        const spaced = { url, fingerprint: "9dc8 5822" };
        assert.match(onlyProblem({ repository: spaced }).problem, /40 hexadecimal digits/);
        assert.match(
            onlyProblem({ repository: { url: "mirror", fingerprint } }).problem,
            /is "mirror", and it must be a URL such as/,
        );
    });

    it("is refused below skep:aws, with the place where it is set", () => {
        const aws = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] };
        const { id, advice } = onlyProblem({
            hosts: "aws",
            aws: { ...aws, repository: { url, fingerprint } },
        });
        assert.equal(id, "CONFIG_UNKNOWN");
        assert.match(advice, /^Set skep:repository, which serves/);
    });
});
