// What changed in a resource, and what that means: nothing, an update, or a replacement. No I/O.
import { keepIgnored } from "./ignore";
import type { Props, Resource } from "./types";
import { same } from "./wire";

/** Everything that a comparison needs, as plain values. */
export interface Comparison {
    oldInputs: Props;
    newInputs: Props;
    /** The resource's outputs in the state. `differs` and `drift` compare the new inputs with them. */
    state: Props;
    ignoreChanges: readonly string[];
}

export interface Change {
    key: string;
    kind: "add" | "delete" | "update";
    replaces: boolean;
    /** The entries of the input that differ, where the resource names them. */
    entries?: readonly { name: string; kind: Change["kind"] }[];
    /** False for drift: no input changed, but the real thing did. */
    inputDiff: boolean;
}

export interface Difference {
    changes: Change[];
    deleteBeforeReplace: boolean;
}

/** The part of a resource that decides what a change means. */
export type DiffRules = Pick<
    Resource,
    "replaceOn" | "ignoreInDiff" | "deleteBeforeReplace" | "entries" | "differs" | "drift"
> & {
    update?: unknown;
    /** Inputs that replace the resource in this very change. Default none. */
    replaces?: readonly string[];
};

/**
 * Compares the new inputs with the old ones or the state. A change anywhere inside a property is a change of the
 * property.
 */
export function diffResource(rules: DiffRules, comparison: Comparison): Difference {
    const { oldInputs, state, ignoreChanges } = comparison;
    const newInputs = keepIgnored(oldInputs, comparison.newInputs, ignoreChanges);
    const changed = rules.differs
        ? rules.differs(state, newInputs).filter((key) => !ignoreChanges.includes(key))
        : changedKeys(oldInputs, newInputs).filter((key) => !rules.ignoreInDiff?.includes(key));
    const replacing = (rules.replaces ?? []).filter((key) => !changed.includes(key));
    const drifted = (rules.drift?.(state, newInputs) ?? []).filter(
        (key) => !changed.includes(key) && !ignoreChanges.includes(key),
    );
    const changes = [
        ...[...changed, ...replacing].map((key) => ({
            ...change(rules, key, kindOf(key, oldInputs, newInputs), true),
            entries: entriesThatDiffer(rules, key, oldInputs, newInputs),
        })),
        ...drifted.map((key) => change(rules, key, "update", false)),
    ];
    return { changes, deleteBeforeReplace: rules.deleteBeforeReplace ?? false };
}

/** Names of the properties that differ. Leaves out names that begin with `__`, which are Pulumi's own bookkeeping. */
export function changedKeys(olds: Props, news: Props): string[] {
    const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
    return [...keys].filter((key) => !key.startsWith("__") && !same(olds[key], news[key]));
}

function kindOf(key: string, olds: Props, news: Props): Change["kind"] {
    if (isAbsent(olds[key])) return "add";
    return isAbsent(news[key]) ? "delete" : "update";
}

function entriesThatDiffer({ entries }: DiffRules, key: string, olds: Props, news: Props) {
    const split = entries?.[key];
    if (!split || isAbsent(olds[key]) || isAbsent(news[key])) return [];
    const [before, after] = [split(olds[key]), split(news[key])];
    return changedKeys(before, after).map((name) => ({ name, kind: kindOf(name, before, after) }));
}

function isAbsent(value: unknown): boolean {
    return value === undefined || value === null;
}

function change(rules: DiffRules, key: string, kind: Change["kind"], inputDiff: boolean): Change {
    return { key, kind, replaces: replaces(rules, key), inputDiff };
}

function replaces({ replaceOn, replaces: now, update }: DiffRules, key: string): boolean {
    if (!update || replaceOn === "*") return true;
    return [...(replaceOn ?? []), ...(now ?? [])].includes(key);
}
