// A provider's own configuration: how it arrives, and when a change of it replaces the provider.
import type { Props, Provider } from "./types";
import { changedKeys, type Change } from "./diff";
import { decode, decodeProps } from "./wire";

/** Pulumi sets these on every provider. They do not change what the provider does. */
const PULUMI_KEYS = ["version", "pluginDownloadURL"];

/**
 * Configuration as handlers see it. Nested values and booleans travel as JSON text. Numbers do too, but they look like
 * texts such as "26.10", so they stay text.
 */
export function readConfig(wire: Props): Props {
    const plain = decodeProps(wire);
    return Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, fromJson(value)]));
}

function fromJson(value: unknown): unknown {
    if (typeof value !== "string" || !/^\s*(\{|\[|true$|false$)/.test(value)) return value;
    try {
        return decode(JSON.parse(value));
    } catch {
        return value; // a text that only looks like JSON
    }
}

/** What changed in a provider's configuration, apart from Pulumi's own keys. */
export function diffConfig(provider: Provider, olds: Props, news: Props): Change[] {
    const keys = changedKeys(olds, news).filter((key) => !PULUMI_KEYS.includes(key));
    return keys.map((key) => ({
        key,
        kind: !(key in olds) ? "add" : !(key in news) ? "delete" : "update",
        replaces: provider.configReplaces?.includes(key) ?? false,
        inputDiff: true,
    }));
}
