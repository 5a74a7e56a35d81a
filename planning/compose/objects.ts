// Secrets and configs of a compose file: Skep creates them under a name with a hash, and the file calls them external.
import { createHash } from "node:crypto";
import { isMap, type Node, type YAMLMap } from "yaml";
import type { Surroundings } from "./environment";
import {
    at,
    type Entry,
    entries,
    flowMap,
    isExternal,
    type Notes,
    pairs,
    set,
    textAt,
    undollar,
} from "./nodes";
import { plain, quoted } from "./scalars";
import type { Named } from "./types";

type Kind = "secrets" | "configs";

/** The longest name of a secret or a config that the swarm takes. */
const LONGEST_NAME = 64;
const HASH = 12;
/** In bytes; one of this size is refused too (swarmkit, MaxSecretSize and MaxConfigSize). */
const TOO_LARGE = { secrets: 500 * 1024, configs: 1000 * 1024 };
const NAME = /^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/;
const SOURCES = ["file", "environment", "content"] as const;
const ONE = { secrets: "a secret", configs: "a config" } as const;

/** What the secrets or configs of a file are made of. */
export interface ObjectInputs extends Surroundings {
    stack: string;
    /** Values that Skep gives, by the name that the compose file uses. */
    given: Readonly<Record<string, string>>;
}

/** Makes the secrets or configs of a file external, and returns those to create by their name in the swarm. */
export function nameObjects(
    root: YAMLMap,
    kind: Kind,
    inputs: ObjectInputs,
    notes: Notes,
): Record<string, Named> {
    const section = at(root, kind);
    const made: Record<string, Named> = {};
    for (const entry of entries(section)) {
        // A driver keeps the value elsewhere, and the swarm asks it.
        if (isExternal(entry.value) || at(entry.value, "driver")) continue;
        const value = valueOf(entry, kind, inputs, notes);
        if (value === undefined) continue;
        const named = { value, ...annotations(entry.value) };
        const name = nameOf(entry, inputs.stack, named);
        if (!NAME.test(name))
            notes.problem(entry.key, `${kind}.${entry.name}: ${name} is no name for ${ONE[kind]} in a swarm`);
        made[name] = named;
        const external = flowMap({ external: plain(true), name: quoted(name) });
        if (isMap(section)) set(section, entry.name, external);
    }
    return made;
}

function valueOf(
    { name, key, value }: Entry,
    kind: Kind,
    inputs: ObjectInputs,
    notes: Notes,
): string | undefined {
    if (Object.hasOwn(inputs.given, name)) return inputs.given[name];
    const sources = SOURCES.filter((source) => at(value, source) !== undefined);
    const [source] = sources;
    if (source === undefined || sources.length > 1) {
        const which = kind === "configs" ? "file, environment, content" : "file, environment";
        notes.problem(key, `${kind}.${name} needs exactly one of ${which} and external`);
        return undefined;
    }
    const text = undollar(textAt(value, source) ?? "");
    const content = contentOf(source, text, inputs);
    if (content === undefined)
        notes.problem(
            at(value, source),
            source === "file"
                ? `${kind}.${name}: there is no file ${text}`
                : `${kind}.${name}: the variable ${text} is not set`,
        );
    else if (content === "")
        notes.problem(at(value, source), `${kind}.${name} is empty, which the swarm refuses`);
    else if (Buffer.byteLength(content) >= TOO_LARGE[kind])
        notes.problem(
            at(value, source),
            `${kind}.${name} is too large: ${ONE[kind]} has less than ${TOO_LARGE[kind] / 1024} kB`,
        );
    return content;
}

function contentOf(source: (typeof SOURCES)[number], text: string, inputs: ObjectInputs): string | undefined {
    if (source === "content") return text;
    if (source === "file") return inputs.files(text);
    return Object.hasOwn(inputs.variables, text) ? inputs.variables[text] : undefined;
}

function annotations(definition: Node): Omit<Named, "value"> {
    const labels = pairs(at(definition, "labels")).map(
        ({ name, value }) => [undollar(name), undollar(value ?? "")] as const,
    );
    const templateDriver = textAt(definition, "template_driver");
    return {
        ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
        ...(templateDriver !== undefined && { templateDriver: undollar(templateDriver) }),
    };
}

/**
 * A name with a hash of the content: swarm cannot change a secret or a config ("only updates to Labels are allowed",
 * moby/moby#35048), so new content needs a new name. A name that would be too long is cut, and hashed with the content.
 */
function nameOf(
    { name, value }: Entry,
    stack: string,
    { value: content, labels, templateDriver }: Named,
): string {
    const own = textAt(value, "name");
    const base = own === undefined ? `${stack}_${name}` : undollar(own);
    const room = LONGEST_NAME - HASH - 1;
    const hash = createHash("sha256").update(content);
    if (labels) hash.update(`\0${JSON.stringify(Object.entries(labels).sort())}`);
    if (templateDriver !== undefined) hash.update(`\0${templateDriver}`);
    if (base.length > room) hash.update(`\0${base}`);
    return `${base.slice(0, room)}_${hash.digest("hex").slice(0, HASH)}`;
}
