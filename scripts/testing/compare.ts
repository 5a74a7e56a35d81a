// Compares what two sets of plugins did with the same programs. Random things, such as keys and ids, can never be equal:
// of those the shape is compared. Pure.

import { X509Certificate } from "node:crypto";

/** What one run of the engine did with one resource. */
export interface Deed {
    /** `preview`, `up` or `refresh` of a program's numbered version. */
    when: string;
    /** Type and name. */
    resource: string;
    /** The engine's operation, such as `create`, `same`, `update`, `replace`. */
    op: string;
    /** The inputs that differ, and those of them that replace. */
    changed: string[];
    replacing: string[];
}

/** All that a program led to with one set of plugins. */
export interface Deeds {
    deeds: Deed[];
    /** Each resource's outputs after each up. */
    outputs: Record<string, Record<string, unknown>>;
}

/** One line for every difference; none when both behave alike. */
export function differences(one: Deeds, two: Deeds): string[] {
    const deeds = pairs(byKey(one.deeds), byKey(two.deeds)).flatMap(([key, a, b]) =>
        same(a, b) ? [] : [`${key}: ${said(a)} / ${said(b)}`],
    );
    const outputs = pairs(one.outputs, two.outputs).flatMap(([resource, a, b]) =>
        pairs(a ?? {}, b ?? {}).flatMap(([name, left, right]) =>
            same(shape(left), shape(right))
                ? []
                : [`${resource}: output ${name}: ${said(shape(left))} / ${said(shape(right))}`],
        ),
    );
    return [...deeds, ...outputs];
}

function byKey(deeds: readonly Deed[]): Record<string, Omit<Deed, "when" | "resource">> {
    return Object.fromEntries(deeds.map(({ when, resource, ...deed }) => [`${when} of ${resource}`, deed]));
}

function pairs<T>(one: Record<string, T>, two: Record<string, T>): [string, T | undefined, T | undefined][] {
    const keys = [...new Set([...Object.keys(one), ...Object.keys(two)])].sort();
    return keys.map((key) => [key, one[key], two[key]]);
}

function same(a: unknown, b: unknown): boolean {
    return said(a) === said(b);
}

function said(value: unknown): string {
    return value === undefined ? "nothing" : JSON.stringify(value);
}

/** A value with everything random replaced by what must be alike in it. Empty and missing values mean the same. */
export function shape(value: unknown): unknown {
    if (value === null || value === undefined || value === "") return undefined;
    if (typeof value === "string") return shapeOfText(value);
    if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(shape);
    if (typeof value !== "object") return value;
    const entries = Object.entries(value)
        .map(([key, item]) => [key, shape(item)] as const)
        .filter(([, item]) => item !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const SHAPES: readonly [RegExp, string][] = [
    [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*$/, "a time"],
    [/^[0-9a-f]{40}$|^[0-9a-f]{64}$/, "a hexadecimal id"],
    [/^\$2[aby]\$10\$.{53}$/, "a bcrypt hash of cost 10"],
    [/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/, "an MD5 fingerprint"],
    [/^SHA256:[A-Za-z0-9+/]{43}$/, "a SHA-256 fingerprint"],
];

function shapeOfText(text: string): unknown {
    if (text.startsWith("-----BEGIN CERTIFICATE-----")) return shapeOfCertificate(text);
    const [, label] = /^-----BEGIN ([A-Z0-9 ]+)-----\n/.exec(text) ?? [];
    if (label !== undefined) return `${label}, ${text.endsWith("\n") ? "a" : "no"} newline at the end`;
    const [, algorithm] = /^(ssh-\S+|ecdsa-\S+) [A-Za-z0-9+/=]+\n?$/.exec(text) ?? [];
    if (algorithm !== undefined) return `a public key ${algorithm}`;
    const [, found] = SHAPES.find(([pattern]) => pattern.test(text)) ?? [];
    if (found !== undefined) return found;
    // A random password: as long, of the same kinds of characters.
    if (/^[A-Za-z0-9]{20,}$/.test(text) && /\d/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text))
        return `${text.length} letters and digits`;
    return text;
}

const HOUR = 60 * 60 * 1000;

function shapeOfCertificate(pem: string): unknown {
    const found = new X509Certificate(pem);
    const time = (text: string) => new Date(text).getTime();
    return {
        subject: found.subject,
        issuer: found.issuer,
        names: found.subjectAltName,
        authority: found.ca,
        usages: found.keyUsage,
        hours: Math.round((time(found.validTo) - time(found.validFrom)) / HOUR),
        newline: pem.endsWith("\n"),
    };
}
