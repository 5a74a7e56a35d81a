// Says in the words of the field what a step changes in a resource, and why: "availability: active → drain". No I/O.

import { basename } from "node:path";
import { parse } from "yaml";
import { type Bag, differences, isBag, LATER, one, SECRET } from "./differences";
import type { Verb } from "./parts";
import { upstream } from "./versions";

/** How many hosts of which the same is said a preview names. */
const NAMED = 3;

/** Stands for what the words of another field say. */
const ELSEWHERE = "";

/** How many differences of one resource a preview names. */
const MOST = 5;

/** An input that a step changes. SECRET and LATER stand for values that nobody may see or that nobody knows. */
export interface Field {
    name: string;
    old: unknown;
    new: unknown;
    /** The entries in the input that differ, where the provider names them. */
    entries: readonly Entry[];
}

/** An entry of an input. Its name is no secret, whatever its value is. */
export interface Entry {
    name: string;
    kind: "added" | "changed" | "removed";
}

/** A step of Pulumi's, as far as words need it. */
export interface Changed {
    verb: Verb;
    /** The short type, as in `swarm:Node`. */
    type: string;
    fields: readonly Field[];
    /** What the resource was found to be: its outputs in the state. */
    state: Bag;
}

/** What goes with a resource of a type when it is removed or replaced. */
const LOST: Readonly<Record<string, string>> = {
    "swarm:Cluster": "the swarm ends, with its services, secrets and configs",
    "docker:Volume": "its data is lost",
    "aws:Bucket": "the registry's images are lost",
};

type Words = (field: Field, state: Bag) => string[];

const said =
    (text: string): Words =>
    () => [text];

const NEW_HOST = { hostId: said("its host is another one") };

/** Words for inputs that the default does not say well. The default is `differences`. */
const WORDS: Readonly<Record<string, Readonly<Record<string, Words>>>> = {
    "swarm:Node": {
        ...NEW_HOST,
        clusterId: said("its swarm is another one"),
        labels: (field) => within(field).map((text) => `label ${text}`),
        settled: said("is no ready member: brought back"),
    },
    "swarm:HostEngine": {
        ...NEW_HOST,
        packages: (_field, { lacking }) => [`${String(lacking)}: brought back`],
    },
    "swarm:HostFiles": { ...NEW_HOST, files },
    "swarm:EngineRollout": {
        engines,
        daemon,
        files: unread,
        hostIds: (field) => of(field, "its host is another one"),
    },
    "swarm:HostKey": NEW_HOST,
    "swarm:HostLogin": {
        ...NEW_HOST,
        host: said("gets the present login key"),
        formerKey: said("other login keys are valid"),
        pending: said("still takes the login key before"),
    },
    "swarm:Cluster": {
        locked: (_field, { locked }) => [`opens ${namesIn(locked)}`],
        rekeyed: said("has another unlock key than the outputs say"),
        rotations,
        managers: said("too few of its managers stay"),
    },
    "swarm:Stack": {
        clusterId: said("its swarm is another one"),
        compose,
        summary: (field) => within(field),
        secrets: (field) => renamed("secret", field),
        configs: (field) => renamed("config", field),
        registryAuth: (field) => within(field).map((text) => `login ${text}`),
        lacking: (_field, { lacking }) => Object.values((lacking ?? {}) as Record<string, string>),
        rebalance: (field) =>
            Array.isArray(field.old) && Array.isArray(field.new)
                ? differences("spread over", field.old, field.new)
                : ["tasks are spread again"],
    },
    "swarm:Image": {
        imageId: said("another image"),
        hostIds: hosts,
        push: (field) => within(field).map((text) => text.replace(/^reference/, "name")),
        missing: (_field, { missing }) => [`missing on ${namesIn(missing)}`],
        stored: said("the registry has lost it"),
    },
    "docker:Container": { uploads },
};

/**
 * What the step changes, one phrase each, the longest list cut. Empty for what is made: all of it is new. For what is
 * removed or replaced, says first what is lost with it.
 */
