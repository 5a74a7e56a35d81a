// Building blocks of the settings' schema. Each says what a value must be, with a correct example. The schema library's
// own messages reach no user.

import { z } from "zod";
import { CIS_NUMBERS } from "../planning/cis";
import { parseRange } from "../planning/addresses";
import { secondsOf } from "../planning/durations";
import { isOwnLabel } from "../planning/members";

/** What a constraint can name: `node.labels.NAME` (swarmkit, manager/constraint). */
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number, example: number) {
    const error = `it must be a whole number from ${min} to ${max}, such as ${example}`;
    return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** A TCP port. */
export const port = (example: number) => whole(1, 65535, example);

/** True or false. */
export const flag = () => z.boolean({ error: "it must be true or false" });

/** A time such as `90s`, `2m` or `1h`, from `least` seconds to one day. Its value is in seconds. */
export function duration(example: string, least = 1) {
    const error = `it must be a time from ${least}s to 24h, such as ${example}`;
    return z
        .string({ error })
        .refine((given) => secondsOf(given, least) !== undefined, { error })
        .transform((given) => secondsOf(given, least)!);
}

/** A number of days, from `1d` to `9999d`. Its value is the number. */
export function days(example: string) {
    return text(/^[1-9]\d{0,3}d$/, `a number of days, such as ${example}`).transform((given) =>
        Number.parseInt(given, 10),
    );
}

/** One of a few words. */
export function choice<const T extends readonly [string, ...string[]]>(words: T) {
    const list = new Intl.ListFormat("en", { type: "disjunction" }).format(words);
    return z.enum(words, { error: `it must be ${list}` });
}

/** A text that matches `form`. `what` describes the form, with an example. */
export function text(form: RegExp, what: string) {
    const error = `it must be ${what}`;
    return z.string({ error }).regex(form, { error });
}

/** A series or a version of a package. It must be in quotes, because YAML reads `28.10` as the number 28.1. */
export function version(series: string, full: string) {
    const form = `a series such as "${series}" or a version such as "${full}", in quotes`;
    return text(/^\d+(\.\d+){0,2}$/, form);
}

/** A range of IPv4 addresses, written from its first address. */
export function range(example: string) {
    const error = `it must be a range of addresses written from its first one, such as ${example}`;
    return z.string({ error }).refine((given) => parseRange(given) !== undefined, { error });
}

/** Labels of a node by their names. */
export function nodeLabels() {
    const value = 'it must be a text: put numbers, true and false in quotes, such as disk: "1"';
    return z
        .record(z.string(), z.string({ error: value }), {
            error: "it must be labels by their names, such as {disk: ssd}",
        })
        .superRefine((labels, { addIssue }) => {
            for (const name of Object.keys(labels))
                if (isOwnLabel(name))
                    addIssue({
                        code: "custom",
                        path: [name],
                        message: "it is a label that Skep itself gives",
                    });
                else if (!LABEL.test(name))
                    addIssue({
                        code: "custom",
                        path: [name],
                        message: `its name must match ${LABEL.source}`,
                    });
        });
}

/** Why items of the CIS Docker Benchmark may stay as they are, by their numbers. */
export function waivers() {
    const error =
        'it must be a reason by the number of an item, in quotes, such as {"2.14": "our images use sudo"}';
    const known = `it must be the number of an item, in quotes: ${CIS_NUMBERS.join(", ")}`;
    return z
        .record(z.string(), z.string({ error }).min(1, { error }), { error })
        .superRefine((given, { addIssue }) => {
            for (const number of Object.keys(given))
                if (!CIS_NUMBERS.includes(number))
                    addIssue({ code: "custom", path: [number], message: known });
        });
}

/** A URL of http or https. */
export function url(example: string) {
    return z.url({ error: `it must be a URL such as ${example}`, protocol: /^https?$/ });
}

/** A list with a bounded number of entries. `what` names the entries. */
export function list<T extends z.ZodType>(entry: T, what: string, { min = 0, max = 1000 } = {}) {
    const error = `it must be a list of ${what}`;
    return z.array(entry, { error }).min(min, { error }).max(max, { error });
}

/** Settings that belong together, below one key. */
export function group<T extends z.ZodRawShape>(shape: T) {
    const keys = Object.keys(shape).join(", ");
    return z.strictObject(shape, { error: `it must be a group of settings, below it and indented: ${keys}` });
}

const SECRET = /key|secret|password|token/i;

/** How a sentence names a refused value. It never shows a value that may be secret. */
export function shown(path: string, value: unknown): string {
    if (SECRET.test(path)) return "cannot be as it is:";
    if (value === undefined) return "is missing, and";
    if (value === null) return "has no value, and";
    if (Array.isArray(value)) return value.length === 0 ? "is an empty list, and" : "is a list, and";
    if (typeof value === "object") return "is a group of settings, and";
    // A URL may have a password.
    if (typeof value === "string" && /:\/\/.*@/.test(value)) return "cannot be as it is:";
    const json = JSON.stringify(value);
    return `is ${json.length > 60 ? `${json.slice(0, 57)}…` : json}, and`;
}

type Wrapper = z.ZodOptional | z.ZodDefault | z.ZodPrefault;

function bare(schema: z.ZodType): z.ZodType {
    const isWrapper =
        schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
    return isWrapper ? bare((schema as Wrapper).unwrap() as z.ZodType) : schema;
}

/** The keys that a schema knows below a path. */
export function keysBelow(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
    const at = bare(schema);
    const [key, ...rest] = path;
    if (key === undefined) return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
    const below: unknown =
        at instanceof z.ZodObject
            ? (at.shape as Record<PropertyKey, unknown>)[key]
            : at instanceof z.ZodRecord
              ? at.valueType
              : undefined;
    return below instanceof z.ZodType ? keysBelow(below, rest) : [];
}
