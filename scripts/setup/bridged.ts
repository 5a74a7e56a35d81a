// Plugins built from Go modules: the Terraform providers that Pulumi's own plugins wrap, behind Pulumi's bridge. Each is a
// module of offline/bridged. Stand-ins (plugins.ts) replace the other plugins.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sdkVersion } from "../../providers/bundle/build";
import type { Progress } from "./progress";
import { cachedFolder, cacheFolder, folderHash, markUsed, withLock } from "./cache";
import { run } from "./programs";
import { type GoBuilder, withGo } from "./go";

/** The plugins that can be built. */
export const BRIDGED = ["docker", "random", "tls"] as const;
export type Bridged = (typeof BRIDGED)[number];

/** A plugin in the cache. */
export interface BridgedPlugin {
    name: Bridged;
    /** The npm SDK's: it asks for a plugin of its own version. */
    version: string;
    /** The folder of the cache that holds the executable and its schema. */
    folder: string;
}

const SOURCE = join(__dirname, "../../offline/bridged");
/** Measured: 12 minutes for docker on two busy cores. */
const BUILD_SECONDS = 3600;
/** Without the provider's resource for compose projects, which Skep does not use, half as much is downloaded. */
const TAGS: Partial<Record<Bridged, readonly string[]>> = { docker: ["no_compose"] };

/** Builds the plugins that the cache lacks, one after another, since they share most modules. */
export async function ensureBridged(progress: Progress): Promise<BridgedPlugin[]> {
    const plugins = await Promise.all(BRIDGED.map(cached));
    const missing = await missingOf(plugins);
    if (missing.length > 0)
        await withLock(
            "bridged/build",
            () =>
                withGo(progress, "bridged", async (go) => {
                    for (const plugin of missing) await make(progress, go, plugin);
                }),
            progress,
        );
    return plugins;
}

/** Whether the cache has all of them. */
export async function hasBridged(): Promise<boolean> {
    return (await missingOf(await Promise.all(BRIDGED.map(cached)))).length === 0;
}

async function cached(name: Bridged): Promise<BridgedPlugin> {
    const version = await sdkVersion(name);
    return { name, version, folder: `bridged/${name}-${await folderHash(join(SOURCE, name), version)}` };
}

async function missingOf(plugins: readonly BridgedPlugin[]): Promise<BridgedPlugin[]> {
    const found = await Promise.all(plugins.map(({ folder }) => markUsed(join(cacheFolder(), folder))));
    return plugins.filter((_, i) => !found[i]);
}

async function make(
    progress: Progress,
    go: GoBuilder,
    { name, version, folder }: BridgedPlugin,
): Promise<void> {
    const build = async (partial: string) => {
        const output = join(partial, `pulumi-resource-${name}`);
        await go.build({
            what: `building the plugin ${name}`,
            module: join(SOURCE, name),
            package: ".",
            output,
            variable: `main.version=${version}`,
            tags: TAGS[name],
            timeoutSeconds: BUILD_SECONDS,
        });
        // The schema generator reads a project in its folder; this one has none.
        const schema = await run(output, ["schema"], {
            what: `the schema of the plugin ${name}`,
            cwd: partial,
        });
        await writeFile(join(partial, "schema.json"), schema);
    };
    await cachedFolder(
        folder,
        (partial) =>
            progress.step(`Building the plugin ${name} ${version} from Go modules, once: some minutes`, () =>
                build(partial),
            ),
        progress,
    );
}
