// Bundles providers written in TypeScript to single executable files, and installs the stand-ins where the engine looks.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const PROJECT = resolve(__dirname, "../..");
const EXECUTABLE = 0o755;
/** The official plugins that stand-ins exist for. */
export const STAND_INS = ["aws", "command", "docker", "random", "tls"] as const;
export type StandIn = (typeof STAND_INS)[number];

/** Bundles one provider's entry file to an executable. */
export async function buildPlugin(entry: string, outFile: string): Promise<void> {
    const { code } = await bundle(entry);
    await mkdir(dirname(outFile), { recursive: true });
    await writeFile(outFile, code, { mode: EXECUTABLE });
}

/** Files of the project that a bundle is made of, dependencies left out; by their paths in it. */
export async function sourcesOf(entry: string): Promise<string[]> {
    const { files } = await bundle(entry);
    return files.filter((file) => !file.startsWith("node_modules/"));
}

/** Installs every stand-in, or those named, in a new folder; returns them. */
export async function installStandIns(
    pulumiHome: string,
    names: readonly StandIn[] = STAND_INS,
): Promise<{ name: string; version: string }[]> {
    const installed: { name: string; version: string }[] = [];
    for (const name of names) {
        const version = await sdkVersion(name);
        await buildPlugin(
            join(PROJECT, "offline/plugins", `${name}.ts`),
            pluginFile(pulumiHome, name, version),
        );
        installed.push({ name, version });
    }
    return installed;
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
        onLoad({ filter: /\/swarm\/scripts\.ts$/ }, async ({ path }) => {
            const folder = resolve(dirname(path), "../scripts/host");
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
