// What differs between two values, in words: "deploy.replicas: 1 → 2". No I/O.

import { canonical } from "./canonical";

/** Stands for a secret value. Words about it say that it changes, and nothing of what it is. */
export const SECRET = Symbol("secret");
/** Stands for a value that only the up itself finds out. */
export const LATER = Symbol("later");

/** The longest text of a value. Ids and digests are longer. */
const LONGEST = 32;

/** Values by name. */
export type Bag = Readonly<Record<string, unknown>>;

/** Every difference between the values, each with the path to it. `path` names the whole value. */
export function differences(path: string, old: unknown, now: unknown): string[] {
    if (canonical(old) === canonical(now) && isPlain(old) && isPlain(now)) return [];
    if (old === SECRET || now === SECRET) return [`${path} changed`];
    if (isBag(old) && isBag(now))
        return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
            differences(`${path}${path && "."}${key}`, old[key], now[key]),
        );
    if (Array.isArray(old) && Array.isArray(now)) return inLists(path, old, now);
    return [one(path, old, now)];
}

/** A change of one value: "memory: 256M → 512M". */
export function one(path: string, old: unknown, now: unknown): string {
    const [before, after] = shownBoth(old, now);
    if (isAbsent(now)) return before === undefined ? `${path} removed` : `${path}: ${before} → none`;
    if (now === LATER) return `${path}: known during the up`;
    if (after === undefined) return isAbsent(old) ? `${path} added` : `${path} changed`;
    if (isAbsent(old)) return `${path}: none → ${after}`;
    // Texts that are cut may look the same.
    return before === undefined || before === after ? `${path} changed` : `${path}: ${before} → ${after}`;
}

function inLists(path: string, old: readonly unknown[], now: readonly unknown[]): string[] {
    if ([...old, ...now].every((item) => shown(item) !== undefined)) {
        const gone = old.filter((item) => !now.includes(item)).map((item) => `${shown(item)} removed`);
        const come = now.filter((item) => !old.includes(item)).map((item) => `${shown(item)} added`);
        const both = [...gone, ...come];
        return [both.length === 0 ? `${path}: another order` : `${path}: ${both.join(", ")}`];
    }
    if (old.length !== now.length) return [`${path}: ${old.length} → ${now.length} entries`];
    return old.flatMap((item, i) => differences(`${path}[${i}]`, item, now[i]));
}

/** Both values as texts. Of long texts that begin alike, only what follows is shown. */
function shownBoth(old: unknown, now: unknown): (string | undefined)[] {
    const isLong = [old, now].some((value) => typeof value === "string" && value.length > LONGEST);
    if (!isLong || typeof old !== "string" || typeof now !== "string") return [shown(old), shown(now)];
    const differ = [...old].findIndex((letter, i) => letter !== now[i]);
    const word = Math.max(0, old.slice(0, Math.max(differ, 0)).search(/[^/:.@\s]*$/));
    return [old, now].map((text) => shown(word > 0 ? `…${text.slice(word)}` : text));
}

/** A short value as text; undefined for what a line has no room for. */
function shown(value: unknown): string | undefined {
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value !== "string" || value.includes("\n")) return undefined;
    if (value === "") return '""';
    return value.length > LONGEST ? `${value.slice(0, LONGEST - 1)}…` : value;
}

function isAbsent(value: unknown): boolean {
    return value === undefined || value === null;
}

/** Whether the value has values by name. */
export function isBag(value: unknown): value is Bag {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the value has no SECRET or LATER in it, which JSON leaves out. */
function isPlain(value: unknown): boolean {
    if (typeof value === "symbol") return false;
    return typeof value !== "object" || value === null || Object.values(value).every(isPlain);
}
