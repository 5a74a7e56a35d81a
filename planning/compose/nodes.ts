// Reading and changing parts of a compose file's document. Aliases and merge keys were replaced before (document.ts).
import { isMap, isScalar, isSeq, type LineCounter, type Node, Pair, type Scalar, YAMLMap } from "yaml";
import { plain, read, setText, textOf } from "./scalars";
import type { Note, Plain } from "./types";

/** Collects what there is to say about a file. */
export class Notes {
    readonly problems: Note[] = [];
    readonly warnings: Note[] = [];
    private readonly unfilled = new Set<unknown>();

    constructor(
        private readonly path: string,
        private readonly lines: LineCounter,
    ) {}

    /** Something that makes the file impossible to deploy. */
    problem(at: Node | number | undefined, text: string): void {
        if (!this.unfilled.has(at)) this.add(this.problems, at, text);
    }

    /** A variable that could not be filled in. What else is wrong with the scalar comes of that only. */
    unfillable(node: Node, text: string): void {
        this.add(this.problems, node, text);
        this.unfilled.add(node);
    }

    /** Something that the swarm will not do. */
    warn(at: Node | number | undefined, text: string): void {
        this.add(this.warnings, at, text);
    }

    /** Aliases and merges bring the same lines to several places; each is told once. */
    private add(list: Note[], at: Node | number | undefined, text: string): void {
        const offset = typeof at === "number" ? at : at?.range?.[0];
        const line = offset === undefined ? 1 : Math.max(1, this.lines.linePos(offset).line);
        if (!list.some((note) => note.line === line && note.text === text))
            list.push({ line, path: this.path, text });
    }

    /** Both lists in the order of the file. */
    sorted(): { warnings: Note[]; problems: Note[] } {
        const order = (list: Note[]) => [...list].sort((a, b) => a.line - b.line);
        return { warnings: order(this.warnings), problems: order(this.problems) };
    }
}

/** One key of a map. */
export interface Entry {
    name: string;
    key: Scalar;
    value: Node;
}

/** The keys of a map with their values; none if the node is no map. */
export function entries(node: Node | undefined): Entry[] {
    if (!isMap(node)) return [];
    return node.items.flatMap(({ key, value }) =>
        isScalar(key) ? [{ name: textOf(key), key, value: (value as Node | null) ?? plain("") }] : [],
    );
}

/** The items of a list; none if the node is no list. */
export function items(node: Node | undefined): Node[] {
    return isSeq(node) ? (node.items as Node[]) : [];
}

/** What stands at a path of keys. */
export function at(node: Node | undefined, ...path: readonly string[]): Node | undefined {
    return path.reduce<Node | undefined>(
        (parent, name) => entries(parent).find((entry) => entry.name === name)?.value,
        node,
    );
}

/** The text at a path of keys; undefined if there is no scalar, or null. */
export function textAt(node: Node | undefined, ...path: readonly string[]): string | undefined {
    const found = at(node, ...path);
    if (!isScalar(found)) return undefined;
    const { kind, text } = read(found);
    return kind === "null" ? undefined : text;
}

/** The whole number at a path of keys, if there is one. */
export function numberAt(node: Node | undefined, ...path: readonly string[]): number | undefined {
    const found = at(node, ...path);
    if (!isScalar(found)) return undefined;
    const { kind, text } = read(found);
    return kind === "integer" ? Number(text) : undefined;
}

/** Whether the node is absent or null. */
export function isNothing(node: Node | undefined): boolean {
    return node === undefined || (isScalar(node) && read(node).kind === "null");
}

/** Whether a network, a volume, a secret or a config exists already, made by somebody else. */
export function isExternal(definition: Node | undefined): boolean {
    const external = at(definition, "external");
    return isMap(external) || (isScalar(external) && read(external).text === "true");
}

/** Sets a key of a map; a key that is there keeps its place. */
export function set(map: YAMLMap, name: string, value: Node): void {
    const pair = map.items.find(({ key }) => isScalar(key) && textOf(key) === name);
    if (pair) pair.value = value;
    else map.items.push(new Pair(plain(name), value));
}

/** Takes a key out of a map. */
export function remove(map: YAMLMap, name: string): void {
    const index = map.items.findIndex(({ key }) => isScalar(key) && textOf(key) === name);
    if (index >= 0) map.items.splice(index, 1);
}

/** The map at a key of another map; it is made if there is none or null. */
export function mapAt(parent: YAMLMap, name: string): YAMLMap | undefined {
    const found = at(parent, name);
    if (isMap(found)) return found;
    if (!isNothing(found)) return undefined;
    const made = new YAMLMap();
    made.flow = parent.flow;
    set(parent, name, made);
    return made;
}

/** A map on one line. */
export function flowMap(values: Readonly<Record<string, Scalar>>): YAMLMap {
    const map = new YAMLMap();
    map.flow = true;
    for (const [name, value] of Object.entries(values)) map.items.push(new Pair(plain(name), value));
    return map;
}

/** The lists of `KEY=value` and the maps that compose takes alike. A key without a value is null. */
export function pairs(node: Node | undefined): { name: string; value: string | null; node: Node }[] {
    if (isMap(node))
        return entries(node).map(({ name, key, value }) => ({
            name,
            value: isScalar(value) && !isNothing(value) ? read(value).text : null,
            node: key,
        }));
    return items(node)
        .filter((item) => isScalar(item))
        .map((item) => {
            const [name = "", ...rest] = textOf(item).split("=");
            return { name, value: rest.length > 0 ? rest.join("=") : null, node: item };
        });
}

/** A string for a field that takes one string or a list of them. */
export function strings(node: Node | undefined): { text: string; node: Node }[] {
    const list = isScalar(node) ? [node] : items(node);
    return list.filter((item) => isScalar(item)).map((item) => ({ text: textOf(item), node: item }));
}

/** The node as plain data, as Docker reads it. Dollar signs are single. */
export function toPlain(node: Node): Plain {
    if (isMap(node))
        return Object.fromEntries(entries(node).map(({ name, value }) => [name, toPlain(value)]));
    if (isSeq(node)) return items(node).map(toPlain);
    if (!isScalar(node)) return null;
    const { kind, text } = read(node);
    if (kind === "null") return null;
    if (kind === "boolean") return text === "true";
    if (kind === "float" || (kind === "integer" && Number.isSafeInteger(Number(text)))) return Number(text);
    return undollar(text);
}

/** Docker fills in variables once more on the host: a dollar sign that is meant has to be written twice. */
export function dollar(text: string): string {
    return text.replaceAll("$", "$$$$");
}

/** The text that Docker makes of one that `dollar` wrote. */
export function undollar(text: string): string {
    return text.replaceAll("$$", "$");
}

/** Gives a scalar a text whose dollar signs are meant. */
export function setMeant(node: Scalar, text: string): void {
    setText(node, dollar(text));
}
