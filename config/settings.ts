// A stack's settings: the meaning and default of each, and every check that needs no swarm. Skep reports all problems at
// once, before it touches anything.

import { closest } from "fastest-levenshtein";
import { z } from "zod";
import type { Problem } from "../errors";
import { overlaps } from "../planning/addresses";
import { awsSchema, type AwsSettings, checkAws } from "./aws";
import { backupSchema } from "./backup";
import { checkEngine, engineSchema } from "./engine";
import { countMembers, roleOf, unknownNodes } from "../planning/members";
import { movesRefused, movesWaiting, placementOf, zoneNames } from "../planning/zone-moves";
import { placeHosts, tolerated } from "../planning/placement";
import { dueRenewals, renewalsOf, renewalsWaiting, unknownRenewals } from "../planning/renewals";
import { checkRegistry, registrySchema, registryWarnings } from "./registry";
import { proxySchema } from "./proxy";
import { repositorySchema } from "./repository";
import { upgradeSchema } from "./upgrade";
import { upkeepSchema } from "./upkeep";
import { checkStackName, NAME } from "./stack-name";
import { stacksSchema } from "./stacks";
import { swarmSchema } from "./swarm";
import { checkPools, checkPorts } from "./ranges-and-ports";
import {
    choice,
    duration,
    flag,
    group,
    keysBelow,
    list,
    nodeLabels,
    port,
    range,
    shown,
    text,
    version,
    waivers,
    whole,
} from "./values";

/** Every additional manager slows changes down (Docker admin guide, "Maintain the quorum of managers"). */
const MOST_MANAGERS = 7;
/** As many as a swarm is run with; every part of Skep is tried with so many in unit tests. */
const MOST_WORKERS = 1000;
/** A lab's block of ports has so many places for workers (planning/ports.ts). */
const MOST_LAB_WORKERS = 40;
/** Of settings that nobody writes by hand. */
const BY_SKEP = "Skep writes it itself";

const zoneName = text(
    NAME,
    "a zone's name: a lower-case letter, then letters, digits and dashes, 30 at most",
);

const hostName = text(/^(manager|worker)-\d+$/, "a host's name, such as worker-2");

