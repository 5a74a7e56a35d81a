// Settings of the hosts' engines, `skep:engine`: the meaning and default of each, and the checks between them. They become
// keys of daemon.json (planning/daemon-settings.ts).

import { closest } from "fastest-levenshtein";
import { z } from "zod";
import type { Problem } from "../errors";
import { CONTAINERD_IMAGES } from "../planning/daemon-settings";
import {
    DRIVERS_GONE,
    KEYS_OF_SETTINGS,
    KEYS_REFUSED,
    LOG_DRIVERS,
    type LogDriver,
    logOptions,
} from "../planning/engine-keys";
import { choice, duration, flag, group, list, text, url, whole } from "./values";

/** The secret setting with the token of the log driver splunk. Pulumi keeps it encrypted. */
export const LOG_TOKEN = "splunkToken";

/** The volume of a lab host (components/hosts/capabilities.ts). */
const LAB_DATA = "/var/lib/docker/";

const ADDRESS = /^(\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]*:[0-9a-f:]*$/;
const ULIMITS = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];
const limit = () => whole(-1, Number.MAX_SAFE_INTEGER, 65536);

/** Texts by names. `what` names them, with an example. */
const texts = (what: string) => {
    const value = "it must be a text: put numbers, true and false in quotes";
    return z.record(z.string(), z.string({ error: value }), { error: `it must be ${what}` });
};

export const engineSchema = group({
    /**
     * Where containers' lines go: `json-file`, `local`, `syslog`, `journald`, `fluentd`, `gelf`, `awslogs` or `splunk`.
     * Containers keep the driver that they were made with. Default `json-file`.
     */
    logDriver: choice(Object.keys(LOG_DRIVERS) as [LogDriver, ...LogDriver[]]).default("json-file"),
    /**
     * The driver's options, all as texts: `{max-size: "10m"}`. Default: files of 10 MB, three at most, for `json-file` and
     * `local`; none for the others.
     */
    logOptions: texts('options by their names, such as {max-size: "10m"}').optional(),
    /** How containers look names up that no service has. */
    dns: group({
        /** Addresses of name servers. Default: the host's. */
        servers: list(text(ADDRESS, "an address such as 10.0.0.2"), "addresses, such as [10.0.0.2]").default(
            [],
        ),
        /** Domains in which short names are looked for. Default: the host's. */
        search: list(text(/^[\w.-]+$/, "a domain such as corp.example"), "domains").default([]),
        /** Options of the resolver: `["ndots:1"]`. Default: the host's. */
        options: list(text(/^[a-z0-9-]+(:\d+)?$/, "an option such as ndots:1"), "options").default([]),
    }).prefault({}),
    /** Mirrors of Docker Hub, tried in order before it: `[https://mirror.example]`. Default none. */
    mirrors: list(
        url("https://mirror.example").refine((given) => !/:\/\/.*@/.test(given), {
            error: "it must be a URL without a user: engines refuse such a mirror",
        }),
        "URLs, such as [https://mirror.example]",
    ).default([]),
    /** Labels of every engine, for constraints such as `engine.labels.tier == a`: `{tier: a}`. Default none. */
    labels: texts("labels by their names, such as {tier: a}").default({}),
    /**
     * Where every engine serves metrics for Prometheus: `0.0.0.0:9323`. It asks for no certificate, so only those may reach
     * the port who may read them. Default: nowhere.
     */
    metrics: text(
        /^((\d{1,3}\.){3}\d{1,3}|localhost):\d{2,5}$/,
        "an address and a port, such as 0.0.0.0:9323",
    ).optional(),
    /** Limits of containers that ask for none: `{nofile: 65536}`, `{nofile: {soft: 1024, hard: 65536}}`. Default none. */
    ulimits: z
        .record(
            z.string(),
            z.union([limit(), group({ soft: limit(), hard: limit() })], {
                error: "it must be a number, or a soft and a hard one, such as {soft: 1024, hard: 65536}",
            }),
            { error: "it must be limits by their names, such as {nofile: 65536}" },
        )
        .superRefine((given, { addIssue }) => {
            for (const name of Object.keys(given).filter((each) => !ULIMITS.includes(each)))
                addIssue({
                    code: "custom",
                    path: [name],
                    message: `it must be one of these limits: ${ULIMITS.join(", ")}`,
                });
        })
        .default({}),
    /** Features of the engine by name, on or off: `{cdi: true}`. Default: the engine's own. */
    features: z
        .record(z.string(), flag(), { error: "it must be features by their names, such as {cdi: true}" })
        .default({}),
    /**
     * Whether processes in containers are kept from more rights than their container starts with, by `sudo` for example (CIS
     * 2.14). No service can ask for an exception. Default true.
     */
    noNewPrivileges: flag().default(true),
    /**
     * Whether containers on the bridge docker0 reach each other (CIS 2.2); tasks of services are not on it. Default: the
     * engine's, true.
     */
    icc: flag().optional(),
    /**
     * Whether a process on the host passes on connections to published ports from the host itself (CIS 2.16). Default: the
     * engine's, true.
     */
    userlandProxy: flag().optional(),
    /** How long containers get to stop when the engine stops: `15s`. Default: the engine's, 15 seconds. */
    shutdownTimeout: duration("15s").optional(),
    /** Where the engine keeps its data. A standing stack cannot change it. Default: the engine's, /var/lib/docker. */
    dataRoot: text(
        /^(\/[\w.-]+)+$/,
        "a path from the root without a slash at its end, such as /var/lib/docker/data",
    ).optional(),
    /** How images and containers are stored: `overlay2`, `btrfs`. A standing stack cannot change it. Default: the engine's. */
    storageDriver: text(/^[a-z0-9-]+$/, "a storage driver such as overlay2").optional(),
    /**
     * Who keeps images: `containerd`, in /var/lib/containerd, or the `engine`, below its data root. A standing stack cannot
     * change it. Default: the engine's.
     */
    imageStore: choice(["containerd", "engine"]).optional(),
    /** Whether hosts with auditd audit the engine's files and programs (CIS 1.1). Default false. */
    auditRules: flag().default(false),
    /** Other keys of daemon.json, as the engine takes them: `{max-concurrent-downloads: 6}`. Default none. */
    extra: z
        .record(z.string(), z.json({ error: "it must be what daemon.json can hold" }), {
            error: "it must be keys of daemon.json, such as {max-concurrent-downloads: 6}",
        })
        .default({}),
});