export function wordsFor({ verb, type, fields, state }: Changed): string[] {
    const lost = verb === "remove" || verb === "replace" ? (LOST[type] ?? []) : [];
    const changed = fields.map(onlyEntries).flatMap((field) => {
        const words = WORDS[type]?.[field.name] ?? byDefault;
        const phrases = words(field, state);
        return phrases.length === 0 ? [`${field.name} changed`] : phrases;
    });
    const all = [...new Set([lost, changed].flat())].filter((phrase) => phrase !== ELSEWHERE);
    return all.length <= MOST ? all : [...all.slice(0, MOST - 1), `and ${all.length - MOST + 1} more`];
}

/**
 * The field with only those entries that differ. Both a secret that changes and one that stays look the same, and the
 * provider knows which it is.
 */
function onlyEntries(field: Field): Field {
    const names = field.entries.map(({ name }) => name);
    if (names.length === 0 || !isBag(field.old) || !isBag(field.new)) return field;
    const only = (bag: Bag) => Object.fromEntries(Object.entries(bag).filter(([key]) => names.includes(key)));
    return { ...field, old: only(field.old), new: only(field.new) };
}

function byDefault(field: Field): string[] {
    const areHidden = !isBag(field.old) || !isBag(field.new);
    return areHidden && field.entries.length > 0
        ? field.entries.map(({ name, kind }) => `${field.name} ${name} ${kind}`)
        : differences(field.name, field.old, field.new);
}

/** What differs in an input that has entries, without the input's own name. */
function within(field: Field): string[] {
    return isBag(field.old) && isBag(field.new) ? differences("", field.old, field.new) : byDefault(field);
}

/** The engine's packages. What is found on a host may have words behind its version: "26.1.5 (not running)". */
function versions({ old, new: now }: Field): string[] {
    if (!isBag(old) || !isBag(now)) return [];
    const names = { "docker-ce": "version", "docker-ce-cli": "docker-ce-cli", "containerd.io": "containerd" };
    const changes = Object.entries(names).flatMap(([key, name]) => {
        const [before, after] = [old[key], now[key]].map((value) => String(value ?? ""));
        return before === after ? [] : [{ key, text: one(name, versionIn(before!), versionIn(after!)) }];
    });
    // The command line has the engine's version.
    const hasEngine = changes.some(({ key }) => key === "docker-ce");
    return changes.filter(({ key }) => key !== "docker-ce-cli" || !hasEngine).map(({ text }) => text);
}

function versionIn(text: string): string {
    const [version = "", ...more] = text.split(" (");
    return [/\d/.test(version) ? upstream(version) : version, ...more].join(" (");
}

/** The engines of all hosts, by host. Hosts whose engines change alike share a line. */
function engines({ name, old, new: now, entries }: Field): string[] {
    if (!isBag(old) || !isBag(now)) return [];
    const changes = Object.keys(now).flatMap((host): [string, string][] => {
        if (!(host in old)) return [[host, "comes under watch"]];
        const said = versions({ name, old: old[host], new: now[host], entries });
        return said.length === 0 ? [] : [[host, said.join(", ")]];
    });
    const gone = Object.keys(old).filter((host) => !(host in now));
    const all: [string, string][] = [
        ...changes,
        ...gone.map((host): [string, string] => [host, "left as it is"]),
    ];
    return grouped(all);
}

/** What is said of hosts, each text once: of many hosts only their number is named. */
function grouped(all: readonly (readonly [host: string, said: string])[]): string[] {
    return [...new Set(all.map(([, said]) => said))].map((said) => {
        const hosts = all.filter(([, other]) => other === said).map(([host]) => host);
        return `${hosts.length > NAMED ? `${hosts.length} hosts` : hosts.join(", ")}: ${said}`;
    });
}

/** Keys of daemon.json: those that the settings change, or those that differ on hosts. */
function daemon({ entries }: Field, { differing }: Bag): string[] {
    const counted = (keys: readonly string[]) =>
        `daemon.json: ${keys.length} ${keys.length === 1 ? "key" : "keys"} (${keys.join(", ")})`;
    if (entries.length > 0) return [counted(entries.map(({ name }) => name))];
    if (!isBag(differing)) return [];
    return Object.entries(differing).map(([host, keys]) => `${host}: ${counted(keys as string[])}`);
}

