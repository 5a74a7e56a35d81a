// The cache in ~/.cache/skep: what setup downloads or builds, each result under a hash of its sources. A result appears by
// one rename, so a setup that is killed leaves a whole result or none. Each result has a lock of its own, so nobody waits for
// one that exists. prune.ts removes old results.

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

/** A short hash of everything that determines a result: texts, names, versions. */
export function contentHash(...parts: readonly (string | Buffer)[]): string {
    const hash = createHash("sha256");
    // The lengths tell ("ab", "c") from ("a", "bc").
    for (const part of parts) hash.update(`${Buffer.byteLength(part)}\n`).update(part);
    return hash.digest("hex").slice(0, 12);
}

/** The content of every file of a folder, by its path in it, in the same order on every machine. */
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
 * The folder `name` of the cache. When it is missing, `make` fills another folder, which is then renamed.
 * The name must have a hash of the content in it.
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
            // The holder of the lock before may have made it.
            if (await markUsed(path)) return path;
            await make(folder);
            await rename(folder, path).catch(async (error: unknown) => {
                // A machine that sleeps loses its lock, and a second process makes the same: either result is good.
                if (!(await markUsed(path))) throw error;
            });
            return path;
        },
        progress,
    );
}

/** Sets the time of a result's last use, for prune.ts; false when there is no such result. */
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

/** A new folder of the cache for `work`, one at a time for each `name`; removes those that a killed setup has left. */
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

/** Whether a name in the cache is that of an unfinished result. */
export function isPartial(name: string): boolean {
    return name.includes(PARTIAL);
}

/** Removes a result: renames it first, so that its name never stands for a part of it. */
export async function removeWhole(path: string): Promise<void> {
    const partial = `${path}${PARTIAL}${randomUUID().slice(0, 8)}`;
    await rename(path, partial);
    await rm(partial, { recursive: true, force: true });
}

/**
 * Writes a small file, with this mode from the start, by one rename. Not write-file-atomic: it is no shorter, takes 20 ms to
 * load, and prune.ts would not know its unfinished files.
 */
export async function writeWhole(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}${PARTIAL}${randomUUID().slice(0, 8)}`;
    await writeFile(partial, content, { mode });
    await rename(partial, path);
}

const LOCK_POLL_MILLISECONDS = 500;
/** Longer than the longest build's limit of 60 minutes. */
const LOCK_WAIT_MINUTES = 70;

/** Runs `work` under a lock on this machine. The lock of a process that died is free after 10 seconds. */
export async function withLock<T>(name: string, work: () => Promise<T>, progress?: Progress): Promise<T> {
    const path = join(cacheFolder(), name);
    await mkdir(dirname(path), { recursive: true });
    const take = () =>
        lock(path, {
            realpath: false,
            stale: 10_000,
            update: 2_000,
            // A machine that sleeps loses the lock to another process; both then make the same result.
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
        // This fails for a lock that another process has taken over, which frees it.
        await release().catch(() => undefined);
    }
}
