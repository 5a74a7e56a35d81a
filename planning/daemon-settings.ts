// What Skep writes into the daemon.json of every host's engine. No I/O.

/** A limit of a container's processes: one number, or a soft and a hard one. */
export type Ulimit = number | { soft: number; hard: number };

/** What the engine of every host should do. What is not given is left to the engine, or to keys of the user's own. */
export interface EngineWishes {
    logDriver: string;
    /** Options of the log driver. Default: those that bound the size of files. */
    logOptions?: Readonly<Record<string, string>>;
    dns: { servers: readonly string[]; search: readonly string[]; options: readonly string[] };
    /** URLs of mirrors of Docker Hub, tried in order. */
    mirrors: readonly string[];
    /** The engine's own labels, which constraints name as `engine.labels.NAME`. */
    labels: Readonly<Record<string, string>>;
    /** `host:port` where the engine serves metrics. */
    metrics?: string;
    /** Limits of containers that ask for none. */
    ulimits: Readonly<Record<string, Ulimit>>;
    features: Readonly<Record<string, boolean>>;
    noNewPrivileges: boolean;
    icc?: boolean;
    userlandProxy?: boolean;
    /** In seconds. */
    shutdownTimeout?: number;
    dataRoot?: string;
    storageDriver?: string;
    imageStore?: "containerd" | "engine";
    /** Other keys of daemon.json. */
    extra: Readonly<Record<string, unknown>>;
}

export interface DaemonArgs {
    /** Range for bridge networks on the host, one /24 each. */
    bridgePool: string;
    engine: EngineWishes;
    /** The token of the log driver splunk. */
    logToken?: string;
}

/** Bounds for log files, of the drivers that write files on the host. */
const BOUNDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "json-file": { "max-size": "10m", "max-file": "3" },
    local: { "max-size": "10m", "max-file": "3" },
};

/** The feature that makes containerd keep images. */
export const CONTAINERD_IMAGES = "containerd-snapshotter";

/** Skep's keys of daemon.json. */
export function daemonSettings({ bridgePool, engine, logToken }: DaemonArgs): Record<string, unknown> {
    const options = {
        ...(engine.logOptions ?? BOUNDED[engine.logDriver]),
        ...(logToken !== undefined && { "splunk-token": logToken }),
    };
    const { dns, imageStore, ulimits } = engine;
    const features = {
        ...engine.features,
        ...(imageStore && { [CONTAINERD_IMAGES]: imageStore === "containerd" }),
    };
    return {
        "log-driver": engine.logDriver,
        ...given("log-opts", options),
        "default-address-pools": [{ base: bridgePool, size: 24 }],
        // CIS 2.14. A swarm's service cannot take it back for itself.
        ...(engine.noNewPrivileges && { "no-new-privileges": true }),
        // CIS 2.2: it concerns the bridge docker0 alone, on which tasks of services are not.
        ...(engine.icc !== undefined && { icc: engine.icc }),
        // CIS 2.16
        ...(engine.userlandProxy !== undefined && { "userland-proxy": engine.userlandProxy }),
        ...given("dns", dns.servers),
        ...given("dns-search", dns.search),
        ...given("dns-opts", dns.options),
        ...given("registry-mirrors", engine.mirrors),
        ...given(
            "labels",
            Object.entries(engine.labels).map(([name, value]) => `${name}=${value}`),
        ),
        ...(engine.metrics !== undefined && { "metrics-addr": engine.metrics }),
        // CIS 2.8
        ...given("default-ulimits", Object.fromEntries(Object.entries(ulimits).map(ulimit))),
        ...given("features", features),
        ...(engine.shutdownTimeout !== undefined && { "shutdown-timeout": engine.shutdownTimeout }),
        ...(engine.dataRoot !== undefined && { "data-root": engine.dataRoot }),
        ...(engine.storageDriver !== undefined && { "storage-driver": engine.storageDriver }),
        ...engine.extra,
    };
}

/** The key, unless its value is empty. */
function given(key: string, value: readonly unknown[] | Readonly<Record<string, unknown>>) {
    return Object.keys(value).length > 0 ? { [key]: value } : {};
}

function ulimit([name, limit]: [string, Ulimit]) {
    const { soft, hard } = typeof limit === "number" ? { soft: limit, hard: limit } : limit;
    return [name, { Name: name, Soft: soft, Hard: hard }] as const;
}
