// How property values travel: secrets and unknowns are marked on the wire, and plain in handlers. Pure functions over
// JSON values; only the two ends convert the protobuf Struct.
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { canonical } from "../../planning/canonical";
import { SECRET_MARK, SIGNATURE } from "../../planning/pulumi-marks";
import { UNKNOWN, type Props } from "./types";

/** The mark of an output: its value may not be known yet. */
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** What Pulumi sends for a value that is not known yet, by the type that it will have. */
const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_MARKS = new Set([
    UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

type Walkable = Record<string, unknown>;

function isObject(value: unknown): value is Walkable {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapEntries(value: Walkable, change: (item: unknown) => unknown): Props {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
}

/**
 * Converts a wire value to a plain one: unwraps secrets, and turns unknowns into UNKNOWN. Assets and archives keep their
 * marked objects.
 */
export function decode(value: unknown): unknown {
    if (typeof value === "string") return UNKNOWN_MARKS.has(value) ? UNKNOWN : value;
    if (Array.isArray(value)) return value.map(decode);
    if (!isObject(value)) return value;
    if (value[SIGNATURE] === SECRET_MARK) return decode(value.value);
    if (value[SIGNATURE] === OUTPUT) return "value" in value ? decode(value.value) : UNKNOWN;
    return mapEntries(value, decode);
}

/** Converts a whole bag of wire properties to plain ones. */
export function decodeProps(wire: Props): Props {
    return mapEntries(wire, decode);
}

/** Converts a plain value to a wire value, without marking anything as secret. Leaves out keys without a value. */
export function encode(value: unknown): unknown {
    if (value === UNKNOWN) return UNKNOWN_STRING;
    if (value === undefined) return null;
    if (Array.isArray(value)) return value.map(encode);
    if (!isObject(value)) return value;
    const present = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(present.map(([key, item]) => [key, encode(item)]));
}

/** Marks a wire value as secret. */
export function secret(wire: unknown): Props {
    return { [SIGNATURE]: SECRET_MARK, value: wire };
}

/** Whether a wire value is marked as secret as a whole. */
export function isSecret(wire: unknown): boolean {
    if (!isObject(wire)) return false;
    return wire[SIGNATURE] === SECRET_MARK || (wire[SIGNATURE] === OUTPUT && wire.secret === true);
}

/** Whether a wire value is or contains a secret. */
export function hasSecret(wire: unknown): boolean {
    if (Array.isArray(wire)) return wire.some(hasSecret);
    if (!isObject(wire)) return false;
    return isSecret(wire) || Object.values(wire).some(hasSecret);
}

/** Names of the properties that are or contain a secret. */
export function secretKeys(wire: Props): string[] {
    return Object.keys(wire).filter((key) => hasSecret(wire[key]));
}

/** Whether a plain value is or contains an unknown. */
export function hasUnknown(value: unknown): boolean {
    if (value === UNKNOWN) return true;
    if (Array.isArray(value)) return value.some(hasUnknown);
    return isObject(value) && Object.values(value).some(hasUnknown);
}

/**
 * Whether plain values are equal. The order of keys does not matter, nor whether a key is absent or undefined. An unknown
 * equals nothing.
 */
export function same(left: unknown, right: unknown): boolean {
    return !hasUnknown(left) && !hasUnknown(right) && canonical(left) === canonical(right);
}

/** What decides which outputs are secret. */
export interface Sealing {
    /** Keys that are always secret. */
    always: Iterable<string>;
    /** The wire values that the plain ones came from. What was secret there stays secret. */
    origin: Props;
}

/**
 * Converts plain outputs to wire values. A property that equals its origin travels exactly as it came, so that a secret
 * deep inside hides only itself. A changed property is secret as a whole if its origin contained a secret.
 */
export function seal(outs: Props, { always, origin }: Sealing): Props {
    const alwaysSecret = new Set(always);
    const sealed: Props = {};
    for (const [key, value] of Object.entries(outs)) {
        if (value === undefined) continue;
        const from = origin[key];
        const unchanged = from !== undefined && (same(decode(from), value) || value === decode(from));
        const hidden = alwaysSecret.has(key) || (hasSecret(from) && !unchanged);
        if (hidden && value !== null) sealed[key] = secret(encode(value));
        else sealed[key] = unchanged ? from : encode(value);
    }
    return sealed;
}

/** Drops properties without a value: the wire's null and an absent key mean the same. */
export function dropNulls(wire: Props): Props {
    return Object.fromEntries(
        Object.entries(wire).filter(([, value]) => value !== null && value !== undefined),
    );
}

/** Converts wire properties to a message of the protocol. */
export function toStruct(wire: Props): Struct {
    return Struct.fromJavaScript(wire as Record<string, JavaScriptValue>);
}

/** Converts a message of the protocol to wire properties; empty without a message. */
export function fromStruct(struct: Struct | undefined): Props {
    return struct ? (struct.toJavaScript() as Props) : {};
}

/** The texts inside secret wire values, which messages must hide. */
export function secretTexts(wire: unknown, inside = false): string[] {
    if (typeof wire === "string") return inside ? [wire] : [];
    if (Array.isArray(wire)) return wire.flatMap((item) => secretTexts(item, inside));
    if (!isObject(wire)) return [];
    if (wire[SIGNATURE] === SECRET_MARK) return secretTexts(wire.value, true);
    return Object.entries(wire).flatMap(([key, item]) =>
        key === SIGNATURE ? [] : secretTexts(item, inside),
    );
}
