// Skep's keys of an engine's daemon.json, beside keys that others wrote. A record on the host says which keys are Skep's. No
// I/O.

import { isDeepStrictEqual } from "node:util";

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
    /** Keys that others wrote. */
    others: string[];
    /** Keys whose value is another one on the host than it should be. */
    changed: string[];
}

/**
 * Keys that an engine takes over when it reads its settings again; all others need a restart (Docker's reference of
 * dockerd, "Configuration reload behavior").
 */
const RELOADED: readonly string[] = [
    "authorization-plugins",
    "debug",
    "default-runtime",
    "features",
    "labels",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "registry-mirrors",
    "runtimes",
    "shutdown-timeout",
];

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
    const others = Object.entries(there ?? {}).filter(([key]) => !(key in wanted) && !former.includes(key));
    const merged = { ...wanted, ...Object.fromEntries(others) };
    const isThere = there !== undefined && isDeepStrictEqual(there, merged);
    return {
        content: isThere ? found.daemon! : others.length === 0 ? ours : text(merged),
        record: text(Object.keys(wanted)),
        others: others.map(([key]) => key),
        changed: [...new Set([...Object.keys(there ?? {}), ...Object.keys(merged)])].filter(
            (key) => !isDeepStrictEqual(there?.[key], (merged as Record<string, unknown>)[key]),
        ),
    };
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
