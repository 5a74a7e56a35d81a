// Images that the services of a compose file are built from: their recipes, and a hash of all that goes into each.

import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import dockerignore from "@balena/dockerignore";
import type { Plain } from "../../planning/compose";
import type { BuiltImage } from "../../components/user-stacks";

const KNOWN = ["context", "dockerfile", "args", "target"];

/**
 * The image of a service with this `build:` section, or what is wrong with the section. `base` is the folder of the
 * compose file, `variables` are those that an argument without a value takes.
 */
export async function imageOf(
    name: string,
    section: Plain,
    base: string,
    variables: Readonly<Record<string, string>>,
): Promise<BuiltImage | { wrong: string[] }> {
    const given = typeof section === "string" ? { context: section } : section;
    if (!isMap(given)) return { wrong: ["build is neither a folder nor a group of settings"] };
    const wrong = Object.keys(given)
        .filter((key) => !KNOWN.includes(key))
        .map((key) => `build.${key} is not carried out: build takes ${KNOWN.join(", ")}`);
    const context = resolve(base, text(given.context) || ".");
    const dockerfile = resolve(context, text(given.dockerfile) || "Dockerfile");
    if (!isFolder(context)) wrong.push(`build.context ${text(given.context)} is no folder`);
    else if (!existsSync(dockerfile)) wrong.push(`there is no ${dockerfile}`);
    if (wrong.length > 0) return { wrong };
    const args = argsOf(given.args, variables);
    const target = text(given.target) || undefined;
    const hash = createHash("sha256");
    for (const part of [
        readFileSync(dockerfile, "utf8"),
        target ?? "",
        ...Object.entries(args).sort().flat(),
    ])
        hash.update(`${Buffer.byteLength(part)}\n${part}`);
    await hashFolder(context, dockerfile, hash);
    const id = hash.digest("hex").slice(0, 12);
    return {
        ref: `skep-stack/${name}:${id}`,
        id,
        build: { context, dockerfile, args, ...(target && { target }) },
    };
}

/** Hashes what docker would get of the folder: each file by its path, its rights to run, and its content. */
async function hashFolder(
    context: string,
    dockerfile: string,
    hash: ReturnType<typeof createHash>,
): Promise<void> {
    const ignored = dockerignore({ ignorecase: false });
    const list = [`${dockerfile}.dockerignore`, join(context, ".dockerignore")].find((file) =>
        existsSync(file),
    );
    if (list) ignored.add(readFileSync(list, "utf8"));
    for (const path of (await readdir(context, { recursive: true })).sort()) {
        if (ignored.ignores(path)) continue;
        const file = join(context, path);
        const found = lstatSync(file);
        const content = found.isSymbolicLink()
            ? readlinkSync(file)
            : found.isFile()
              ? readFileSync(file)
              : undefined;
        if (content === undefined) continue;
        hash.update(`${path}\n${found.mode & 0o111}\n${Buffer.byteLength(content)}\n`).update(content);
    }
}

function argsOf(
    given: Plain | undefined,
    variables: Readonly<Record<string, string>>,
): Record<string, string> {
    const pairs = Array.isArray(given)
        ? (given as readonly Plain[]).map((item): [string, Plain] => {
              const [name = "", ...rest] = text(item).split("=");
              return [name, rest.length > 0 ? rest.join("=") : null];
          })
        : Object.entries(isMap(given) ? given : {});
    return Object.fromEntries(
        pairs.flatMap(([name, value]) => {
            const known = value === null ? variables[name] : text(value);
            return known === undefined ? [] : [[name, known]];
        }),
    );
}

function isMap(value: Plain | undefined): value is { readonly [key: string]: Plain } {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: Plain | undefined): string {
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
        ? String(value)
        : "";
}

function isFolder(path: string): boolean {
    return existsSync(path) && statSync(path).isDirectory();
}
