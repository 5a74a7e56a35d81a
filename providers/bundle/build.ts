// Bundles each provider into one executable file, and installs the stand-ins where Pulumi looks for plugins.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const PROJECT = resolve(__dirname, "../..");
const EXECUTABLE = 0o755;
/** The official plugins that have stand-ins. */
export const STAND_INS = ["aws", "command", "docker", "random", "tls"] as const;
export type StandIn = (typeof STAND_INS)[number];

/** Bundles one provider's entry file into an executable file. */
export async function buildPlugin(entry: string, outFile: string): Promise<void> {
    const { code } = await bundle(entry);
    await mkdir(dirname(outFile), { recursive: true });
    await writeFile(outFile, code, { mode: EXECUTABLE });
}

/** The paths of the project's own files in a bundle, without dependencies. */
export async function sourcesOf(entry: string): Promise<string[]> {
    const { files } = await bundle(entry);
    return files.filter((file) => !file.startsWith("node_modules/"));
}

/** Installs the stand-ins, by default all of them, in a new PULUMI_HOME. Returns what was installed. */
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

/** The file that Pulumi starts as a plugin. */
export function pluginFile(pulumiHome: string, name: string, version: string): string {
    return join(pulumiHome, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
}

/** The version of the plugin's npm package: Pulumi asks for a plugin of exactly that version. */
export async function sdkVersion(name: string): Promise<string> {
    const manifest = join(PROJECT, "node_modules/@pulumi", name, "package.json");
    return (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version;
}

/** Puts the host scripts into a bundle. Elsewhere they are read from the project's files. */
const embeddedScripts: Plugin = {
    name: "embedded-scripts",
    setup({ onLoad }) {
        onLoad({ filter: /\/swarm\/script-files\.ts$/ }, async ({ path }) => {
            const folder = resolve(dirname(path), "../scripts/host");
            const names = (await readdir(folder)).sort().map((file) => basename(file, ".sh"));
            const imports = names.map((name, i) => `import text${i} from "${folder}/${name}.sh";`);
            const entries = names.map((name, i) => `${JSON.stringify(name)}: text${i}`);
            return {
                contents: `${imports.join("\n")}\nconst texts = { ${entries.join(", ")} };\nexport const scriptFile = (name) => texts[name];\n`,
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
        // ssh2 works without its native extras.
        external: ["cpu-features", "*.node"],
        // Not minified: minifying saves no start-up time, and ASN.1 and protobuf classes need their names.
        legalComments: "none",
        banner: { js: "#!/usr/bin/env node" },
        logLevel: "error",
    });
    const [file] = result.outputFiles;
    if (!file) throw new Error(`esbuild made nothing of ${entry}`);
    return { code: file.contents, files: Object.keys(result.metafile.inputs).sort() };
}
