// Pulumi's engine, the program `pulumi`: the one on PATH, the cache, the official download, or a build from Go modules
// where only package registries are reached. Plugins stand in plugins.ts.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { skepError } from "../../errors";
import type { Progress } from "../progress";
import { cachedFolder, cacheFolder, contentHash, markUsed } from "./cache";
import { run, tryRun } from "./commands";
import { isAtLeast, withGo } from "./go";

/** What is downloaded or built; offline/engine/go.mod pins the same. */
export const ENGINE_VERSION = "3.274.1";
/** The oldest engine that Skep was tried with. */
const OLDEST_ENGINE = "3.200.0";

const SOURCE = join(__dirname, "../../offline/engine");
const PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const DOWNLOADS = "https://get.pulumi.com/releases/sdk";
const DOWNLOAD_SECONDS = 300;
/** On two cores that do other work as well it was measured to take more than 20 minutes; idle ones need 4. */
const BUILD_SECONDS = 3600;

export interface Engine {
    /** The folder with bin/pulumi, as the Automation API wants it. */
    root: string;
    version: string;
    source: "path" | "cache" | "download" | "build";
}

/** An engine that Skep can use; downloaded or built when there is none. */
export async function ensureEngine(progress: Progress, official: boolean): Promise<Engine> {
    const onPath = await findOnPath(process.env.PATH ?? "");
    if (onPath) return onPath;

    const downloaded = `engine/v${ENGINE_VERSION}`;
    const built = `engine/v${ENGINE_VERSION}-built-${contentHash(await readFile(join(SOURCE, "go.sum")))}`;
    for (const name of [downloaded, built]) {
        const root = join(cacheFolder(), name);
        if (await markUsed(root)) return { root, version: ENGINE_VERSION, source: "cache" };
    }

    const root = official
        ? await cachedFolder(downloaded, (folder) => download(progress, folder), progress)
        : await cachedFolder(built, (folder) => build(progress, folder), progress);
    return { root, version: ENGINE_VERSION, source: official ? "download" : "build" };
}

async function findOnPath(path: string): Promise<Engine | undefined> {
    for (const folder of path.split(delimiter)) {
        // The Automation API takes the folder above bin, so one by another name is of no use.
        if (basename(folder) !== "bin" || !existsSync(join(folder, "pulumi"))) continue;
        const version = (await tryRun(join(folder, "pulumi"), ["version"]))?.trim().replace(/^v/, "");
        if (version && isAtLeast(version.replace(/[-+].*/, ""), OLDEST_ENGINE))
            return { root: dirname(folder), version, source: "path" };
    }
    return undefined;
}

async function download(progress: Progress, folder: string): Promise<void> {
    const archive = `pulumi-v${ENGINE_VERSION}-${process.platform}-${process.arch}.tar.gz`;
    await progress.step(`Downloading Pulumi ${ENGINE_VERSION}`, async () => {
        const checksums = (await fetchAll(`${DOWNLOADS}/pulumi-${ENGINE_VERSION}-checksums.txt`)).toString();
        const wanted = checksums
            .split("\n")
            .map((line) => line.split(/\s+/))
            .find(([, file]) => file === archive)?.[0];
        const content = await fetchAll(`${DOWNLOADS}/${archive}`);
        if (createHash("sha256").update(content).digest("hex") !== wanted)
            throw skepError(
                "PULUMI_CHECKSUM",
                `${archive} is not what Pulumi's list of checksums says.`,
                "Try again.",
            );

        await writeFile(join(folder, archive), content);
        await mkdir(join(folder, "bin"));
        await run("tar", ["-xzf", archive, "-C", "bin", "--strip-components=1"], {
            what: "unpacking Pulumi",
            cwd: folder,
        });
        await rm(join(folder, archive));
    });
}

async function fetchAll(url: string): Promise<Buffer> {
    try {
        const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_SECONDS * 1000) });
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        return Buffer.from(await response.arrayBuffer());
    } catch (error) {
        throw skepError(
            "PULUMI_DOWNLOAD",
            `${url} could not be fetched within ${DOWNLOAD_SECONDS} seconds: ${(error as Error).message}.`,
            "Try again; SKEP_OFFLINE=1 builds Pulumi from Go modules instead.",
        );
    }
}

/** Builds the engine alone, without language hosts: inline programs need none. */
async function build(progress: Progress, folder: string): Promise<void> {
    const version = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${ENGINE_VERSION}`;
    await withGo(progress, "engine", (go) =>
        progress.step(`Building Pulumi ${ENGINE_VERSION} from Go modules, once: some minutes`, () =>
            go.build({
                what: "building Pulumi's engine",
                module: SOURCE,
                package: PACKAGE,
                output: join(folder, "bin/pulumi"),
                variable: version,
                timeoutSeconds: BUILD_SECONDS,
            }),
        ),
    );
}
