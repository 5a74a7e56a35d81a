// What a service names and somebody has to define, names that the swarm takes, and files of hosts.
import { isMap, isScalar, type Node, type YAMLMap } from "yaml";
import { at, entries, isExternal, items, type Notes, textAt, undollar } from "./nodes";
import { DEFAULT_NETWORK, networksOf } from "./networks";
import { textOf } from "./scalars";

/** The longest name of a service or a network (moby/swarmkit#2918). */
const LONGEST_NAME = 63;
const NAME = /^[a-zA-Z0-9]([-_]*[A-Za-z0-9]+)*$/;
type Section = "secrets" | "configs" | "networks" | "volumes";

/** Notes what a service names and the file does not define. */
export function checkReferences(name: string, service: Node, root: YAMLMap, notes: Notes): void {
    const need = (section: Section, wanted: string, node: Node) => {
        if (!entries(at(root, section)).some((entry) => entry.name === wanted))
            notes.problem(node, `services.${name} names ${wanted}, which is not defined under ${section}`);
    };
    for (const kind of ["secrets", "configs"] as const)
        for (const item of items(at(service, kind))) {
            const wanted = isScalar(item) ? textOf(item) : textAt(item, "source");
            if (wanted === undefined)
                notes.problem(item, `services.${name}.${kind}: an entry needs a source`);
            else need(kind, wanted, item);
        }
    const credentials = at(service, "credential_spec", "config");
    if (isScalar(credentials)) need("configs", textOf(credentials), credentials);
    for (const { name: wanted, node } of networksOf(service))
        if (wanted !== DEFAULT_NETWORK) need("networks", wanted, node);
    for (const item of items(at(service, "volumes"))) checkVolume(name, item, need, notes);
}

interface Mount {
    type: string;
    source?: string;
}

function checkVolume(
    name: string,
    item: Node,
    need: (section: Section, wanted: string, node: Node) => void,
    notes: Notes,
): void {
    const { type, source } = isScalar(item) ? shortVolume(undollar(textOf(item))) : longVolume(item);
    if ((type === "volume" || type === "cluster") && source) need("volumes", source, item);
    if (type !== "bind") return;
    if (!source) notes.problem(item, `services.${name}.volumes: a bind mount needs a source`);
    else if (!/^(\/|[A-Za-z]:|\\\\)/.test(source))
        notes.problem(
            item,
            `services.${name}.volumes: ${source} is on the machine of whoever deploys, not on the hosts; take a volume, a config, or a path that begins with /`,
        );
}

function longVolume(item: Node): Mount {
    const source = textAt(item, "source");
    return { type: textAt(item, "type") ?? "", source: source && undollar(source) };
}

/** `SOURCE:TARGET[:OPTIONS]`, or a target alone. A letter before a colon is a drive. */
function shortVolume(spec: string): Mount {
    const parts = spec.split(/(?<!(?:^|:)[A-Za-z]):/);
    const source = parts.length > 1 ? parts[0] : undefined;
    if (source === undefined) return { type: "volume" };
    const path = /^[./~]|^\\\\|^[A-Za-z]:/.test(source);
    return { type: path ? "bind" : "volume", source };
}

/** Notes names that the swarm refuses: of services, and of the networks that the stack makes for them. */
export function checkNames(stack: string, root: YAMLMap, notes: Notes): void {
    for (const { name, key, value } of entries(at(root, "services"))) {
        checkName(`services.${name}`, `${stack}_${name}`, key, notes);
        for (const { name: network, node } of networksOf(value)) {
            const definition = at(root, "networks", network);
            if (isExternal(definition)) continue;
            const own = textAt(definition, "name");
            const place = isMap(definition) ? definition : node;
            checkName(`networks.${network}`, own ? undollar(own) : `${stack}_${network}`, place, notes);
        }
    }
}

function checkName(path: string, name: string, node: Node, notes: Notes): void {
    if (name.length > LONGEST_NAME)
        notes.problem(
            node,
            `${path}: the name ${name} has ${name.length} characters, and the swarm takes ${LONGEST_NAME}`,
        );
    // Docker's schema has told of all other characters.
    if (!NAME.test(name) && /^[\w.-]+$/.test(name))
        notes.problem(
            node,
            `${path}: the swarm does not take the name ${name}; letters, digits, - and _ are allowed`,
        );
}

/** Notes a volume of somebody else's that the file wants to describe. */
export function checkVolumes(root: YAMLMap, notes: Notes): void {
    for (const { name, value } of entries(at(root, "volumes"))) {
        if (!isExternal(value)) continue;
        for (const { name: key, key: node } of entries(value))
            if (["driver", "driver_opts", "labels"].includes(key))
                notes.problem(node, `volumes.${name} is external, so it can have no ${key}`);
    }
}
