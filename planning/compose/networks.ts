// Encryption of a stack's networks (CIS 7.3).
import { isMap, type Node, type YAMLMap } from "yaml";
import { at, entries, flowMap, isExternal, isNothing, mapAt, set, strings, textAt } from "./nodes";
import { quoted } from "./scalars";

/** The network of services that name none. */
export const DEFAULT_NETWORK = "default";

/**
 * Encrypts every overlay network that the stack makes, the one that Docker adds for services without networks with it. A
 * network for which the file says something about encryption itself stays as it says.
 */
export function encryptNetworks(root: YAMLMap): void {
    const needsDefault = entries(at(root, "services")).some(({ value }) =>
        networksOf(value).some(({ name }) => name === DEFAULT_NETWORK),
    );
    const networks = needsDefault || at(root, "networks") ? mapAt(root, "networks") : undefined;
    if (!networks) return;
    if (needsDefault && !at(networks, DEFAULT_NETWORK)) set(networks, DEFAULT_NETWORK, flowMap({}));
    for (const { name, value } of entries(networks)) {
        const definition = isNothing(value) ? flowMap({}) : value;
        if (!isMap(definition) || isExternal(definition)) continue;
        if ((textAt(definition, "driver") ?? "overlay") !== "overlay") continue;
        const options = mapAt(definition, "driver_opts");
        if (options && !at(options, "encrypted")) set(options, "encrypted", quoted("true"));
        if (definition !== value) set(networks, name, definition);
    }
}

/** The networks of a service, with the node that names each. */
export function networksOf(service: Node): { name: string; node: Node }[] {
    const networks = at(service, "networks");
    const named = isMap(networks)
        ? entries(networks).map(({ name, key }) => ({ name, node: key as Node }))
        : strings(networks).map(({ text, node }) => ({ name: text, node }));
    return named.length > 0 ? named : [{ name: DEFAULT_NETWORK, node: service }];
}
