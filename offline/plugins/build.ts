// Bundles providers written in TypeScript to single executable files, and installs the stand-ins where the engine looks.
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const PROJECT = resolve(__dirname, "../..");
const BUNDLER_FILES = ["offline/plugins/build.ts", "node_modules/esbuild/package.json"];
const EXECUTABLE = 0o755;
const PLAIN = 0o644;
/** The official plugins that stand-ins exist for. */
export const STAND_INS = ["aws", "command", "docker", "random", "tls"] as const;
export type StandIn = (typeof STAND_INS)[number];
const SOURCES_FILE = "skep-sources.json";

/** What an installed plugin was made of. */
interface Sources {
    files: string[];
    hash: string;
}

/** Bundles one provider's entry file to an executable; the file appears complete or not at all. */
export async function buildPlugin(entry: string, outFile: string): Promise<void> {
    const { code } = await bundle(entry);
    await writeAtomically(outFile, code, EXECUTABLE);
}

/** Installs every stand-in, or those named, that is missing or older than its sources; returns all of them. */
export async function installStandIns(
    pulumiHome: string,
    names: readonly StandIn[] = STAND_INS,
): Promise<{ name: string; version: string }[]> {
    const installed: { name: string; version: string }[] = [];
    for (const name of names) {
        const version = await sdkVersion(name);
        await installStandIn(pulumiHome, name, version);
        installed.push({ name, version });
    }
    return installed;
}

async function installStandIn(pulumiHome: string, name: string, version: string): Promise<void> {
    const file = pluginFile(pulumiHome, name, version);
    const folder = dirname(file);
    const sourcesFile = join(folder, SOURCES_FILE);
    if (await isCurrent(sourcesFile)) return;
    const { code, files } = await bundle(join(PROJECT, "offline/plugins", `${name}.ts`));
    // The record goes last: whatever interrupts this, the next run installs again.
    await rm(sourcesFile, { force: true });
    await writeAtomically(file, code, EXECUTABLE);
    const sources: Sources = { files, hash: await hashOf(files) };
    await writeAtomically(sourcesFile, JSON.stringify(sources, undefined, 2), PLAIN);
}

/** A bundle changes only when one of the files that went into it does. */
async function isCurrent(sourcesFile: string): Promise<boolean> {
    try {
        const { files, hash } = JSON.parse(await readFile(sourcesFile, "utf8")) as Sources;
        return (await hashOf(files)) === hash;
    } catch {
        return false; // never installed, cut short, or one of its files is gone
    }
}

async function hashOf(files: string[]): Promise<string> {
    const hash = createHash("sha256");
    // Bundled with other options or another esbuild, the same files make another plugin.
    for (const file of [...BUNDLER_FILES, ...files]) {
        hash.update(file).update("\0");
        hash.update(await readFile(join(PROJECT, file)));
    }
    return hash.digest("hex");
}

/** Where the engine looks for a plugin. */
export function pluginFile(pulumiHome: string, name: string, version: string): string {
    return join(pulumiHome, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
}

/** The version of the npm package that the program uses: the engine asks for exactly that plugin. */
export async function sdkVersion(name: string): Promise<string> {
    const manifest = join(PROJECT, "node_modules/@pulumi", name, "package.json");
    return (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version;
}

/** A provider reads its shell scripts from the project's files; its bundle has them inside, and changes with them. */
const embeddedScripts: Plugin = {
    name: "embedded-scripts",
    setup({ onLoad }) {
        onLoad({ filter: /\/providers\/swarm\/scripts\.ts$/ }, async ({ path }) => {
            const folder = resolve(dirname(path), "../../scripts/host");
            const names = (await readdir(folder)).sort().map((file) => basename(file, ".sh"));
            const imports = names.map((name, i) => `import text${i} from "${folder}/${name}.sh";`);
            const entries = names.map((name, i) => `${JSON.stringify(name)}: text${i}`);
            return {
                contents: `${imports.join("\n")}\nconst texts = { ${entries.join(", ")} };\nexport const hostScript = (name) => texts[name];\n`,
                loader: "js",
            };
        });
    },
};

async function bundle(entry: string): Promise<{ code: Uint8Array; files: string[] }> {
    const result = await build({
        absWorkingDir: PROJECT,
        entryPoints: [resolve(entry)],
        bundle: true,
        write: false,
        metafile: true,
        plugins: [embeddedScripts],
        loader: { ".sh": "text" },
        platform: "node",
        target: "node20",
        format: "cjs",
        // Native extras of ssh2: it works without them.
        external: ["cpu-features", "*.node"],
        // No minifying: it saves no start-up time, and identifiers matter to ASN.1 and protobuf classes.
        legalComments: "none",
        banner: { js: "#!/usr/bin/env node" },
        logLevel: "error",
    });
    const [file] = result.outputFiles;
    if (!file) throw new Error(`esbuild made nothing of ${entry}`);
    return { code: file.contents, files: Object.keys(result.metafile.inputs).sort() };
}

async function writeAtomically(path: string, content: Uint8Array | string, mode: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
    try {
        await writeFile(temporary, content);
        await chmod(temporary, mode);
        await rename(temporary, path);
    } finally {
        await rm(temporary, { force: true });
    }
}
