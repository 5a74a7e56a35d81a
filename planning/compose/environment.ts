// A service's environment as Docker puts it together: files first, then what the service says itself.
import { isMap, isScalar, isSeq, type Node, type YAMLMap, YAMLSeq } from "yaml";
import {
    at,
    dollar,
    entries,
    flowMap,
    isNothing,
    items,
    type Notes,
    pairs,
    remove,
    set,
    setMeant,
    strings,
    undollar,
} from "./nodes";
import { quoted, textOf } from "./scalars";

/** A variable of an environment file. */
export interface EnvEntry {
    name: string;
    /** Undefined: the line has a name only. */
    value?: string;
}

/** Reads an environment file by Docker's rules: a value is all that follows the `=`, quotes and spaces with it. */
export function readEnvFile(text: string): { entries: EnvEntry[]; faults: string[] } {
    const found: EnvEntry[] = [];
    const faults: string[] = [];
    for (const [index, raw] of text
        .replace(/^\uFEFF/, "")
        .split("\n")
        .entries()) {
        const line = raw.replace(/\r$/, "").trimStart();
        if (line === "" || line.startsWith("#")) continue;
        const [, name = "", value] = /^([^=]*)(?:=([^]*))?$/.exec(line) ?? [];
        if (name === "") faults.push(`line ${index + 1} has no name`);
        else if (/[ \t]/.test(name)) faults.push(`the name in line ${index + 1} has spaces`);
        else found.push({ name, value });
    }
    return { entries: found, faults };
}

/** What there is to read and to look up. */
export interface Surroundings {
    variables: Readonly<Record<string, string>>;
    files: (path: string) => string | undefined;
}

/** Puts `env_file` into `environment`, and the values of variables where a name stands alone or has an empty value. */
export function completeEnvironment(
    name: string,
    service: YAMLMap,
    around: Surroundings,
    notes: Notes,
): void {
    const fromFiles = readFiles(name, service, around, notes);
    remove(service, "env_file");
    fillEmpty(name, at(service, "environment"), around.variables, notes);
    const own = new Set(pairs(at(service, "environment")).map((pair) => pair.name));
    const added = [...fromFiles].filter(([key]) => !own.has(key));
    if (added.length > 0) add(service, added);
}

function readFiles(name: string, service: YAMLMap, { files, variables }: Surroundings, notes: Notes) {
    const values = new Map<string, string>();
    for (const { text, node } of strings(at(service, "env_file"))) {
        const path = undollar(text);
        const content = files(path);
        if (content === undefined) {
            notes.problem(node, `services.${name}.env_file: there is no file ${path}`);
            continue;
        }
        const { entries: found, faults } = readEnvFile(content);
        for (const fault of faults) notes.problem(node, `services.${name}.env_file: ${path}: ${fault}`);
        for (const { name: key, value } of found) {
            const variable = lookUp(variables, key);
            // A name alone without a variable is nothing; Docker also prefers a variable to an empty value.
            const taken = value === undefined || value === "" ? (variable ?? value) : value;
            if (taken !== undefined) values.set(key, taken);
        }
    }
    return values;
}

function fillEmpty(
    name: string,
    environment: Node | undefined,
    variables: Readonly<Record<string, string>>,
    notes: Notes,
): void {
    const fill = (key: string, value: string | null, node: Node, write: (value: string) => void) => {
        if (value !== null && value !== "") return;
        const variable = lookUp(variables, key);
        if (variable !== undefined) write(variable);
        else if (value === null)
            notes.warn(
                node,
                `services.${name}.environment: ${key} has no value, and there is no such variable`,
            );
    };
    if (isMap(environment))
        for (const { name: key, key: node, value } of entries(environment)) {
            const text = isScalar(value) && !isNothing(value) ? textOf(value) : null;
            fill(key, text, node, (variable) => set(environment, key, quoted(dollar(variable))));
        }
    for (const item of items(environment)) {
        if (!isScalar(item)) continue;
        const [key = "", ...rest] = textOf(item).split("=");
        const value = rest.length > 0 ? rest.join("=") : null;
        fill(key, value, item, (variable) => setMeant(item, `${undollar(key)}=${variable}`));
    }
}

function add(service: YAMLMap, added: readonly (readonly [string, string])[]): void {
    const environment = at(service, "environment");
    if (isSeq(environment)) {
        const list = environment as YAMLSeq;
        for (const [key, value] of added) list.items.push(quoted(dollar(`${key}=${value}`)));
        return;
    }
    const values = added.map(([key, value]) => [key, quoted(dollar(value))] as const);
    if (isMap(environment)) for (const [key, value] of values) set(environment, key, value);
    else if (isNothing(environment)) {
        const made = flowMap({});
        made.flow = service.flow;
        for (const [key, value] of values) set(made, key, value);
        set(service, "environment", made);
    }
}

function lookUp(variables: Readonly<Record<string, string>>, name: string): string | undefined {
    return Object.hasOwn(variables, name) ? variables[name] : undefined;
}