const schema = group({
    /** The kind of hosts: `lab` (containers on this machine) or `aws` (EC2 instances). Default `lab`. */
    hosts: choice(["lab", "aws"]).default("lab"),
    /** Availability zones: their number (1 to 6) or their names. Default 3. */
    zones: z
        .union(
            [whole(1, 6, 3), list(zoneName, "names of zones, such as [lab-a, lab-b]", { min: 1, max: 6 })],
            {
                error: "it must be a number from 1 to 6, such as 3, or a list of up to 6 names, such as [lab-a, lab-b]",
            },
        )
        .default(3),
    /** Managers: 1, 3, 5 or 7. An even number needs one more vote and tolerates no more losses. Default 3. */
    managers: whole(1, MOST_MANAGERS, 3).default(3),
    /** Workers, 0 to 40. Default 3. */
    workers: whole(0, MOST_WORKERS, 3).default(3),
    /**
     * The engine, docker-ce: a series ("29", "28.5") or a version ("29.8.1"). Of a series, an up takes the newest version
     * that Skep was run with (planning/tested-engines.ts), else the newest, and keeps it until this setting changes.
     * Default: the newest tested version of series 29; in a lab with Debian's packages, the newest of Debian.
     */
    dockerVersion: version("29", "29.8.1").optional(),
    /** containerd.io: a series or a version. Default: the series that Skep was run with beside the engine. */
    containerdVersion: version("2.3", "2.3.5").optional(),
    /** Encrypts managers' keys and Raft logs at rest; a restarted manager then needs the unlock key. Default true. */
    autolock: flag().default(true),
    /** Whether managers run tasks. `false` drains them: set it when workloads could starve the managers. Default true. */
    managersRunTasks: flag().default(true),
    /**
     * How long a drained node's tasks get to stop before Skep goes on: `90s`, `2m`, `1h`. Within that, each task has its
     * service's own stop_grace_period. Default `2m`.
     */
    drainTimeout: duration("2m").prefault("2m"),
    /** What differs from the default for single nodes, by host name: `worker-2: {role: manager}`. Default none. */
    nodes: z
        .record(
            z.string(),
            group({
                /** The node's role; Skep promotes or demotes it where it stands. Default: the role in its name. */
                role: choice(["manager", "worker"]).optional(),
                /**
                 * Whether the node takes tasks: `active`, `pause` (keeps its tasks, takes no new ones) or `drain` (gives
                 * all away). Default: `drain` for managers without `managersRunTasks`, else `active`.
                 */
                availability: choice(["active", "pause", "drain"]).optional(),
                /** Labels of the node, for placement constraints: `{disk: ssd}`. A replaced host gets them back. */
                labels: nodeLabels().optional(),
            }),
            { error: "it must be settings by the names of nodes, such as worker-2: {role: manager}" },
        )
        .default({}),
    /** Address pools. They must not overlap each other or the hosts' network. */
    addressPools: group({
        /** For overlay networks, one /24 each. Default 10.200.0.0/16. */
        overlay: range("10.200.0.0/16").default("10.200.0.0/16"),
        /** For bridge networks on each host, one /24 each. Default 172.30.0.0/16. */
        bridge: range("172.30.0.0/16").default("172.30.0.0/16"),
    }).prefault({}),
    /**
     * How services publish ports: `mesh` (every node answers), `host` (only nodes with a task answer) or `auto` (`mesh` when
     * the hosts' kernel has IPVS, else `host`). Default `auto`.
     */
    publish: choice(["auto", "mesh", "host"]).default("auto"),
    /** Whether Skep spreads the tasks of its stacks again when nodes are added or come back. Default false. */
    rebalance: flag().default(false),
    /** Whether destroy refuses the stack. Default: false in a lab; on EC2, true for stacks first made with this. */
    protect: flag().optional(),
    /**
     * Hosts that up makes anew, once each, to give them the present image and form; managers one a run. All other hosts
     * keep what they were made with. Default none.
     */
    renew: list(hostName, "hosts' names, such as [worker-2]").default([]),
    /**
     * Whether an up that changed something ends with a test of the data path: between every two zones, a name and large
     * packets on a short-lived overlay network. Default true.
     */
    checkDataPath: flag().default(true),
    /** Items of the CIS Docker Benchmark that may stay as they are, each with the reason; `skep check --cis` shows it. Default none. */
    cisWaivers: waivers().default({}),
    /** The hosts' engines. config/engine.ts and docs/engine.md have its settings. */
    engine: engineSchema.prefault({}),
    /** The swarm as a whole. config/swarm.ts and docs/engine.md have its settings. */
    swarm: swarmSchema.prefault({}),
    /**
     * Whether the overlay networks of Skep's own stacks are encrypted: `auto` (if the kernel of every host has ESP), `always`
     * or `never`. A network stays as it was made. Default `auto`.
     */
    encryptOverlays: choice(["auto", "always", "never"]).default("auto"),
    /** The private registry. config/registry.ts and the README have its settings. */
    registry: registrySchema.prefault({}),
    /** A mirror of Docker's package repository (config/repository.ts). Default: Docker's own. */
    repository: repositorySchema.optional(),
    /** Where backups go, and what is in them. config/backup.ts and docs/recovery.md have its settings. */
    backup: backupSchema.prefault({}),
    /** How engines of a standing swarm change (config/upgrade.ts). */
    upgrade: upgradeSchema.prefault({}),
    /** What hosts do for themselves while they stand (config/upkeep.ts). */
    upkeep: upkeepSchema.prefault({}),
    /** The proxy of the hosts' apt and engines (config/proxy.ts). Default: none. */
    proxy: proxySchema.optional(),
    /** The sample stack: a web server, and a client that sends it requests. */
    sample: group({
        /** Whether Skep deploys it. Default true. */
        enabled: flag().default(true),
        /** Number of web server tasks, at most one on each node. Default 3. */
        replicas: whole(1, MOST_WORKERS, 3).default(3),
        /** The published port. Default 8080. */
        port: port(8080).default(8080),
    }).prefault({}),
    /** Your own swarm stacks, by their names. config/stacks.ts and docs/stacks.md have their settings. Default none. */
    stacks: stacksSchema.default({}),
    /** Hosts on EC2; required with `hosts: aws`. config/aws.ts and docs/aws.md have its settings. */
    aws: awsSchema.optional(),
    /** The lab's network, a /20 that nothing else uses. Default: the first up chooses and keeps it. */
    labSubnet: range("10.190.0.0/20").optional(),
    /** The first of the lab's 200 ports on 127.0.0.1. Default: the first up chooses and keeps it. */
    labPorts: whole(1024, 65000, 21000).optional(),
    /** The hosts that run the registry. Default: an up chooses them and keeps them as long as they exist. */
    registryHosts: list(
        z.string({ error: "it must be a host's name, such as worker-1" }),
        "names of hosts, such as [worker-1]",
    ).optional(),
    /** Hosts of `renew` that an up has made anew. Skep writes it. */
    renewed: list(z.string({ error: BY_SKEP }), BY_SKEP).optional(),
    /** The zones of the hosts, since the last up that brought all of them into the swarm. Skep writes it. */
    placement: z
        .record(z.string(), group({ zone: z.string({ error: BY_SKEP }), zoneIndex: whole(0, 7, 0) }), {
            error: BY_SKEP,
        })
        .optional(),
    /** The exact packages that an up chose for dockerVersion and containerdVersion. Skep writes it. */
    packages: group({
        asked: z.string({ error: BY_SKEP }),
        docker: z.string({ error: BY_SKEP }),
        containerd: z.string({ error: BY_SKEP }),
    }).optional(),
});

