// The steps of an operation, as Pulumi's events tell of them: each resource once, with what changes in it.

import type * as auto from "@pulumi/pulumi/automation";
import { type Entry, type Field, LATER, SECRET, wordsFor } from "../../planning/changes";
import { type Part, partOf, shortType, type Verb } from "../../planning/parts";
import { UNKNOWN } from "../../providers/runtime/types";
import { decode, isSecret } from "../../providers/runtime/wire";

/** A step that changes something. */
export interface Step {
    /** `+ create`, `~ update`, `± replace` or `- delete`. */
    verb: string;
    /** The resource's type, as in `swarm:Node`. */
    type: string;
    name: string;
    /** The name of the component that it belongs to; undefined at the top. */
    parent?: string;
    /** The part of the stack that it belongs to. */
    part?: Part;
    /** What changes, a phrase each. Secrets are never in it. */
    details?: string[];
}

const SIGNS: Readonly<Record<Verb, string>> = {
    make: "+ create",
    change: "~ update",
    replace: "± replace",
    remove: "- delete",
};
/** Pulumi tells of a replaced resource three times: that it is replaced, that one is made, and that one is removed. */
const OPERATIONS: Readonly<Record<string, Verb>> = {
    create: "make",
    update: "change",
    replace: "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    delete: "remove",
};

/** What a step does, as texts for people say it. */
export function verbOf({ verb }: Pick<Step, "verb">): Verb {
    const found = Object.entries(SIGNS).find(([, sign]) => sign === verb);
    return (found?.[0] ?? "change") as Verb;
}

/** The steps of one operation, in the order in which they began. */
export class Steps {
    private readonly byUrn = new Map<string, Step>();

    get all(): Step[] {
        return [...this.byUrn.values()];
    }

    /** Adds what an event tells of. Returns the step if it is new and changes something. */
    add(metadata: auto.StepEventMetadata): Step | undefined {
        const step = stepOf(metadata);
        if (!step) return undefined;
        const known = this.byUrn.get(metadata.urn);
        if (!known) {
            this.byUrn.set(metadata.urn, step);
            return step;
        }
        // Of the events of a replacement, not each has all details.
        if ((step.details?.length ?? 0) > (known.details?.length ?? 0)) known.details = step.details;
        return undefined;
    }
}

/** A changing step in words for the user; undefined for providers and the stack itself, which are Pulumi's own. */
function stepOf(metadata: auto.StepEventMetadata): Step | undefined {
    const { op, urn, old, new: wanted } = metadata;
    const does = OPERATIONS[op];
    const { types, name } = partsOfUrn(urn);
    if (does === undefined || types.length === 0 || types.at(-1)!.startsWith("pulumi:")) return undefined;
    const type = shortType(types.at(-1)!);
    const parent = partsOfUrn((wanted ?? old)?.parent ?? "");
    const part = partOf(types);
    const fields = does === "remove" ? [] : fieldsOf(metadata);
    const details = wordsFor({ verb: does, type, fields, state: plainBag(old?.outputs) });
    return {
        verb: SIGNS[does],
        type,
        name,
        ...(parent.types.length > 0 &&
            !parent.types.at(-1)!.startsWith("pulumi:") && { parent: parent.name }),
        ...(part && { part }),
        ...(details.length > 0 && { details }),
    };
}

/** The types in a URN, the outermost component first, and the name. No types for a text that is no URN. */
export function partsOfUrn(urn: string): { types: string[]; name: string } {
    const [, , types, ...name] = urn.split("::");
    return { types: types && name.length > 0 ? types.split("$") : [], name: name.join("::") };
}

/** Whether a type is a component's: nothing of its own is made or lost with one. */
export function isComponent(type: string): boolean {
    return type.startsWith("skep:");
}

/** The inputs that differ, without secrets. */
function fieldsOf({ old, new: wanted, diffs, detailedDiff: details }: auto.StepEventMetadata): Field[] {
    // Pulumi gives null where there is none.
    const detailedDiff = details ?? {};
    const paths = Object.keys(detailedDiff);
    const names = new Set([...(diffs ?? []), ...paths].map(rootOf));
    return [...names].map((name) => {
        const own = paths.filter((path) => rootOf(path) === name);
        const drifted = own.length > 0 && own.every((path) => detailedDiff[path]?.inputDiff === false);
        const before = (drifted ? old?.outputs : old?.inputs) ?? {};
        return {
            name,
            old: plain((before as Record<string, unknown>)[name]),
            new: plain((wanted?.inputs as Record<string, unknown> | undefined)?.[name]),
            entries: own.flatMap((path) =>
                entryIn(path, name).map((entry) => ({ name: entry, kind: kindOf(detailedDiff[path]!) })),
            ),
        };
    });
}

function kindOf({ diffKind }: auto.PropertyDiff): Entry["kind"] {
    if (diffKind.startsWith("add")) return "added";
    return diffKind.startsWith("delete") ? "removed" : "changed";
}

/** The first step of a path in a detailed diff, such as `ports` of `ports[0].external`. */
function rootOf(path: string): string {
    const [, quoted, name] = /^(?:\["((?:[^"\\]|\\.)*)"\]|([^.[]+))/.exec(path) ?? [];
    return unescaped(quoted) ?? name ?? path;
}

/** The name of an entry in a path such as `files["/etc/hosts"]`. Paths of other shapes name none. */
function entryIn(path: string, root: string): string[] {
    const [, name] = /^\["((?:[^"\\]|\\.)*)"\]$/.exec(path.slice(root.length)) ?? [];
    return name === undefined ? [] : [unescaped(name)!];
}

function unescaped(text: string | undefined): string | undefined {
    return text?.replace(/\\(.)/g, "$1");
}

/** A value of an event, with SECRET for each secret and LATER for each value that is not known yet. */
function plain(value: unknown): unknown {
    if (isSecret(value) || value === "[secret]") return SECRET;
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === "object" && value !== null) {
        const decoded = decode(value);
        return decoded === UNKNOWN ? LATER : plainBag(value);
    }
    return decode(value) === UNKNOWN ? LATER : value;
}

function plainBag(value: unknown): Record<string, unknown> {
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
