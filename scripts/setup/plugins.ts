// The provider plugins: Skep's own ("swarm"), bundled from its source, and, where the official ones cannot be had,
// stand-ins for the resource types that Skep uses, or, where that is asked, plugins built from Go modules (bridged.ts).
// How a plugin is bundled stands in providers/bundle.

import { copyFile, link, mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildPlugin, installStandIns, pluginFile, STAND_INS } from "../../providers/bundle/build";
import type { Progress } from "./progress";
import { ensureBridged } from "./bridged";
import { cachedFolder, cacheFolder, contentHash, folderHash } from "./cache";
import type { Engine } from "./pulumi";

const ROOT = join(__dirname, "../..");

/** Bundled plugins import from these folders, and from packages. */
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

/** The file, beside the plugin "swarm", that serves it and the stand-ins in one process. */
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

/** A PULUMI_HOME of Skep's own with stand-ins for the official plugins; one a state of their source. */
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

/**
 * A PULUMI_HOME with plugins built from Go modules where there are such, and stand-ins for the others; what the cache lacks
 * is built, which takes minutes.
 */
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
                // Links of its own stay whole when the cache's other names for the files go.
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
 * A folder with the engine's command and, beside it, a stand-in for its language host: what the plain `pulumi` command
 * runs a program with. The engine warns about one that it finds elsewhere, so its file is linked (a hard link: a symbolic
 * one leads it back to where it came from).
 */
export async function ensureLanguageHost(progress: Progress, { root }: Engine): Promise<string> {
    const source = join(ROOT, "offline/language");
    const hash = await folderHash(source, root, await readFile(join(ROOT, "package-lock.json"), "utf8"));
    return cachedFolder(
        `plugins/language-${hash}`,
        (folder) =>
            progress.step("Bundling the stand-in for Pulumi's language host", async () => {
                await buildPlugin(join(source, "main.ts"), join(folder, "pulumi-language-nodejs"));
                const engine = join(root, "bin/pulumi");
                await link(engine, join(folder, "pulumi")).catch(() =>
                    copyFile(engine, join(folder, "pulumi")),
                );
            }),
        progress,
    );
}
