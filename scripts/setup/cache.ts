// The project's cache below ~/.cache/skep: what setup downloads or builds, each under a hash of what it was made
// from. A result appears by one rename, so a set-up killed at any moment leaves a whole result or none. Each result has a
// lock of its own: whoever finds it there never waits. What is made and how stands in the step's own file; what goes
// again, in prune.ts.

import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { lock } from "proper-lockfile";
import { skepError } from "../../errors";
import type { Progress } from "./progress";

const PARTIAL = ".partial-";

/** The cache's folder; XDG_CACHE_HOME moves it. */
export function cacheFolder(): string {
    return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "skep");
}

/** A short hash of all that determines a result: texts, names, versions. */
export function contentHash(...parts: readonly (string | Buffer)[]): string {
    const hash = createHash("sha256");
    // Lengths keep ("ab", "c") and ("a", "bc") apart.
    for (const part of parts) hash.update(`${Buffer.byteLength(part)}\n`).update(part);
    return hash.digest("hex").slice(0, 12);
}

/** Every file of a folder by its path inside, in one order on every machine. */
export async function readFolder(folder: string): Promise<Map<string, Buffer>> {
    const files = new Map<string, Buffer>();
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    for (const path of paths.sort()) files.set(relative(folder, path), await readFile(path));
    return files;
}

/** A hash of a folder's files, their names included. */
export async function folderHash(folder: string, ...more: readonly string[]): Promise<string> {
    return contentHash(...[...(await readFolder(folder))].flat(), ...more);
}

/**
 * The folder `name` of the cache; when missing, `make` fills a folder beside it, which then takes the name.
 * A name is never reused for other content: put a hash in it.
 */
export async function cachedFolder(
    name: string,
    make: (folder: string) => Promise<void>,
    progress?: Progress,
): Promise<string> {
    const path = join(cacheFolder(), name);
    if (await markUsed(path)) return path;
    return withWorkFolder(
        name,
        async (folder) => {
            // Whoever held the lock before may have made it.
            if (await markUsed(path)) return path;
            await make(folder);
            await rename(folder, path).catch(async (error: unknown) => {
                // Two made it, when a machine's sleep outlasted the lock: the other's is as good.
                if (!(await markUsed(path))) throw error;
            });
            return path;
        },
        progress,
    );
}

/** Notes that something in the cache is in use, for prune.ts; false when it is not there. */
export async function markUsed(path: string): Promise<boolean> {
    const now = new Date();
    try {
        await utimes(path, now, now);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
        throw error;
    }
}

/**
 * A folder of the cache while `work` runs, of which there is one a `name` at a time on this machine. What a killed
 * set-up left of that name is removed first.
 */
export async function withWorkFolder<T>(
    name: string,
    work: (folder: string) => Promise<T>,
    progress?: Progress,
): Promise<T> {
    return withLock(
        name,
        async () => {
            const path = join(cacheFolder(), name);
            await removePartials(path);
            const partial = `${path}${PARTIAL}${randomUUID().slice(0, 8)}`;
            await mkdir(partial, { recursive: true });
            try {
                return await work(partial);
            } finally {
                await rm(partial, { recursive: true, force: true });
            }
        },
        progress,
    );
}

async function removePartials(path: string): Promise<void> {
    const folder = dirname(path);
    for (const entry of await readdir(folder))
        if (entry.startsWith(basename(path) + PARTIAL))
            await rm(join(folder, entry), { recursive: true, force: true });
}

/** Whether a name in the cache is that of something half done. */
export function isPartial(name: string): boolean {
    return name.includes(PARTIAL);
}

/** Removes something of the cache so that at no moment a part of it stands under its name. */
export async function removeWhole(path: string): Promise<void> {
    const partial = `${path}${PARTIAL}${randomUUID().slice(0, 8)}`;
    await rename(path, partial);
    await rm(partial, { recursive: true, force: true });
}

/** Writes a small file by one rename; with a `mode`, never readable by others in between. */
export async function writeWhole(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}${PARTIAL}${randomUUID().slice(0, 8)}`;
    await writeFile(partial, content, { mode });
    await rename(partial, path);
}

const LOCK_POLL_MILLISECONDS = 500;
/** A first build of the engine may take this long on a slow machine; whoever waits for it waits a little longer. */
const LOCK_WAIT_MINUTES = 70;

/**
 * Runs `work` while nobody else on this machine does the thing called `name`; who died doing it frees the lock
 * within 10 seconds.
 */
export async function withLock<T>(name: string, work: () => Promise<T>, progress?: Progress): Promise<T> {
    const path = join(cacheFolder(), name);
    await mkdir(dirname(path), { recursive: true });
    const take = () =>
        lock(path, {
            realpath: false,
            stale: 10_000,
            update: 2_000,
            // After a machine's sleep another may hold it too: both make the same, and the first to end wins.
            onCompromised: () => undefined,
        }).catch((error: NodeJS.ErrnoException) => {
            if (error.code === "ELOCKED") return undefined;
            throw error;
        });
    const wait = async () => {
        const deadline = Date.now() + LOCK_WAIT_MINUTES * 60_000;
        while (Date.now() < deadline) {
            const taken = await take();
            if (taken) return taken;
            await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MILLISECONDS));
        }
        throw skepError(
            "SETUP_BUSY",
            `Another set-up on this machine has been making ${name} for ${LOCK_WAIT_MINUTES} minutes.`,
            `End it, or remove ${path}.lock when there is none, and try again.`,
        );
    };
    const waiting = `Waiting for another set-up on this machine, which makes ${name}`;
    const release = (await take()) ?? (await (progress ? progress.step(waiting, wait) : wait()));
    try {
        return await work();
    } finally {
        // A lock that was taken over is another's to free.
        await release().catch(() => undefined);
    }
}
