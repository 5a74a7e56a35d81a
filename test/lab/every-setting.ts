// Every setting, changed on a standing lab: the plan loses no host and no swarm, or Skep refuses it.

import assert from "node:assert/strict";
import type { Outcome } from "../../cli/pulumi/operate";
import type { Step } from "../../cli/pulumi/steps";
import { settingPaths } from "../../config/settings";
import { Lab } from "./lab";

type Settings = Record<string, unknown>;

/** Changes that a standing lab follows, a few plans in all, since each takes seconds. */
const FOLLOWED: readonly Settings[] = [
    {
        autolock: false,
        workers: 4,
        drainTimeout: "3m",
        nodes: { "worker-1": { availability: "pause", labels: { disk: "ssd" } } },
        addressPools: { bridge: "172.29.0.0/16" },
        publish: "host",
        rebalance: true,
        protect: true,
        checkDataPath: false,
        registry: { name: "images.skep.internal", port: 5001, user: "pusher" },
        proxy: { http: "http://192.0.2.1:3128", https: "http://192.0.2.1:3128", noProxy: ["192.0.2.2"] },
        sample: { replicas: 2, port: 9090 },
        labPorts: 30400,
    },
    {
        managers: 5,
        managersRunTasks: false,
        registryHosts: ["worker-2"],
        sample: { enabled: false },
    },
    {
        nodes: { "worker-1": { role: "manager" }, "worker-2": { role: "manager" } },
        registry: {
            replicas: 2,
            s3: { bucket: "images", region: "us-east-1", endpoint: "https://s3.example", prefix: "registry" },
        },
    },
];

/** Changes that a standing stack cannot follow, and the id that says so. */
const REFUSED: readonly { settings: Settings; id: string }[] = [
    {
        settings: { addressPools: { overlay: "10.201.0.0/16" }, labSubnet: "10.189.0.0/20" },
        id: "STACK_FIXED",
    },
    {
        settings: { hosts: "aws", aws: { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] } },
        id: "STACK_FIXED",
    },
    { settings: { dockerVersion: "25.0", containerdVersion: "1.6" }, id: "VERSION_CHANGE" },
    { settings: { registry: { s3: { accessKeyId: "a", secretAccessKey: "b" } } }, id: "REGISTRY_KEYS" },
];

/** Settings that no plan here changes, each with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
    zones: "moves hosts on purpose, managers one a run: test/faults/zones",
    renew: "makes hosts anew on purpose, managers one a run: test/unit/renewals",
    "repository.url": "set-up asks the mirror: test/online",
    "repository.fingerprint": "set-up asks the mirror: test/online",
    renewed: "Skep writes it",
    placement: "Skep writes it",
    "packages.asked": "Skep writes it",
    "packages.docker": "Skep writes it",
    "packages.containerd": "Skep writes it",
};

/** A standing lab of three managers and three workers, with the settings of the default stack. */
export function testEverySetting(lab: Lab): void {
    // Keys for the registry's bucket. A preview does not use them.
    const keys = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "example" };
    const standing = new Lab(lab.stack, lab.project, { ...lab.environment, ...keys });
    const withEach = async (all: readonly Settings[], look: (settings: Settings) => Promise<void>) => {
        try {
            for (const settings of all) {
                const named = Object.entries(settings).map(([key, value]) => [`skep:${key}`, value]);
                lab.configure(Object.fromEntries(named));
                await look(settings);
            }
        } finally {
            lab.configure();
        }
    };

    it("has a plan for every setting", () => {
        const all = settingPaths().map((path) => path.join("."));
        const leaves = all.filter((path) => !all.some((other) => other.startsWith(`${path}.`)));
        const changed = [...FOLLOWED, ...REFUSED.map(({ settings }) => settings)].flatMap(pathsIn);
        const missing = leaves.filter(
            (path) => !changed.includes(path) && !(path in ELSEWHERE) && !path.startsWith("aws."),
        );
        assert.deepEqual(missing, []);
    });

    it("loses no host and no swarm by a plan that follows changed settings", () =>
        withEach(FOLLOWED, async (settings) => {
            const { steps } = await standing.json<Outcome>("preview");
            assert.notEqual(steps.length, 0);
            assert.deepEqual(steps.filter(isLoss), [], JSON.stringify(settings));
        }));

    it("refuses the changes that it cannot follow", () =>
        withEach(
            REFUSED.map(({ settings }) => settings),
            async (settings) => {
                const preview = lab.start("preview");
                assert.notEqual(await preview.result(), 0);
                const { id } = REFUSED.find((one) => one.settings === settings)!;
                assert.match(preview.said, new RegExp(`✗ ${id}: `));
            },
        ));
}

function isLoss({ verb, type, name }: Step): boolean {
    const isHost = type === "docker:Container" && !name.endsWith("-gateway");
    const isLost = verb === "± replace" || verb === "- delete";
    return isLost && (isHost || ["docker:Network", "swarm:Cluster", "swarm:Node"].includes(type));
}

/** The paths of all values; a node's are those of `worker-1`. */
function pathsIn(settings: Settings): string[] {
    return Object.entries(settings).flatMap(([key, value]) => {
        // Labels are by names of the user's own.
        if (key === "labels" || value === null || typeof value !== "object" || Array.isArray(value))
            return [key];
        return pathsIn(value as Settings).map((path) => `${key}.${path}`);
    });
}
