// Paths of `ignoreChanges`, such as `tags`, `tags.owner`, `ports[0].external`, `tags["a.b"]`, `ports[*].ip`:
// the new inputs are read as if these places still had their old values.
import type { Props } from "./types";

type Step = string | number;
const EVERY = "*";

/** Splits a property path into its steps. A number is an index in a list. */
export function parsePath(path: string): Step[] {
    const steps: Step[] = [];
    const token = /\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g;
    for (const [, quoted, index, name] of path.matchAll(token)) {
        if (quoted !== undefined) steps.push(quoted.replace(/\\(.)/g, "$1"));
        else if (index !== undefined) steps.push(index === EVERY ? EVERY : Number(index));
        else if (name !== undefined) steps.push(name);
    }
    return steps;
}

/** The new inputs with the old values put back at every ignored path. Neither argument is changed. */
export function keepIgnored(olds: Props, news: Props, paths: readonly string[]): Props {
    return paths.reduce<Props>((result, path) => keepAt(olds, result, parsePath(path)) as Props, news);
}

function keepAt(old: unknown, now: unknown, steps: readonly Step[]): unknown {
    const [step, ...rest] = steps;
    if (step === undefined) return old;
    if (step === EVERY) return keepEverywhere(old, now, rest);
    if (Array.isArray(now)) return keepInList(old, now, Number(step), rest);
    if (isBag(now)) return keepInObject(old, now, String(step), rest);
    return now;
}

function keepEverywhere(old: unknown, now: unknown, rest: readonly Step[]): unknown {
    if (Array.isArray(now)) {
        return now.reduce<unknown>((list, _item, index) => keepAt(old, list, [index, ...rest]), now);
    }
    if (!isBag(now)) return now;
    const keys = new Set([...Object.keys(now), ...(isBag(old) ? Object.keys(old) : [])]);
    return [...keys].reduce<unknown>((bag, key) => keepAt(old, bag, [key, ...rest]), now);
}

function keepInList(old: unknown, now: unknown[], index: number, rest: readonly Step[]): unknown[] {
    if (!Array.isArray(old) || !(index in old) || !(index in now)) return now;
    return now.map((item, place) => (place === index ? keepAt(old[index], item, rest) : item));
}

function keepInObject(old: unknown, now: Props, key: string, rest: readonly Step[]): Props {
    const before = isBag(old) ? old[key] : undefined;
    const kept = keepAt(before, now[key], rest);
    if (kept !== undefined) return { ...now, [key]: kept };
    return Object.fromEntries(Object.entries(now).filter(([name]) => name !== key));
}

// Unknowns are symbols, not objects: nothing inside them can be kept.
function isBag(value: unknown): value is Props {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
