// Skep's keys of an engine's daemon.json, beside keys that others wrote. A record on the host says which keys are Skep's. No
// I/O.

import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../errors";
import { listed } from "./sentence";

export const DAEMON_JSON = "/etc/docker/daemon.json";
/** The record: a JSON list of the keys that Skep wrote. */
export const DAEMON_RECORD = "/etc/skep/daemon-keys.json";

/** The keys that Skep wrote before it kept a record. */
const UNRECORDED = ["log-driver", "log-opts", "default-address-pools"];

/** The two files as a host has them; undefined for a file that it does not have. */
export interface FoundDaemon {
    daemon?: string;
    record?: string;
}

export interface MergedDaemon {
    /** The text of daemon.json with Skep's keys as they should be; the host's own text if they are. */
    content: string;
    /** The text of the record. */
    record: string;
    /** What the host has now; undefined if it has no daemon.json. */
    former?: { content: string; record: string };
    /** Keys that others wrote. */
    others: string[];
    /** Keys whose value is another one on the host than it should be. */
    changed: string[];
    /** Keys that Skep should write, and that others gave another value. With any, the content must not be written. */
    taken: string[];
}

/**
 * Keys that an engine takes over when it reads its settings again; all others need a restart (Docker's reference of
 * dockerd, "Configuration reload behavior").
 */
const RELOADED: readonly string[] = [
    "authorization-plugins",
    "debug",
    "default-runtime",
    "labels",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "registry-mirrors",
    "runtimes",
    "shutdown-timeout",
];

/** The text of Skep's keys. */
export function daemonText(keys: Readonly<Record<string, unknown>>): string {
    return text(keys);
}

/** The mode of daemon.json: a file with the token of a log driver is for root alone. */
export function daemonMode(content: string): "600" | "644" {
    return content.includes('"splunk-token"') ? "600" : "644";
}

/** Whether an engine takes over a change of these keys without a restart. */
export function mayReload(keys: readonly string[]): boolean {
    return keys.every((key) => RELOADED.includes(key));
}

/**
 * Puts Skep's keys into a host's daemon.json: sets those that it gives, removes those that it gave and no longer gives, and
 * leaves all others. A file that is no JSON object, with which no engine starts, is written anew.
 */
export function mergeDaemon(ours: string, found: FoundDaemon): MergedDaemon {
    const wanted = objectOf(ours) ?? {};
    const there = objectOf(found.daemon);
    const former = keysOf(found.record) ?? UNRECORDED;
    const foreign = Object.entries(there ?? {}).filter(([key]) => !former.includes(key));
    const others = foreign.filter(([key]) => !(key in wanted));
    const taken = foreign.filter(([key, value]) => key in wanted && !isDeepStrictEqual(value, wanted[key]));
    const merged = { ...wanted, ...Object.fromEntries(others) };
    const isThere = there !== undefined && isDeepStrictEqual(there, merged);
    return {
        content: isThere ? found.daemon! : others.length === 0 ? ours : text(merged),
        record: text(Object.keys(wanted)),
        ...(found.daemon !== undefined && {
            former: { content: found.daemon, record: found.record ?? text(UNRECORDED) },
        }),
        others: others.map(([key]) => key),
        changed: [...new Set([...Object.keys(there ?? {}), ...Object.keys(merged)])].filter(
            (key) => !isDeepStrictEqual(there?.[key], (merged as Record<string, unknown>)[key]),
        ),
        taken: taken.map(([key]) => key),
    };
}

/** The keys of a host's daemon.json that Skep did not write. */
export function foreignKeys({ daemon, record }: FoundDaemon): string[] {
    const skeps = keysOf(record) ?? UNRECORDED;
    return Object.keys(objectOf(daemon) ?? {}).filter((key) => !skeps.includes(key));
}

/** Names the keys of daemon.json on a host that others wrote, if there are any. */
export function othersProblems(host: string, others: readonly string[]): Problem[] {
    if (others.length === 0) return [];
    const problem = `daemon.json of ${host} has keys that are not Skep's, and they stay: ${others.join(", ")}.`;
    return [{ id: "ENGINE_KEYS_KEPT", problem, advice: "Take them out on that host if nobody needs them." }];
}

/** The problem of a host whose keys of daemon.json others gave another value; none without such keys. */
export function takenProblems(host: string, taken: readonly string[]): Problem[] {
    if (taken.length === 0) return [];
    const [key, settings] = taken.length === 1 ? ["a key", "it"] : ["keys", "them"];
    return [
        {
            id: "ENGINE_KEY_TAKEN",
            problem: `daemon.json of ${host} has ${key} of another value than the settings give, and somebody else wrote ${settings}: ${listed([...taken])}.`,
            advice: `Take ${settings} out on that host, or out of the settings: docs/engine.md names the setting of each key.`,
        },
    ];
}

function text(value: unknown): string {
    return `${JSON.stringify(value, undefined, 4)}\n`;
}

function parsed(given: string | undefined): unknown {
    try {
        return JSON.parse(given ?? "");
    } catch {
        return undefined;
    }
}

/** The object that a text of JSON is; undefined if it is none. */
export function objectOf(given: string | undefined): Record<string, unknown> | undefined {
    const value = parsed(given);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
}

function keysOf(given: string | undefined): string[] | undefined {
    const value = parsed(given);
    return Array.isArray(value) ? value.filter((key) => typeof key === "string") : undefined;
}