export type EngineSettings = z.output<typeof engineSchema>;

/** The settings that the rules need. */
interface Shared {
    hosts: "lab" | "aws";
    dockerVersion?: string;
}

/** Checks the settings of engines that a swarm cannot have or that contradict each other; all problems at once. */
export function checkEngine(engine: EngineSettings, shared: Shared): Problem[] {
    return [...logProblems(engine), ...keyProblems(engine), ...storageProblems(engine, shared)];
}

function refusal(problem: string, advice: string): Problem {
    return { id: "ENGINE_SETTING", problem, advice };
}

function logProblems({ logDriver, logOptions: given = {} }: EngineSettings): Problem[] {
    const known = logOptions(logDriver);
    const problems = Object.entries(given).flatMap(([name, value]): Problem[] => {
        // The other driver's token is no better there.
        if (name === "splunk-token")
            return [
                refusal(
                    "skep:engine.logOptions.splunk-token is a secret, and stands in clear.",
                    `Take it out, and give it as the secret setting skep:${LOG_TOKEN}.`,
                ),
            ];
        const { form, what } = known[name] ?? {};
        if (!form)
            return [
                refusal(
                    `The log driver ${logDriver} has no option ${name}.`,
                    `Did you mean ${closest(name, Object.keys(known))}? An engine with an unknown option starts no container.`,
                ),
            ];
        if (form.test(value)) return [];
        return [
            refusal(
                `skep:engine.logOptions.${name} must be ${what}.`,
                "Correct it: an engine with a wrong option starts no container.",
            ),
        ];
    });
    const missing = LOG_DRIVERS[logDriver].needs.filter((name) => given[name] === undefined);
    return [
        ...problems,
        ...missing.map((name) =>
            refusal(
                `The log driver ${logDriver} needs the option ${name}.`,
                `Set skep:engine.logOptions.${name}: without it no container starts.`,
            ),
        ),
    ];
}

function keyProblems({ extra }: EngineSettings): Problem[] {
    return Object.keys(extra).flatMap((key): Problem[] => {
        const setting = KEYS_OF_SETTINGS[key];
        if (setting !== undefined)
            return [
                refusal(
                    `skep:engine.extra.${key} would be there twice: ${setting} gives it.`,
                    `Take it out, and set ${setting}.`,
                ),
            ];
        const refused = KEYS_REFUSED[key];
        if (!refused) return [];
        return [refusal(`skep:engine.extra.${key} cannot be set: ${refused.why}.`, refused.way)];
    });
}

function storageProblems(
    { dataRoot, storageDriver, imageStore, features }: EngineSettings,
    { hosts, dockerVersion }: Shared,
): Problem[] {
    const isLost = hosts === "lab" && dataRoot !== undefined && !`${dataRoot}/`.startsWith(LAB_DATA);
    const gone = DRIVERS_GONE[storageDriver ?? ""];
    return [
        ...(isLost
            ? [
                  refusal(
                      `skep:engine.dataRoot is ${dataRoot}, and only what is below ${LAB_DATA} outlives a lab host's container.`,
                      `Take a folder there, such as ${LAB_DATA}data.`,
                  ),
              ]
            : []),
        ...(gone
            ? [
                  refusal(
                      `skep:engine.storageDriver is ${storageDriver}, which engines from ${gone} on do not have.`,
                      "Take it out, or set it to overlay2.",
                  ),
              ]
            : []),
        ...(CONTAINERD_IMAGES in features
            ? [
                  refusal(
                      `skep:engine.features.${CONTAINERD_IMAGES} says who keeps images, and skep:engine.imageStore does.`,
                      "Take it out, and set skep:engine.imageStore to containerd or engine.",
                  ),
              ]
            : []),
        ...(imageStore === "containerd" &&
        dockerVersion !== undefined &&
        Number(dockerVersion.split(".")[0]) < 24
            ? [
                  refusal(
                      `skep:engine.imageStore is containerd, and the engine ${dockerVersion} cannot leave images to it.`,
                      "Take it out, or set skep:dockerVersion to 26.1 or newer.",
                  ),
              ]
            : []),
    ];
}

/** Problems of the token for the log driver splunk. `kept` is what Pulumi keeps: a secret is no text there. */
export function logTokenProblems({ logDriver }: EngineSettings, kept: unknown): Problem[] {
    const way = `Give it as the secret setting skep:${LOG_TOKEN}, by \`pulumi config set --secret\`.`;
    if (typeof kept === "string") return [refusal(`skep:${LOG_TOKEN} is kept in clear.`, way)];
    if (logDriver !== "splunk" || kept !== undefined) return [];
    return [refusal("The log driver splunk needs a token.", way)];
}
