// Items of the CIS Docker Benchmark 1.6: the daemon (2), its files (3) and the swarm (7). Left out are items that no look at a
// host can decide, such as 2.11 and 7.6: they ask what people do or want. No I/O.
import { listed } from "./sentence";

/** What an item is judged by on one host. */
export interface CisHost {
    name: string;
    isManager: boolean;
    /** The user that runs the engine; null if it does not run. */
    uid: number | null;
    /** The engine's command line. */
    arguments: readonly string[];
    daemon: Readonly<Record<string, unknown>>;
    files: readonly { path: string; owner: string; mode: string }[];
    /** Addresses, in the kernel's form, at which it listens for other managers. */
    listens: readonly string[];
    /** Security options that the engine reports, such as `name=seccomp,profile=builtin`. */
    security: readonly string[];
    driver: string;
    experimental: boolean;
    insecureRegistries: readonly string[];
}

/** What an item is judged by in the swarm. */
export interface CisSwarm {
    managers: number;
    autolock: boolean;
    /** The names of overlay networks for tasks that are not encrypted. */
    plain: readonly string[];
    secrets: number;
    certificateDays: number;
}

interface Item {
    number: string;
    /** What is true where it passes. */
    sentence: string;
    /** What is otherwise; undefined if the item is met. */
    host?(host: CisHost): string | undefined;
    swarm?(swarm: CisSwarm): string | undefined;
}

/** An engine's option: from its command line, else from daemon.json. */
function option({ arguments: given, daemon }: CisHost, name: string): string | undefined {
    const at = given.findIndex((each) => each === `--${name}` || each.startsWith(`--${name}=`));
    const found = at < 0 ? undefined : given[at]!;
    if (found?.includes("=")) return found.slice(found.indexOf("=") + 1);
    if (found !== undefined) {
        const next = given[at + 1];
        return next === undefined || next.startsWith("-") ? "true" : next;
    }
    const value = daemon[name];
    return value === undefined
        ? undefined
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
}

/** An item of an option's value. `fallback` is what the engine takes without it. */
function setting(number: string, sentence: string, name: string, wanted: string, fallback: string): Item {
    const host = (given: CisHost) => {
        const value = option(given, name) ?? fallback;
        return value === wanted ? undefined : `${name} is ${value}`;
    };
    return { number, sentence, host };
}

/** Items of a file's owner and of its mode. A file that a host does not have needs neither. */
function file(
    numbers: readonly [string, string],
    what: string,
    path: RegExp,
    owner: string,
    mode: number,
): Item[] {
    const differing =
        (wrong: (found: { owner: string; mode: string }) => string | undefined) => (host: CisHost) => {
            const found = host.files
                .filter((each) => path.test(each.path))
                .map((each) => ({ each, is: wrong(each) }));
            const bad = found.flatMap(({ each, is }) => (is === undefined ? [] : [`${each.path} ${is}`]));
            return bad.length === 0 ? undefined : listed(bad);
        };
    const allowed = mode.toString(8);
    return [
        {
            number: numbers[0],
            sentence: `${what} belongs to ${owner}`,
            host: differing((found) => (found.owner === owner ? undefined : `belongs to ${found.owner}`)),
        },
        {
            number: numbers[1],
            sentence: `${what} has mode ${allowed} or less`,
            host: differing((found) =>
                (parseInt(found.mode, 8) & ~mode) === 0 ? undefined : `has mode ${found.mode}`,
            ),
        },
    ];
}

const TLS = /^\/etc\/docker\/tls\//;
const TRANSPORT = ["tlsverify", "tlscacert", "tlscert", "tlskey"];

