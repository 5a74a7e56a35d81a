// Removes results of the cache and images of Skep's that nobody has used for two weeks. Runs once a day. cache.ts and
// images.ts note each use.

import type { Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { cacheFolder, isPartial, markUsed, removeWhole, withLock, writeWhole } from "./cache";
import { GO_WORK } from "./go";
import { CACHE_LABEL, imageMark, NO_SERVER, OWN_IMAGES } from "./images";

const DAY = 24 * 60 * 60 * 1000;
/** A checkout of last week still finds its results. */
export const KEPT_DAYS = 14;
/** Folders of the cache that hold results. The folder `images` holds marks of images. */
const KINDS = [
    "bridged",
    "engine",
    "engine29",
    "go",
    GO_WORK,
    "moto",
    "plugins",
    "pulumi-home",
    "repository",
];

/**
 * Removes what was last used more than two weeks ago and returns the names. Keeps everything that a container uses. An image
 * without a mark counts as used now.
 */
export async function prune(docker: Docker, now = Date.now()): Promise<string[]> {
    const mark = join(cacheFolder(), "pruned");
    const last = await stat(mark).catch(() => undefined);
    if (last && now - last.mtimeMs < DAY) return [];
    return withLock("pruned", async () => {
        const mounted = await mountedFolders(docker);
        const removed = [...(await pruneFolders(now, mounted)), ...(await pruneImages(docker, now))];
        await writeWhole(mark, "");
        return removed;
    });
}

async function pruneFolders(now: number, mounted: ReadonlySet<string>): Promise<string[]> {
    const removed: string[] = [];
    const names: string[] = [];
    for (const kind of KINDS)
        for (const entry of await readdir(join(cacheFolder(), kind)).catch(() => []))
            names.push(join(kind, entry));
    for (const name of names) {
        const path = join(cacheFolder(), name);
        const stats = await stat(path).catch(() => undefined);
        if (!stats || !isOld(stats, now) || isMounted(path, mounted)) continue;
        await removeWhole(path);
        if (!isPartial(name) && !name.endsWith(".lock")) removed.push(name);
    }
    return removed;
}

/** Whether a container mounts the folder, or one in it. */
function isMounted(path: string, mounted: ReadonlySet<string>): boolean {
    return [...mounted].some((source) => source === path || source.startsWith(`${path}/`));
}

function isOld({ mtimeMs }: Stats, now: number): boolean {
    return now - mtimeMs > KEPT_DAYS * DAY;
}

/** Folders of this machine that containers mount, running or not: lab hosts read their repository there. */
async function mountedFolders(docker: Docker): Promise<Set<string>> {
    const containers = await docker.listContainers({ all: true });
    return new Set(containers.flatMap(({ Mounts }) => Mounts.map(({ Source }) => Source)));
}

async function pruneImages(docker: Docker, now: number): Promise<string[]> {
    const removed: string[] = [];
    const images = await docker.listImages({ filters: { label: [CACHE_LABEL] } });
    for (const ref of images.flatMap(({ RepoTags }) => RepoTags ?? [])) {
        if (!ref.replace(NO_SERVER, "").startsWith(OWN_IMAGES)) continue;
        const mark = imageMark(ref);
        const stats = await stat(mark).catch(() => undefined);
        if (!stats) await writeWhole(mark, ref);
        else if (isOld(stats, now) && (await removeImage(docker, ref))) {
            await removeWhole(mark);
            removed.push(ref);
        }
    }
    // Images without a name, of builds that were killed.
    await docker.pruneImages({
        filters: { dangling: ["true"], label: [CACHE_LABEL], until: [`${KEPT_DAYS * 24}h`] },
    });
    return removed;
}

/** False when a container or another image uses it. */
async function removeImage(docker: Docker, ref: string): Promise<boolean> {
    const IN_USE = 409;
    const GONE = 404;
    try {
        // Docker removes an image with its last name, also while a container refers to it by its id.
        if (await isUsed(docker, ref)) return false;
        await docker.getImage(ref).remove();
        return true;
    } catch (error) {
        const { statusCode } = error as { statusCode?: number };
        if (statusCode === GONE) return true;
        if (statusCode === IN_USE) {
            await markUsed(imageMark(ref));
            return false;
        }
        throw error;
    }
}

async function isUsed(docker: Docker, ref: string): Promise<boolean> {
    const users = await docker.listContainers({ all: true, filters: { ancestor: [ref] } });
    return users.length > 0;
}
