// Finds the inputs that the official provider would call changed: it compares the program with what was read back. Pure.
import { type Props, UNKNOWN } from "../../../providers/runtime/types";
import { hasUnknown, same } from "../../../providers/runtime/wire";

/** The official provider compares these without order. */
const UNORDERED = [
    "adds",
    "drops",
    "ipamConfigs",
    "labels",
    "mounts",
    "networksAdvanced",
    "ports",
    "securityOpts",
    "uploads",
    "volumes",
];
const DEFAULT_PROTOCOL = "tcp";

/**
 * Names of the inputs that differ from the state. An input that the program does not give is compared with its empty
 * value, unless the provider fills it in itself (`computed`).
 */
export function differing(inputs: readonly string[], computed: readonly string[]) {
    return (state: Props, wanted: Props): string[] =>
        inputs.filter((key) => {
            if (wanted[key] === undefined && computed.includes(key)) return false;
            return !same(normal(key, state[key]), normal(key, wanted[key]));
        });
}

/** One form for every spelling: no empty values and nulls, unordered lists sorted. */
function normal(key: string, value: unknown): unknown {
    if (value === UNKNOWN) return value;
    if (value === undefined || value === null || value === "" || value === false || value === 0)
        return undefined;
    if (Array.isArray(value)) {
        const items = value.map((item) => normal(`${key}[]`, item));
        if (items.length === 0) return undefined;
        return UNORDERED.includes(key) && !hasUnknown(items) ? items.sort(byText) : items;
    }
    if (typeof value !== "object") return value;
    const entries = Object.entries(value)
        .filter(([name, item]) => !(key === "ports[]" && name === "protocol" && item === DEFAULT_PROTOCOL))
        .map(([name, item]) => [name, normal(name, item)] as const)
        .filter(([, item]) => item !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function byText(a: unknown, b: unknown): number {
    const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
    return left < right ? -1 : left > right ? 1 : 0;
}