export type Settings = Omit<z.output<typeof schema>, "zones" | "aws"> & {
    zones: string[];
    aws?: AwsSettings;
};

/** Settings together with what Skep chooses once for a stack. */
export type ReadySettings = Settings & Required<Pick<Settings, "packages">>;
export type Packages = NonNullable<Settings["packages"]>;

/** Settings that Skep itself chooses and keeps. */
export const GENERATED = [
    "labSubnet",
    "labPorts",
    "packages",
    "placement",
    "protect",
    "registryHosts",
    "renewed",
] as const;

export interface Checked {
    settings?: Settings;
    problems: Problem[];
    /** What is allowed, but worth knowing. */
    warnings: string[];
}

/** Checks a stack's settings (keys without the prefix `skep:`) and fills in the defaults. */
export function checkSettings(stack: string, input: Readonly<Record<string, unknown>>): Checked {
    const problems = checkStackName(stack);
    const parsed = schema.safeParse(input);
    if (!parsed.success) {
        // One refused setting must not hide other problems, so the rules between settings check the rest.
        const refused = new Set(parsed.error.issues.map((issue) => String(issue.path[0] ?? "")));
        const rest = Object.fromEntries(
            Object.entries(input).filter(([key]) => key in schema.shape && !refused.has(key)),
        );
        const partial = schema.safeParse(rest);
        return {
            problems: [
                ...problems,
                ...parsed.error.issues.flatMap((issue) => problemsOf(stack, input, issue)),
                ...(partial.success ? acrossSettings(renewing(partial.data), refused) : []),
            ],
            warnings: [],
        };
    }
    const data = renewing(parsed.data);
    const zones = Array.isArray(data.zones) ? data.zones : zoneNames(data.hosts, data.zones, data.placement);
    const zoneNamesGiven = Array.isArray(data.zones) ? data.zones : undefined;
    const settings: Settings = {
        ...data,
        zones,
        ...(data.aws && { aws: { ...data.aws, zoneNames: zoneNamesGiven } }),
    };
    problems.push(...acrossSettings(data, new Set()), ...movesRefused(settings));
    return { settings, problems, warnings: warningsOf(settings) };
}

function problemsOf(stack: string, input: unknown, issue: z.core.$ZodIssue): Problem[] {
    const path = issue.path.join(".");
    if (issue.code === "unrecognized_keys") {
        const known = keysBelow(schema, issue.path);
        const full = (key: string) => `skep:${path ? `${path}.` : ""}${key}`;
        return issue.keys.map((key) => ({
            id: "CONFIG_UNKNOWN",
            problem: `There is no setting ${full(key)}.`,
            advice:
                full(key) === "skep:aws.repository"
                    ? "Set skep:repository, which serves hosts of every kind."
                    : `Did you mean ${full(closest(key, known))}? The README lists all settings.`,
        }));
    }
    const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], input);
    return [
        {
            id: "CONFIG_VALUE",
            problem: `skep:${path} ${shown(path, value)} ${issue.message}.`,
            advice: `Correct it in the settings file of the stack, Pulumi.${stack}.yaml.`,
        },
    ];
}

