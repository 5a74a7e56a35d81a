// Settings files in Pulumi's format: YAML with the settings under `config`. Reports mistakes that Pulumi would pass over
// in silence.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { distance } from "fastest-levenshtein";
import { type Document, parseDocument } from "yaml";
import { type Problem, skepError } from "../errors";

const OWN = "skep";
/** The prefix of Skep's own settings. */
export const PREFIX = `${OWN}:`;
/** A prefix that differs from ours by at most this many letters is taken for a typing error. */
const SLIPS = 2;

export type Values = Record<string, unknown>;

/**
 * The settings in a file, by full key; empty if there is no file. Throws CONFIG_FILE if it cannot be read as settings.
 */
export async function readConfig(file: string): Promise<Values> {
    return (await readDocument(file)).config;
}

/** A whole settings file: the settings under `config`, and what else it contains. Throws as readConfig does. */
export async function readDocument(file: string): Promise<Values & { config: Values }> {
    if (!existsSync(file)) return { config: {} };
    const document = parsed(await readFile(file, "utf8"), file) ?? {};
    const config = isMapping(document) ? (document.config ?? {}) : undefined;
    if (isMapping(document) && isMapping(config)) return { ...document, config };
    throw unreadable(file, 'it has no settings under "config"');
}

/** Skep's own settings among these, without their prefix. */
export function ownSettings(config: Values): Values {
    return Object.fromEntries(
        Object.entries(config)
            .filter(([key]) => key.startsWith(PREFIX))
            .map(([key, value]) => [key.slice(PREFIX.length), value]),
    );
}

/**
 * Problems for keys that belong to nobody: without a prefix, or with one that is almost Skep's. Other prefixes are for
 * providers.
 */
export function lostKeys(config: Values): Problem[] {
    return Object.keys(config).flatMap((key) => {
        const [, prefix, name = key] = /^([^:]*):(.*)$/.exec(key) ?? [];
        const isOthers = prefix !== undefined && distance(prefix, OWN) > SLIPS;
        if (key.startsWith(PREFIX) || isOthers) return [];
        return {
            id: "CONFIG_UNKNOWN",
            problem: `There is no setting ${key}.`,
            advice:
                key === OWN
                    ? `Write each setting with the prefix: ${PREFIX}zones and so on.`
                    : `Did you mean ${PREFIX}${name}? The README lists all settings.`,
        };
    });
}

/**
 * Problems for Skep's settings that are in Pulumi's own file instead of `file`. Only the `secret` ones belong in
 * Pulumi's.
 */
export function misplacedKeys(pulumiConfig: Values, secret: readonly string[], file: string): Problem[] {
    return Object.keys(ownSettings(pulumiConfig))
        .filter((name) => !secret.includes(name))
        .map((name) => ({
            id: "CONFIG_ELSEWHERE",
            problem: `${PREFIX}${name} was set by \`pulumi config set\`, and settings are in ${basename(file)}.`,
            advice: `Take it away by \`pulumi config rm ${PREFIX}${name}\`, and set it there.`,
        }));
}

function parsed(text: string, file: string): unknown {
    const document = parseDocument(text);
    const [error] = document.errors;
    if (error === undefined) return values(document, file);
    const line = `line ${error.linePos?.[0].line ?? 1}`;
    if (error.code === "DUPLICATE_KEY")
        throw unreadable(file, `${line} names a key that stands above it already`);
    if (error.code === "TAB_AS_INDENT")
        throw unreadable(file, `${line} is indented by a tab, and YAML takes spaces only`);
    const [what = ""] = error.message.split("\n");
    throw unreadable(file, `${line} is no YAML (${what.replace(/ at line \d+.*$/, "")})`);
}

/** The document as plain values. Only here an alias of a missing anchor shows. */
function values(document: Document, file: string): unknown {
    try {
        return document.toJS() as unknown;
    } catch (error) {
        throw unreadable(file, (error as Error).message);
    }
}

function unreadable(file: string, why: string) {
    return skepError(
        "CONFIG_FILE",
        `${basename(file)} cannot be read as settings: ${why}.`,
        "Correct it there; Pulumi.dev.yaml shows how such a file looks.",
    );
}

function isMapping(value: unknown): value is Values {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