/** Hosts with files that their engines have not read. */
function unread(field: Field): string[] {
    return of(field, "restarts to read its new files");
}

/** The names whose value differs, with what that means. */
function of({ old, new: now }: Field, what: string): string[] {
    if (!isBag(old) || !isBag(now)) return [];
    const names = keysThatDiffer(old, now).filter((name) => name in old && name in now);
    return grouped(names.map((name) => [name, what] as const));
}

/** Files on a host. Entries are paths. */
function files({ entries }: Field, { differing }: Bag): string[] {
    if (entries.length === 0)
        return Array.isArray(differing)
            ? differing.map((path) => `${fileName(String(path))}: changed on the host`)
            : [];
    return entries.map(({ name, kind }) => `${fileName(name)} ${kind}`);
}

/** A file's own name says enough, unless every registry has one of that name. */
function fileName(path: string): string {
    return path.includes("/certs.d/") ? path.split("/").slice(-2).join("/") : basename(path);
}

/** What the swarm makes anew. */
function rotations({ old, new: now }: Field): string[] {
    const names = { unlockKey: "unlock key", joinTokens: "join tokens", ca: "certificate authority" };
    const [before, after] = [old, now].map((value) => (isBag(value) ? value : {}));
    return Object.entries(names).flatMap(([key, name]) =>
        before![key] === after![key] ? [] : [`${name} rotated`],
    );
}

/** Two compose files, service by service. */
function compose({ old, new: now, entries }: Field): string[] {
    if (typeof old !== "string" || typeof now !== "string")
        return entries.length === 0 ? [ELSEWHERE] : entries.map(({ name, kind }) => `${name} ${kind}`);
    if (old === now) return ["changed by hand in the swarm"];
    const parts = [old, now].map((text) => {
        // Secrets and configs of other content have other names there. `secrets` and `configs` say which.
        const { services = {}, volumes = {}, networks = {} } = (parse(text) ?? {}) as Record<string, Bag>;
        return { services, volumes, networks };
    });
    return differences("", parts[0], parts[1]).map((text) => text.replace(/^services\./, ""));
}

/** Secrets and configs have a hash of their content in their name: `registry_htpasswd_b967c95d8acf`. */
function renamed(what: string, { entries, old, new: now }: Field): string[] {
    const names =
        entries.length > 0
            ? entries.map(({ name }) => name)
            : isBag(old) && isBag(now)
              ? keysThatDiffer(old, now)
              : [];
    const plain = names.map((name) => name.replace(/^[^_]+_/, "").replace(/_[0-9a-f]{12}$/, ""));
    return [...new Set(plain)].map((name) => `${what} ${name} changed`);
}

function keysThatDiffer(old: Bag, now: Bag): string[] {
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => old[key] !== now[key]);
}

/** The hosts that have the image, by ids that nobody knows by heart. */
function hosts({ old, new: now }: Field): string[] {
    if (!Array.isArray(old) || !Array.isArray(now)) return [];
    const come = now.filter((id) => !old.includes(id)).length;
    const gone = old.filter((id) => !now.includes(id)).length;
    const count = (number: number, word: string) => `${number} host${number === 1 ? "" : "s"} ${word}`;
    return [...(come > 0 ? [count(come, "more")] : []), ...(gone > 0 ? [count(gone, "fewer")] : [])];
}

/** Files that a container is made with. */
function uploads({ old, new: now }: Field): string[] {
    if (!Array.isArray(old) || !Array.isArray(now) || old.length !== now.length) return [];
    return now.flatMap((upload: unknown, i) => {
        if (!isBag(upload) || differences("", old[i], upload).length === 0) return [];
        return [`${basename(String(upload.file))} changed`];
    });
}

function namesIn(value: unknown): string {
    return Array.isArray(value) ? value.join(", ") : "what is locked or missing";
}

export { LATER, SECRET };