const UNSORTED: readonly Item[] = [
    {
        number: "2.1",
        sentence: "the engine does not run as root",
        host: ({ uid }) => (uid === 0 ? "it runs as root" : undefined),
    },
    setting("2.2", "containers on the default bridge do not reach each other", "icc", "false", "true"),
    setting("2.3", "the engine logs at level info", "log-level", "info", "info"),
    setting("2.4", "the engine may change iptables", "iptables", "true", "true"),
    {
        number: "2.5",
        sentence: "no insecure registry is used",
        host: ({ insecureRegistries: all }) => (all.length > 0 ? `insecure: ${listed(all)}` : undefined),
    },
    {
        number: "2.6",
        sentence: "images are not stored with aufs",
        host: ({ driver }) => (driver === "aufs" ? "aufs is used" : undefined),
    },
    {
        number: "2.7",
        sentence: "the engine's API on TCP wants certificates",
        host: (host) => {
            const open = host.arguments.some((each) => each.includes("tcp://"));
            const missing = TRANSPORT.filter((name) => option(host, name) === undefined);
            return open && missing.length > 0 ? `without ${listed(missing)}` : undefined;
        },
    },
    {
        number: "2.8",
        sentence: "a default limit of open files is set",
        host: (host) =>
            (option(host, "default-ulimits") ?? option(host, "default-ulimit")) ? undefined : "none is set",
    },
    {
        number: "2.9",
        sentence: "containers have a user namespace",
        host: ({ security }) =>
            security.some((each) => /name=(userns|rootless)/.test(each))
                ? undefined
                : "they share the host's",
    },
    {
        number: "2.10",
        sentence: "containers are in the default control group",
        host: (host) =>
            option(host, "cgroup-parent") ? `cgroup-parent is ${option(host, "cgroup-parent")}` : undefined,
    },
    {
        number: "2.12",
        sentence: "a plugin authorizes requests to the engine",
        host: (host) =>
            (option(host, "authorization-plugins") ?? option(host, "authorization-plugin"))
                ? undefined
                : "none does",
    },
    {
        number: "2.13",
        sentence: "logs are collected elsewhere",
        host: (host) =>
            /^(json-file|local)$/.test(option(host, "log-driver") ?? "json-file")
                ? "they stay on the host"
                : undefined,
    },
    setting(
        "2.14",
        "containers gain no new privileges unless they ask",
        "no-new-privileges",
        "true",
        "false",
    ),
    setting("2.16", "the userland proxy is off", "userland-proxy", "false", "true"),
    {
        number: "2.17",
        sentence: "a seccomp profile is in force",
        host: ({ security }) =>
            security.some((each) => each.includes("name=seccomp")) &&
            !security.some((each) => each.includes("unconfined"))
                ? undefined
                : "none is",
    },
    {
        number: "2.18",
        sentence: "experimental features are off",
        host: ({ experimental }) => (experimental ? "they are on" : undefined),
    },
    ...file(["3.1", "3.2"], "docker.service", /\/docker\.service$/, "root:root", 0o644),
    ...file(["3.3", "3.4"], "docker.socket", /\/docker\.socket$/, "root:root", 0o644),
    ...file(["3.5", "3.6"], "/etc/docker", /^\/etc\/docker$/, "root:root", 0o755),
    ...file(["3.7", "3.8"], "the registry's certificate", /^\/etc\/docker\/certs\.d\//, "root:root", 0o444),
    ...file(
        ["3.9", "3.10"],
        "the CA's certificate",
        new RegExp(`${TLS.source}ca\\.pem$`),
        "root:root",
        0o444,
    ),
    ...file(
        ["3.11", "3.12"],
        "the API's certificate",
        new RegExp(`${TLS.source}cert\\.pem$`),
        "root:root",
        0o444,
    ),
    ...file(["3.13", "3.14"], "the API's key", new RegExp(`${TLS.source}key\\.pem$`), "root:root", 0o400),
    ...file(["3.15", "3.16"], "the engine's socket", /^\/run\/docker\.sock$/, "root:docker", 0o660),
    ...file(["3.17", "3.18"], "daemon.json", /\/daemon\.json$/, "root:root", 0o644),
    ...file(["3.19", "3.20"], "/etc/default/docker", /^\/etc\/default\/docker$/, "root:root", 0o644),
    ...file(["3.22", "3.21"], "/etc/sysconfig/docker", /^\/etc\/sysconfig\/docker$/, "root:root", 0o644),
    ...file(["3.23", "3.24"], "containerd's socket", /containerd\.sock$/, "root:root", 0o660),
    {
        number: "7.1",
        sentence: "the swarm has no more managers than it needs",
        swarm: ({ managers }) => (managers > 7 || managers % 2 === 0 ? `it has ${managers}` : undefined),
    },
    {
        number: "7.2",
        sentence: "managers listen for others at one address",
        host: ({ isManager, listens }) =>
            isManager && listens.some((each) => /^0+:/.test(each))
                ? "it listens at all addresses"
                : undefined,
    },
    {
        number: "7.3",
        sentence: "overlay networks are encrypted",
        swarm: ({ plain }) => (plain.length > 0 ? `not encrypted: ${listed(plain)}` : undefined),
    },
    {
        number: "7.4",
        sentence: "secrets are the swarm's own",
        swarm: ({ secrets }) => (secrets === 0 ? "the swarm keeps none" : undefined),
    },
    {
        number: "7.5",
        sentence: "managers are locked by a key (autolock)",
        swarm: ({ autolock }) => (autolock ? undefined : "autolock is off"),
    },
    {
        number: "7.7",
        sentence: "the swarm renews its nodes' certificates every 90 days or sooner",
        swarm: ({ certificateDays: days }) => (days > 90 ? `every ${days} days` : undefined),
    },
];

/** As the benchmark has them: 3.9 stands before 3.10. */
const ITEMS = [...UNSORTED].sort((one, other) => {
    return one.number.localeCompare(other.number, "en", { numeric: true });
});

/** The numbers of all items. */
export const CIS_NUMBERS = ITEMS.map(({ number }) => number);

/** How one item stands. */
export interface CisResult {
    number: string;
    sentence: string;
    result: "pass" | "warn" | "waived" | "unseen";
    /** What differs, why it is waived, or what could not be looked at; empty after `pass`. */
    reason: string;
    /** The hosts that differ, or that could not be looked at. */
    hosts: string[];
}

/**
 * Judges every item. `silent` are hosts that could not be looked at; without a swarm, its items are `unseen`. A waiver is
 * the reason for which an item may stay as it is, by number.
 */
export function cisTable(
    hosts: readonly CisHost[],
    silent: readonly string[],
    swarm: CisSwarm | undefined,
    waivers: Readonly<Record<string, string>>,
): CisResult[] {
    return ITEMS.map((item): CisResult => {
        const { number, sentence } = item;
        const at = hosts.flatMap((host) => {
            const differs = item.host?.(host);
            return differs === undefined ? [] : [{ name: host.name, differs }];
        });
        const inSwarm = item.swarm && swarm ? item.swarm(swarm) : undefined;
        const names = at.map(({ name }) => name);
        const differs = [...new Set([...at.map((each) => each.differs), ...(inSwarm ? [inSwarm] : [])])];
        if (differs.length > 0) {
            const waiver = waivers[number];
            const result = waiver === undefined ? "warn" : "waived";
            return { number, sentence, result, reason: waiver ?? differs.join("; "), hosts: names };
        }
        if (item.swarm && !swarm)
            return { number, sentence, result: "unseen", reason: "no manager answered", hosts: [] };
        if (item.host && silent.length > 0)
            return { number, sentence, result: "unseen", reason: "hosts did not answer", hosts: [...silent] };
        return { number, sentence, result: "pass", reason: "", hosts: [] };
    });
}
