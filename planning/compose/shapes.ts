// What a value of a compose file may look like, and the check that it does.
import { isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import { entries, items, type Notes, toPlain } from "./nodes";
import { type Reading, read, setPlain, textOf } from "./scalars";
import { where } from "./interpolate";

/** What a value may be: each kind that is there is allowed. */
export interface Shape {
    readonly scalars?: readonly ("text" | "integer" | "number" | "boolean" | "null")[];
    /** Text that is a span of time, such as 1m30s. */
    readonly duration?: boolean;
    readonly choices?: readonly string[];
    /** Why a text is refused that the schema takes. */
    readonly fault?: (text: string) => string | undefined;
    readonly list?: Shape;
    readonly unique?: boolean;
    /** A map with these keys. */
    readonly keys?: Readonly<Record<string, Shape>>;
    /** A map with any keys, and these values. */
    readonly dict?: Shape;
    readonly keyPattern?: RegExp;
    readonly required?: readonly string[];
    /** Whether keys that nobody knows are allowed: `x-` only, or all. */
    readonly more?: "x-" | "all";
    readonly anything?: boolean;
    /** The minor number of compose's version 3 that brought it. */
    readonly since?: number;
}

export const text: Shape = { scalars: ["text"] };
export const integer: Shape = { scalars: ["integer"] };
export const number: Shape = { scalars: ["number"] };
export const boolean: Shape = { scalars: ["boolean"] };
export const anything: Shape = { anything: true };
export const duration: Shape = { scalars: ["text"], duration: true };
export const choice = (...choices: readonly string[]): Shape => ({ scalars: ["text"], choices });
export const list = (of: Shape): Shape => ({ list: of });
export const uniqueList = (of: Shape): Shape => ({ list: of, unique: true });
export const dict = (of: Shape, keyPattern?: RegExp): Shape => ({ dict: of, keyPattern });
export const keys = (known: Readonly<Record<string, Shape>>, more?: Partial<Shape>): Shape => ({
    keys: known,
    ...more,
});
/** One of several kinds: a scalar, a list or a map. */
export const either = (...shapes: readonly Shape[]): Shape =>
    Object.assign({}, ...shapes, { scalars: shapes.flatMap(({ scalars }) => scalars ?? []) }) as Shape;
/** A text that the schema takes and Docker refuses later if it has another form. */
export const formed = (pattern: RegExp, fault: string): Shape => ({
    scalars: ["text"],
    fault: (value) => (pattern.test(value) ? undefined : fault),
});
export const since = (minor: number, shape: Shape): Shape => ({ ...shape, since: minor });

const DURATION = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const KINDS = {
    text: "a text",
    integer: "a whole number",
    number: "a number",
    boolean: "true or false",
    null: "empty",
};

/** Checks a value against its shape, and notes every problem. */
export class ShapeCheck {
    constructor(
        private readonly notes: Notes,
        /** The minor number of the file's version: 9 for "3.9". */
        private readonly minor: number,
        /** Why a key is refused, where there is more to say than that Docker does not know it. */
        private readonly reasons: Readonly<Record<string, string>>,
    ) {}

    check(node: Node, shape: Shape, path: readonly string[]): void {
        if (shape.anything) return;
        if (isMap(node) && (shape.keys || shape.dict)) this.map(node, shape, path);
        else if (isSeq(node) && shape.list) this.list(node, shape, shape.list, path);
        else if (isScalar(node) && (shape.scalars?.length ?? 0) > 0) this.scalar(node, shape, path);
        else this.notes.problem(node, `${where(path)} must be ${kinds(shape)}`);
    }

    private map(node: Node, shape: Shape, path: readonly string[]): void {
        for (const { name, key, value } of entries(node)) {
            const inner = [...path, name];
            const known = shape.keys && Object.hasOwn(shape.keys, name) ? shape.keys[name] : undefined;
            const of = known ?? shape.dict;
            const { kind } = read(key);
            if (kind === "old boolean") key.type = "QUOTE_DOUBLE";
            else if (kind !== "text")
                this.notes.problem(key, `the key ${textOf(key)} in ${where(path)} must be in quotes`);
            if (!of) {
                if (shape.more === "all" || (shape.more === "x-" && name.startsWith("x-"))) continue;
                const reason = this.reasons[name] ?? "Docker knows no such key here";
                this.notes.problem(key, `${where(inner)}: ${reason}`);
            } else if (shape.keyPattern && !known && !shape.keyPattern.test(name))
                this.notes.problem(key, `${where(inner)}: the name has characters that it cannot have`);
            else if (of.since && of.since > this.minor)
                this.notes.problem(
                    key,
                    `${where(inner)} needs version "3.${of.since}" or newer, or a file without a version`,
                );
            else this.check(value, of, inner);
        }
        for (const name of shape.required ?? [])
            if (!entries(node).some((entry) => entry.name === name))
                this.notes.problem(node, `${where(path)} needs ${name}`);
    }

    private list(node: Node, shape: Shape, of: Shape, path: readonly string[]): void {
        const seen = new Set<string>();
        for (const item of items(node)) {
            this.check(item, of, [...path, "[]"]);
            const form = JSON.stringify(toPlain(item));
            if (shape.unique && seen.has(form))
                this.notes.problem(item, `${where(path)} has the same entry twice`);
            seen.add(form);
        }
    }

    private scalar(node: Scalar, shape: Shape, path: readonly string[]): void {
        const reading = read(node);
        const allowed = shape.scalars ?? [];
        if (reading.kind === "old boolean") this.oldBoolean(node, reading, allowed);
        const { kind, text: value } = read(node);
        if (!fits(kind, allowed)) {
            const quotes = allowed.includes("text") && kind !== "null" ? "; quotes make it a text" : "";
            this.notes.problem(node, `${where(path)} must be ${kinds(shape)}${quotes}`);
            return;
        }
        if (kind !== "text") this.asWritten(node, kind, value, allowed);
        if (kind !== "text") return;
        if (shape.duration && !DURATION.test(value))
            this.notes.problem(node, `${where(path)} must be a span of time, such as 1m30s`);
        if (shape.choices && !shape.choices.includes(value))
            this.notes.problem(node, `${where(path)} must be one of ${shape.choices.join(", ")}`);
        const fault = shape.fault?.(value);
        if (fault !== undefined) this.notes.problem(node, `${where(path)}: ${fault}`);
    }

    /**
     * `yes` is a boolean for Docker up to 26, and a text from 27 on. So that all hosts read the same, it becomes what the
     * field takes.
     */
    private oldBoolean(node: Scalar, { text: value }: Reading, allowed: readonly string[]): void {
        if (allowed.includes("boolean")) setPlain(node, String(/^(y|yes|on)$/i.test(value)));
        else if (allowed.includes("text")) node.type = "QUOTE_DOUBLE";
    }

    /** Where a field takes text and numbers alike, a number comes out as Go prints it: 1.10 is "1.1". */
    private asWritten(node: Scalar, kind: Reading["kind"], value: string, allowed: Shape["scalars"]): void {
        const written = textOf(node);
        if (kind === "time") this.notes.warn(node, `${written} is a date to Docker; quotes keep it as it is`);
        if (kind !== "integer" && kind !== "float") return;
        if (allowed?.includes("text") && allowed.includes("null") && value !== written)
            this.notes.warn(node, `${written} is the number ${value} to Docker; quotes keep it as it is`);
    }
}

function fits(kind: Reading["kind"], allowed: readonly string[]): boolean {
    if (kind === "integer") return allowed.includes("integer") || allowed.includes("number");
    if (kind === "float") return allowed.includes("number");
    // Docker takes a date for a text, and writes it in its own way.
    if (kind === "time") return allowed.includes("text");
    return allowed.includes(kind);
}

function kinds({ scalars = [], list: of, keys: known, dict: values }: Shape): string {
    const names = [...new Set(scalars)].map((kind) => KINDS[kind]);
    if (of) names.push("a list");
    if (known || values) names.push("a map");
    return names.join(", ").replace(/, ([^,]*)$/, " or $1");
}
