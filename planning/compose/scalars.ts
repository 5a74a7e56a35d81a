// What Docker's command line reads in a YAML scalar. Its parser is Go's: YAML 1.2 with octal numbers and digit groups of 1.1.
import { Scalar } from "yaml";

/** A scalar as Docker's command line reads it. `text` is what Docker makes of it where a field takes numbers as text. */
export interface Reading {
    kind: "null" | "boolean" | "integer" | "float" | "time" | "text" | "old boolean";
    text: string;
}

const NULLS = ["", "~", "null", "Null", "NULL"];
const TRUE = ["true", "True", "TRUE"];
const FALSE = ["false", "False", "FALSE"];
const OLD = /^(y|yes|on|n|no|off)$/i;
const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const SPECIAL = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const TIME = /^\d{4}-\d{1,2}-\d{1,2}(([Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}.*)?$/;
const LONGEST = 2n ** 64n - 1n;

/** Reads a scalar. Quoted ones and blocks are always text. */
export function read(node: Scalar): Reading {
    const source = textOf(node);
    if (!isPlain(node) || node.tag === "tag:yaml.org,2002:str") return { kind: "text", text: source };
    if (NULLS.includes(source)) return { kind: "null", text: "" };
    if (TRUE.includes(source)) return { kind: "boolean", text: "true" };
    if (FALSE.includes(source)) return { kind: "boolean", text: "false" };
    if (OLD.test(source)) return { kind: "old boolean", text: source };
    if (TIME.test(source)) return { kind: "time", text: source };
    return readNumber(source) ?? { kind: "text", text: source };
}

function readNumber(source: string): Reading | undefined {
    const digits = source.replaceAll("_", "");
    if (INTEGER.test(digits)) {
        const value = integer(digits);
        if (value <= LONGEST && value >= -(2n ** 63n)) return { kind: "integer", text: String(value) };
        return { kind: "float", text: goFloat(Number(value)) };
    }
    if (SPECIAL.test(source)) return { kind: "float", text: source };
    if (!FLOAT.test(digits)) return undefined;
    const value = Number(digits);
    // A number that is out of a float's range stays text, such as a commit's 61e9540.
    return Number.isFinite(value) ? { kind: "float", text: goFloat(value) } : undefined;
}

function integer(digits: string): bigint {
    const sign = digits.startsWith("-") ? -1n : 1n;
    const rest = digits.replace(/^[-+]/, "");
    return sign * BigInt(/^0[0-7]+$/.test(rest) ? `0o${rest.slice(1)}` : rest);
}

/** As Go prints a float: with an exponent of two digits from 1e21 up and below 1e-4. */
function goFloat(value: number): string {
    const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
    if (exponent >= -4 && exponent < 21) return String(value);
    return value.toExponential().replace(/e([-+])(\d)$/, "e$10$2");
}

/** The text of a scalar; the parser reads all of them as text. */
export function textOf(node: Scalar): string {
    return node.value === null || node.value === undefined ? "" : String(node.value);
}

function isPlain(node: Scalar): boolean {
    return node.type === undefined || node.type === Scalar.PLAIN;
}

/** A scalar that is written as it is, such as a number. */
export function plain(value: string | number | boolean): Scalar {
    const node = new Scalar(String(value));
    node.type = Scalar.PLAIN;
    return node;
}

/** A scalar that every version of Docker reads as this text. */
export function quoted(value: string): Scalar {
    const node = new Scalar<unknown>(value);
    setText(node, value);
    return node;
}

/**
 * Gives a scalar another text. A plain one gets quotes where it could be read as something else, or as a part of YAML; any
 * other one where it has characters that have to be escaped.
 */
export function setText(node: Scalar, value: string): void {
    node.value = value;
    if (isPlain(node)) {
        const harmless = /^[A-Za-z/][\w./@-]*(:[\w./@-]+)*$/.test(value);
        node.type = Scalar.PLAIN;
        if (!harmless || read(node).kind !== "text") node.type = Scalar.QUOTE_DOUBLE;
    } else if (!PRINTABLE.test(value) || (isBlock(node) && !standsInBlock(value)))
        node.type = Scalar.QUOTE_DOUBLE;
}

function isBlock({ type }: Scalar): boolean {
    return type === Scalar.BLOCK_LITERAL || type === Scalar.BLOCK_FOLDED;
}

/** A block's indentation is what its first line has, and spaces at an end of a line are easily lost. */
function standsInBlock(value: string): boolean {
    return /^\S/.test(value) && !/[ \t](\n|$)/.test(value);
}

/** Text that can stand in quotes and blocks of all kinds. */
const PRINTABLE = /^[\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Gives a scalar a value that is written without quotes. */
export function setPlain(node: Scalar, value: string): void {
    node.value = value;
    node.type = Scalar.PLAIN;
}
