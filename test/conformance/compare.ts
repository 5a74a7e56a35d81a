// Compares what two sets of plugins did with the same programs. Random values, such as keys and ids, are never equal, so it
// compares their form. No I/O.

import { X509Certificate } from "node:crypto";

/** What one run of Pulumi did with one resource. */
export interface Deed {
    /** `preview`, `up` or `refresh`, and the number of the program's version. */
    when: string;
    /** The resource's type and name. */
    resource: string;
    /** Pulumi's operation, such as `create`, `same`, `update`, `replace`. */
    op: string;
    /** The inputs that differ, and which of them cause a replacement. */
    changed: string[];
    replacing: string[];
}

/** A resource after an up. */
export interface Made {
    type: string;
    name: string;
    /** The last value before this one. */
    when: string;
    /** The outputs, with the id. */
    outputs: Record<string, unknown>;
}

/** The complete result of a program with one set of plugins. */
export interface Deeds {
    deeds: Deed[];
    made: Made[];
}

/** One line for every difference; no line when both behave alike. */
export interface Differences {
    /** Differences in what Pulumi did with a resource. */
    done: string[];
    /** Differences in outputs that Skep reads. */
    read: string[];
    /** Differences in outputs that Skep does not read. */
    unread: string[];
}

/** The outputs that Skep's components read, by type. Ids are among them: they identify hosts and clients. */
const READ: Readonly<Record<string, readonly string[]>> = {
    "docker:index/container:Container": ["id"],
    "docker:index/network:Network": ["id", "name"],
    "docker:index/volume:Volume": ["id", "name"],
    "random:index/randomPassword:RandomPassword": ["bcryptHash", "result"],
    "tls:index/certRequest:CertRequest": ["certRequestPem"],
    "tls:index/locallySignedCert:LocallySignedCert": ["certPem"],
    "tls:index/privateKey:PrivateKey": [
        "privateKeyOpenssh",
        "privateKeyPem",
        "privateKeyPemPkcs8",
        "publicKeyOpenssh",
    ],
    "tls:index/selfSignedCert:SelfSignedCert": ["certPem"],
};

/** The differences between two runs of the same programs. */
export function differences(one: Deeds, two: Deeds): Differences {
    const found: Differences = { done: [], read: [], unread: [] };
    for (const [key, a, b] of pairs(byKey(one.deeds), byKey(two.deeds)))
        if (!same(a, b)) found.done.push(`${key}: ${said(a)} / ${said(b)}`);
    for (const [key, a, b] of pairs(byResource(one.made), byResource(two.made)))
        for (const [name, left, right] of pairs(a?.outputs ?? {}, b?.outputs ?? {}))
            if (!same(shape(left), shape(right))) {
                const kind = READ[a?.type ?? b?.type ?? ""]?.includes(name) ? "read" : "unread";
                found[kind].push(`${key}: output ${name}: ${said(shape(left))} / ${said(shape(right))}`);
            }
    return found;
}

function byResource(made: readonly Made[]): Record<string, Made> {
    return Object.fromEntries(made.map((it) => [`${it.type} ${it.name} after ${it.when}`, it]));
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

/** Replaces random values by a description of their form. Empty and missing values mean the same. */
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
    // A random password. One in 250 of 32 characters has no digit.
    if (/^[A-Za-z0-9]{20,}$/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text))
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
