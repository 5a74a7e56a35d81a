// The program `pulumi`: the one on PATH, the cache's, the official download, or a build from Go modules where only package
// registries can be reached. Its plugins: plugins.ts.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { skepError } from "../../errors";
import type { Progress } from "./progress";
import { cachedFolder, cacheFolder, contentHash, markUsed } from "./cache";
import { run, tryRun } from "./programs";
import { download, Unanswered } from "./fetch";
import { isAtLeast, withGo } from "./go";
import { pulumiDownloads } from "./mirrors";

/** The version to download or build. offline/pulumi/go.mod pins the same. */
export const PULUMI_VERSION = "3.274.1";
/** The oldest version that Skep was tried with. */
const OLDEST_PULUMI = "3.200.0";

const SOURCE = join(__dirname, "../../offline/pulumi");
const PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
/** Enough for a slow line. A download that stalls ends long before. */
const DOWNLOAD_SECONDS = 1800;
/** Measured: 4 minutes on two idle cores, more than 20 on busy ones. */
const BUILD_SECONDS = 3600;

export interface Pulumi {
    /** The folder with bin/pulumi, as the Automation API wants it. */
    root: string;
    version: string;
    source: "path" | "cache" | "download" | "build";
}

/** A `pulumi` that Skep can use, downloaded or built when there is none. */
export async function ensurePulumi(progress: Progress, official: boolean): Promise<Pulumi> {
    const onPath = await findOnPath(process.env.PATH ?? "");
    if (onPath) return onPath;

    // Caches that exist have the programs below this name.
    const downloaded = `engine/v${PULUMI_VERSION}`;
    const built = `engine/v${PULUMI_VERSION}-built-${contentHash(await readFile(join(SOURCE, "go.sum")))}`;
    for (const name of [downloaded, built]) {
        const root = join(cacheFolder(), name);
        if (await markUsed(root)) return { root, version: PULUMI_VERSION, source: "cache" };
    }

    const root = official
        ? await cachedFolder(downloaded, (folder) => unpackRelease(progress, folder), progress)
        : await cachedFolder(built, (folder) => build(progress, folder), progress);
    return { root, version: PULUMI_VERSION, source: official ? "download" : "build" };
}

async function findOnPath(path: string): Promise<Pulumi | undefined> {
    for (const folder of path.split(delimiter)) {
        // The Automation API wants the folder above `bin`.
        if (basename(folder) !== "bin" || !existsSync(join(folder, "pulumi"))) continue;
        const version = (await tryRun(join(folder, "pulumi"), ["version"]))?.trim().replace(/^v/, "");
        if (version && isAtLeast(version, OLDEST_PULUMI))
            return { root: dirname(folder), version, source: "path" };
    }
    return undefined;
}

/** The list of the release's checksums. Where it can be reached, so can the release. */
export function checksumsUrl(): string {
    return `${pulumiDownloads()}/pulumi-${PULUMI_VERSION}-checksums.txt`;
}

async function unpackRelease(progress: Progress, folder: string): Promise<void> {
    const archive = `pulumi-v${PULUMI_VERSION}-${process.platform}-${process.arch}.tar.gz`;
    await progress.step(`Downloading Pulumi ${PULUMI_VERSION}`, async () => {
        const checksums = (await fetchAll(checksumsUrl())).toString();
        const wanted = checksums
            .split("\n")
            .map((line) => line.trim().split(/\s+/))
            .find(([, file]) => file === archive)?.[0];
        if (wanted === undefined)
            throw skepError(
                "PULUMI_CHECKSUM",
                `${checksumsUrl()} has no checksum of ${archive}.`,
                `Look at what that address answers; ${INSTEAD}.`,
            );
        const content = await fetchAll(`${pulumiDownloads()}/${archive}`);
        if (createHash("sha256").update(content).digest("hex") !== wanted)
            throw skepError(
                "PULUMI_CHECKSUM",
                `${archive} is not what its checksum at ${checksumsUrl()} says.`,
                `Try again; if it stays so, find out who changes it on the way; ${INSTEAD}.`,
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

const INSTEAD = "SKEP_OFFLINE=1 builds Pulumi from Go modules instead";

async function fetchAll(url: string): Promise<Buffer> {
    try {
        return await download(url, { seconds: DOWNLOAD_SECONDS });
    } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        throw skepError(
            "PULUMI_DOWNLOAD",
            `${url} could not be fetched: ${error.message}.`,
            `Try again; ${INSTEAD}.`,
        );
    }
}

/** Builds `pulumi` without language hosts, which inline programs do not need. */
async function build(progress: Progress, folder: string): Promise<void> {
    const version = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI_VERSION}`;
    await withGo(progress, "engine", (go) =>
        progress.step(`Building Pulumi ${PULUMI_VERSION} from Go modules, once: some minutes`, () =>
            go.build({
                what: "building Pulumi",
                module: SOURCE,
                package: PACKAGE,
                output: join(folder, "bin/pulumi"),
                variable: version,
                timeoutSeconds: BUILD_SECONDS,
            }),
        ),
    );
}
