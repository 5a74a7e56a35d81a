// What leaves the cache and the engine again: results and images of ours that nobody has used for two weeks. Once a day.
// A use is noted by whoever finds or makes something (cache.ts, images.ts).

import type { Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { cacheFolder, isPartial, markUsed, removeWhole, withLock, writeWhole } from "./cache";
import { GO_WORK } from "./go";
import { CACHE_LABEL, imageMark, NO_SERVER, OWN_IMAGES } from "./images";

const DAY = 24 * 60 * 60 * 1000;
/** Long enough for a checkout of last week to find its results still there. */
export const KEPT_DAYS = 14;
/** Folders of the cache that hold results, one each; `images` holds marks of images. */
const KINDS = ["bridged", "engine", "go", GO_WORK, "moto", "plugins", "pulumi-home", "repository"];

/**
 * Removes what was last used more than two weeks ago, and says what. Nothing that a container uses goes, nor anything
 * whose use it cannot know: an image met for the first time counts as used now.
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
        if (!stats || !isOld(stats, now) || mounted.has(path)) continue;
        await removeWhole(path);
        if (!isPartial(name) && !name.endsWith(".lock")) removed.push(name);
    }
    return removed;
}

function isOld({ mtimeMs }: Stats, now: number): boolean {
    return now - mtimeMs > KEPT_DAYS * DAY;
}

/** Folders of this machine that containers see, running or not: hosts of a lab read their repository there. */
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
    // What builds that were killed left behind: without a name, and made of our base.
    await docker.pruneImages({
        filters: { dangling: ["true"], label: [CACHE_LABEL], until: [`${KEPT_DAYS * 24}h`] },
    });
    return removed;
}

/** False when a container uses it, or an image made of it. */
async function removeImage(docker: Docker, ref: string): Promise<boolean> {
    const IN_USE = 409;
    const GONE = 404;
    try {
        // With one name left, the image goes; one that containers refer to by its id stays whole, name included.
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
