// Fills in the variables of a compose file, scalar by scalar. Keys are left alone, as Docker does.
import { isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import { dollar, entries, items, type Notes } from "./nodes";
import { setPlain, setText, textOf } from "./scalars";
import { fillIn } from "./variables";

type Cast = "integer" | "float" | "boolean";

/** Fields that take a number or a boolean out of a variable (docker/cli, the loader's type casts). `*` is any key. */
const CASTS: readonly (readonly [string, Cast])[] = [
    ["services.*.configs.[].mode", "integer"],
    ["services.*.secrets.[].mode", "integer"],
    ["services.*.healthcheck.retries", "integer"],
    ["services.*.healthcheck.disable", "boolean"],
    ["services.*.deploy.replicas", "integer"],
    ["services.*.deploy.update_config.parallelism", "integer"],
    ["services.*.deploy.update_config.max_failure_ratio", "float"],
    ["services.*.deploy.rollback_config.parallelism", "integer"],
    ["services.*.deploy.rollback_config.max_failure_ratio", "float"],
    ["services.*.deploy.restart_policy.max_attempts", "integer"],
    ["services.*.deploy.placement.max_replicas_per_node", "integer"],
    ["services.*.ports.[].target", "integer"],
    ["services.*.ports.[].published", "integer"],
    ["services.*.ulimits.*", "integer"],
    ["services.*.ulimits.*.hard", "integer"],
    ["services.*.ulimits.*.soft", "integer"],
    ["services.*.privileged", "boolean"],
    ["services.*.read_only", "boolean"],
    ["services.*.stdin_open", "boolean"],
    ["services.*.tty", "boolean"],
    ["services.*.volumes.[].read_only", "boolean"],
    ["services.*.volumes.[].volume.nocopy", "boolean"],
    ["networks.*.external", "boolean"],
    ["networks.*.internal", "boolean"],
    ["networks.*.attachable", "boolean"],
    ["volumes.*.external", "boolean"],
    ["secrets.*.external", "boolean"],
    ["configs.*.external", "boolean"],
];
const PATTERNS = CASTS.map(([path, cast]) => [path.split("."), cast] as const);

/** Fills in the variables of everything under a node. */
export function interpolate(
    node: Node,
    variables: Readonly<Record<string, string>>,
    notes: Notes,
    path: readonly string[] = [],
): void {
    if (isMap(node))
        for (const { name, value } of entries(node)) interpolate(value, variables, notes, [...path, name]);
    if (isSeq(node)) for (const item of items(node)) interpolate(item, variables, notes, [...path, "[]"]);
    if (isScalar(node) && textOf(node).includes("$")) fill(node, variables, notes, path);
}

function fill(
    node: Scalar,
    variables: Readonly<Record<string, string>>,
    notes: Notes,
    path: readonly string[],
): void {
    const source = textOf(node);
    const { text, unset, faults } = fillIn(source, variables);
    for (const fault of faults) notes.unfillable(node, fault);
    for (const name of unset) notes.warn(node, `the variable ${name} is not set, and empty here`);
    if (faults.length > 0) return;
    const cast = PATTERNS.find(([pattern]) => matches(pattern, path))?.[1];
    if (cast === undefined) {
        const written = dollar(text);
        if (written !== source) setText(node, written);
        return;
    }
    const value = castTo(cast, text);
    if (value === undefined)
        notes.unfillable(node, `${where(path)} must be ${CAST_NAMES[cast]}, and is "${text}"`);
    else setPlain(node, value);
}

const CAST_NAMES = { integer: "a whole number", float: "a number", boolean: "true or false" } as const;

function castTo(cast: Cast, text: string): string | undefined {
    if (cast === "boolean") {
        const lower = text.toLowerCase();
        if (["y", "yes", "true", "on"].includes(lower)) return "true";
        return ["n", "no", "false", "off"].includes(lower) ? "false" : undefined;
    }
    // Docker takes decimal numbers here, so that 0400 out of a variable is four hundred.
    if (cast === "integer")
        return /^[-+]?[0-9]+$/.test(text) ? String(BigInt(text.replace(/^\+/, ""))) : undefined;
    const value = Number(text);
    return text.trim() !== "" && Number.isFinite(value) ? String(value) : undefined;
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
    return (
        pattern.length === path.length && pattern.every((part, index) => part === "*" || part === path[index])
    );
}

/** A path as Docker's messages have it. */
export function where(path: readonly string[]): string {
    return path.join(".").replaceAll(".[]", "[]");
}
