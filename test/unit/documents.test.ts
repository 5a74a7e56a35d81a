// What the documents name: files of the project, and headings of other documents.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");
const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[a-z]+$/.test(entry.name))
    .map(({ name }) => name);
/** A path that begins with a folder of the project; not the end of a longer path or of a URL. */
const PATH = new RegExp(`(?<![\\w./:<>-])(?:${FOLDERS.join("|")})/[\\w./-]*`, "g");
/** A source file in the project's folder itself. */
const ROOT_FILE = /`([\w.-]+\.(?:ts|mjs|md))`/g;
const LINK = /\]\(([^)\s]+)\)/g;

function documents(): string[] {
    const inFolder = (folder: string) =>
        readdirSync(join(ROOT, folder))
            .filter((name) => name.endsWith(".md"))
            .map((name) => join(folder, name));
    return [...inFolder("."), ...inFolder("docs"), ...inFolder("docs/decisions")];
}

const read = (document: string) => readFileSync(join(ROOT, document), "utf8");

/** The files and folders of the project that a document's text names. */
function pathsIn(text: string): string[] {
    const deep = [...text.matchAll(PATH)].map(([path]) => path.replace(/[./]+$/, ""));
    return [...deep, ...[...text.matchAll(ROOT_FILE)].map(([, name = ""]) => name)];
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(document: string): string[] {
    return [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
        heading
            .toLowerCase()
            .replace(/[^\w\- ]/g, "")
            .replaceAll(" ", "-"),
    );
}

/** The links of a document that lead nowhere. */
function brokenLinks(document: string): string[] {
    return [...read(document).matchAll(LINK)]
        .map(([, link = ""]) => link)
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => {
            const [path = "", anchor] = link.split("#");
            const target = path === "" ? document : relative(ROOT, resolve(ROOT, dirname(document), path));
            if (!existsSync(join(ROOT, target))) return true;
            return anchor !== undefined && !anchorsOf(target).includes(anchor);
        });
}

/** Files and folders; documents may leave out `.ts`. */
const exists = (path: string) => [path, `${path}.ts`].some((file) => existsSync(join(ROOT, file)));

describe("Documents", () => {
    it("name only files that exist", () => {
        const missing = documents().flatMap((document) =>
            pathsIn(read(document))
                .filter((path) => !exists(path))
                .map((path) => `${document}: ${path}`),
        );
        assert.deepEqual(missing, []);
    });

    it("link only to files and headings that exist", () => {
        const broken = documents().flatMap((document) =>
            brokenLinks(document).map((link) => `${document}: ${link}`),
        );
        assert.deepEqual(broken, []);
    });

    it("are searched for paths in text, in code and in tables", () => {
        const text =
            "| a row | `planning/gone.ts` |\n see swarm/lease.ts. `.skep/stacks/dev.yaml`, `gone.ts`";
        assert.deepEqual(pathsIn(text), ["planning/gone.ts", "swarm/lease.ts", "gone.ts"]);
    });
});