/** Checks the rules between settings. It says nothing about `refused` settings, which have a problem already. */
function acrossSettings(data: z.output<typeof schema>, refused: ReadonlySet<string>): Problem[] {
    const problems: Problem[] = [];
    const hosts = placeHosts(data.managers, data.workers, ["any"]);
    const { managers, active } = countMembers(hosts, data);
    const counted = !refused.has("managers") && !refused.has("workers") && !refused.has("nodes");
    if (counted) problems.push(...unknownNodes(hosts, data.nodes), ...unknownRenewals(data, hosts));
    if (counted && managers === 0)
        problems.push({
            id: "NO_MANAGER",
            problem: "With skep:nodes as it is, no node would be a manager.",
            advice: "Leave at least one manager, better three.",
        });
    else if (!refused.has("managers") && !refused.has("nodes") && managers % 2 === 0) {
        const promoted = managers !== data.managers ? " (skep:nodes counted in)" : "";
        problems.push({
            id: "MANAGERS_EVEN",
            problem: `${managers} managers${promoted} tolerate the loss of ${tolerated(managers)}, no more than ${managers - 1} would.`,
            advice: promoted
                ? `Promote or demote one more, so that there are ${managers - 1} or ${managers + 1}.`
                : `Set skep:managers to ${managers - 1} or ${managers + 1}.`,
        });
    }
    if (counted && managers > MOST_MANAGERS)
        problems.push({
            id: "MANAGERS_MANY",
            problem: `${managers} managers (skep:nodes counted in) would have to agree on every change.`,
            advice: `Keep to ${MOST_MANAGERS} managers or fewer: more make a swarm slower, not safer.`,
        });
    if (Array.isArray(data.zones) && new Set(data.zones).size < data.zones.length)
        problems.push({
            id: "ZONES_TWICE",
            problem: "A zone is named twice in skep:zones.",
            advice: "Name each zone once.",
        });
    problems.push(...checkPools(data), ...checkPorts(data));
    if (data.hosts === "lab" && data.workers > MOST_LAB_WORKERS)
        problems.push({
            id: "LAB_TOO_LARGE",
            problem: `A lab has room for ${MOST_LAB_WORKERS} workers, and skep:workers is ${data.workers}.`,
            advice: `Set it to ${MOST_LAB_WORKERS} or less, or take hosts on EC2.`,
        });
    const ranges = Object.entries({
        "skep:addressPools.overlay": data.addressPools.overlay,
        "skep:addressPools.bridge": data.addressPools.bridge,
        ...(data.labSubnet && { "skep:labSubnet": data.labSubnet }),
    });
    for (const [i, [first, a]] of ranges.entries())
        for (const [second, b] of ranges.slice(i + 1))
            if (overlaps(a, b))
                problems.push({
                    id: "RANGES_OVERLAP",
                    problem: `${first} (${a}) and ${second} (${b}) overlap, and containers could not tell them apart.`,
                    advice: "Change one of them to a range of its own.",
                });
    const tasksCounted = !refused.has("workers") && !refused.has("nodes");
    if (tasksCounted && !refused.has("sample") && data.sample.enabled && data.sample.replicas > active)
        problems.push({
            id: "SAMPLE_REPLICAS",
            problem: `${data.sample.replicas} web tasks at one a node need as many nodes, and ${active} run tasks.`,
            advice: `Set skep:sample.replicas to ${Math.max(active - 1, 1)} or less, or add workers.`,
        });
    if (data.hosts === "aws" && !refused.has("aws")) {
        const zones = Array.isArray(data.zones) ? data.zones.length : data.zones;
        if (data.aws) problems.push(...checkAws(data.aws, { ...data, zones, renew: dueRenewals(data) }));
        else
            problems.push({
                id: "AWS_SETTINGS",
                problem:
                    "skep:hosts is aws, and skep:aws says neither in which region nor for which administrators.",
                advice: "Set skep:aws.region and skep:aws.adminCidrs, as in Pulumi.aws.yaml.example.",
            });
    }
    if (!refused.has("engine") && !refused.has("dockerVersion"))
        problems.push(...checkEngine(data.engine, data));
    if (counted && !refused.has("registry") && !refused.has("aws"))
        problems.push(...checkRegistry(data, hosts));
    if (tasksCounted && active === 0)
        problems.push({
            id: "NOTHING_RUNS_TASKS",
            problem:
                "With skep:managersRunTasks, skep:workers and skep:nodes as they are, no node may run a task.",
            advice: "Leave at least one node active, or set skep:workers to 1 or more.",
        });
    return problems;
}

/** The settings with both spellings of `renew` in one. */
function renewing<S extends z.output<typeof schema>>(data: S): S {
    return { ...data, renew: [...data.renew, ...(data.aws?.renew ?? [])] };
}

function warningsOf(data: Settings): string[] {
    const { zones } = data;
    const { hosts, moved } = placementOf(data);
    const warnings = [...movesWaiting(data), ...renewalsWaiting(renewalsOf(data, hosts, moved))];
    if (data.aws && data.aws.renew.length > 0)
        warnings.push("skep:aws.renew is now skep:renew, for hosts of every kind; a later release drops it.");
    const perZone = zones.map((zone) =>
        hosts.filter((host) => host.zone === zone && roleOf(host, data) === "manager"),
    );
    const { managers } = countMembers(hosts, data);
    if (Math.max(...perZone.map(({ length }) => length)) > tolerated(managers))
        warnings.push(
            `${managers} manager${managers === 1 ? "" : "s"} over ${zones.length} zone${zones.length === 1 ? "" : "s"}: losing one zone can cost the quorum. ` +
                "Three zones and a manager in each are the least that survive it.",
        );
    return [...warnings, ...registryWarnings(data, hosts)];
}

/**
 * The path of every setting that there is, those that hold others included; a node's are shown for `worker-1`, and a
 * stack's for `shop`.
 */
export function settingPaths(below: readonly string[] = []): string[][] {
    const keys = keysBelow(schema, below).map((key) => [...below, key]);
    return keys
        .flatMap((path) => [path, ...settingPaths(path)])
        .concat(below.join() === "nodes" ? settingPaths(["nodes", "worker-1"]) : [])
        .concat(below.join() === "stacks" ? settingPaths(["stacks", "shop"]) : []);
}
