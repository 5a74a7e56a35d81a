// Provides the plugins: Skep's own ("swarm"), and stand-ins for official ones that cannot be downloaded, or plugins built
// from Go modules (bridged.ts) when SKEP_PLUGINS asks for those. providers/bundle bundles them.

import { copyFile, link, mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildPlugin, installStandIns, pluginFile, STAND_INS } from "../../providers/bundle/build";
import type { Progress } from "./progress";
import { ensureBridged } from "./bridged";
import { cachedFolder, cacheFolder, contentHash, folderHash } from "./cache";
import type { Pulumi } from "./pulumi";

const ROOT = join(__dirname, "../..");

/** The folders that bundled plugins import from, besides packages. */
export const SOURCE_FOLDERS = [
    "errors",
    "planning",
    "config",
    "swarm",
    "providers",
    "offline/plugins",
    "scripts/host",
];

async function sourceHash(): Promise<string> {
    const folders = await Promise.all(SOURCE_FOLDERS.map((folder) => folderHash(join(ROOT, folder))));
    return contentHash(...folders, await readFile(join(ROOT, "package-lock.json")));
}

/** The file beside the plugin "swarm" that serves it and the stand-ins in one process. */
export const ATTACHED = "skep-providers";

/** The folder of the cache for the provider "swarm" as its source is now, whether it is there or not. */
export async function swarmPluginFolder(): Promise<string> {
    return join(cacheFolder(), await swarmPluginName());
}

async function swarmPluginName(): Promise<string> {
    return `plugins/swarm-${await sourceHash()}`;
}

/** The folder that holds the provider "swarm" as an executable. */
export async function ensureSwarmPlugin(progress: Progress): Promise<string> {
    return cachedFolder(
        await swarmPluginName(),
        (folder) =>
            progress.step("Bundling the provider swarm", async () => {
                await buildPlugin(
                    join(ROOT, "providers/swarm/main.ts"),
                    join(folder, "pulumi-resource-swarm"),
                );
                await buildPlugin(join(ROOT, "providers/bundle/attached.ts"), join(folder, ATTACHED));
            }),
        progress,
    );
}

/** A PULUMI_HOME with stand-ins for the official plugins, another one for each state of their source. */
export async function ensureStandIns(progress: Progress): Promise<string> {
    return cachedFolder(
        `pulumi-home/${await sourceHash()}`,
        (folder) =>
            progress.step("Installing stand-ins for Pulumi's plugins, which cannot be had here", async () => {
                await installStandIns(folder);
            }),
        progress,
    );
}

/** A PULUMI_HOME with the plugins that can be built from Go modules, and stand-ins for the others. A first build takes minutes. */
export async function ensureRealPlugins(progress: Progress): Promise<string> {
    const built = await ensureBridged(progress);
    const names: readonly string[] = built.map(({ name }) => name);
    const hash = contentHash(await sourceHash(), ...built.map(({ folder }) => folder));
    return cachedFolder(
        `pulumi-home/real-${hash}`,
        async (home) => {
            await installStandIns(
                home,
                STAND_INS.filter((name) => !names.includes(name)),
            );
            for (const { name, version, folder } of built) {
                const place = dirname(pluginFile(home, name, version));
                await mkdir(place, { recursive: true });
                const source = join(cacheFolder(), folder);
                // Hard links outlive the cache's own names of these files.
                for (const file of await readdir(source))
                    await link(join(source, file), join(place, file)).catch(() =>
                        copyFile(join(source, file), join(place, file)),
                    );
            }
        },
        progress,
    );
}

/**
 * A folder with `pulumi` and, beside it, a stand-in for its language host, so that the plain command can run a program.
 * Pulumi warns about a language host elsewhere. It follows a symbolic link to itself, so this is a hard link.
 */
export async function ensureLanguageHost(progress: Progress, { root }: Pulumi): Promise<string> {
    const source = join(ROOT, "offline/language");
    const hash = await folderHash(source, root, await readFile(join(ROOT, "package-lock.json"), "utf8"));
    return cachedFolder(
        `plugins/language-${hash}`,
        (folder) =>
            progress.step("Bundling the stand-in for Pulumi's language host", async () => {
                await buildPlugin(join(source, "main.ts"), join(folder, "pulumi-language-nodejs"));
                const program = join(root, "bin/pulumi");
                await link(program, join(folder, "pulumi")).catch(() =>
                    copyFile(program, join(folder, "pulumi")),
                );
            }),
        progress,
    );
}
