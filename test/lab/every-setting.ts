// Every setting, changed on a standing lab: the plan loses no host and no swarm, or Skep refuses it.

import type { Lab } from "./lab";
import { type Settings, testSettings } from "./settings-walk";

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
        cisWaivers: { "2.14": "an image of ours uses sudo" },
        engine: {
            logDriver: "local",
            logOptions: { "max-size": "5m" },
            dns: { servers: ["192.0.2.53"], search: ["corp.example"], options: ["ndots:1"] },
            mirrors: ["https://mirror.example"],
            labels: { tier: "a" },
            metrics: "127.0.0.1:9323",
            ulimits: { nofile: 65536 },
            features: { cdi: false },
            noNewPrivileges: false,
            icc: false,
            userlandProxy: false,
            shutdownTimeout: "20s",
            auditRules: true,
            extra: { "max-concurrent-downloads": 6 },
        },
        swarm: { taskHistory: 3, snapshotInterval: 5000, heartbeat: "6s", certificateExpiry: "30d" },
        upkeep: { pruneImages: "7d", securityUpgrades: true, reserveMib: 16 },
        encryptOverlays: "always",
        backup: {
            to: "s3://backups/swarm",
            managers: "all",
            registry: true,
            keep: 14,
            recipient: "age1nm28eahhmc3wfaslzawqrs05qvr8p7xk0atuy3kwt9xuefr4aukqrkycyl",
            warnAfter: "2d",
        },
        upgrade: { workersAtOnce: "50%", soak: "10s", pause: "1s", confirm: "first", hosts: ["worker-2"] },
        registry: { name: "images.skep.internal", port: 5001, user: "pusher" },
        proxy: { http: "http://192.0.2.1:3128", https: "http://192.0.2.1:3128", noProxy: ["192.0.2.2"] },
        sample: { replicas: 2, port: 9191 },
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
        settings: {
            engine: { dataRoot: "/var/lib/docker/data", storageDriver: "vfs", imageStore: "containerd" },
            swarm: { dataPathPort: 4790 },
        },
        id: "STACK_FIXED",
    },
    {
        settings: { engine: { extra: { "live-restore": true, "log-driver": "local" } } },
        id: "ENGINE_SETTING",
    },
    {
        settings: { hosts: "aws", aws: { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"] } },
        id: "STACK_FIXED",
    },
    { settings: { dockerVersion: "25.0", containerdVersion: "1.6" }, id: "VERSION_UNKNOWN" },
    { settings: { registry: { s3: { accessKeyId: "a", secretAccessKey: "b" } } }, id: "REGISTRY_KEYS" },
];

/** Settings that no plan here changes, each with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
    zones: "moves hosts on purpose, managers one a run: test/faults/zones",
    renew: "makes hosts anew on purpose, managers one a run: test/unit/renewals",
    "repository.url": "set-up asks the mirror: test/online",
    "repository.fingerprint": "set-up asks the mirror: test/online",
    "stacks.shop.file": "a stack of its own: test/lab/stacks.ts",
    "stacks.shop.variables": "test/lab/stacks.ts",
    "stacks.shop.envFile": "test/lab/stacks.ts",
    "stacks.shop.secrets": "needs a secret setting: test/lab/stacks.ts",
    "stacks.shop.registries": "needs a secret setting: test/unit/stacks.test.ts",
    "stacks.shop.timeout": "test/lab/stacks.ts",
    renewed: "Skep writes it",
    placement: "Skep writes it",
    "packages.asked": "Skep writes it",
    "packages.docker": "Skep writes it",
    "packages.containerd": "Skep writes it",
};

/** A standing lab of three managers and three workers, with the settings of the default stack. */
export function testEverySetting(lab: Lab): void {
    testSettings(lab, {
        // Those of hosts on EC2 are walked on a stack that stands there.
        covers: (path) => !path.startsWith("aws."),
        followed: FOLLOWED,
        refused: REFUSED,
        elsewhere: ELSEWHERE,
        kept: ["docker:Container", "docker:Network", "swarm:Cluster", "swarm:Node"],
        configure: (settings = {}) =>
            lab.configure(
                Object.fromEntries(Object.entries(settings).map(([key, value]) => [`skep:${key}`, value])),
            ),
    });
}
