// The project's cache below ~/.cache/skep: what setup downloads or builds, each under a hash of what it was made
// from. A result appears by one rename, so a setup killed at any moment leaves a whole result or none.
// What is made and how stands in the step's own file.

import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { lock } from "proper-lockfile";
import { skepError } from "../../errors";
import type { Progress } from "../progress";

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
export async function cachedFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
    const path = join(cacheFolder(), name);
    if (existsSync(path)) return path;
    await withPartial(name, async (partial) => {
        await make(partial);
        await rename(partial, path);
    });
    return path;
}

/** A folder of the cache while `work` runs; one left by a killed setup is removed by the next. */
export async function withPartial<T>(name: string, work: (folder: string) => Promise<T>): Promise<T> {
    const partial = `${join(cacheFolder(), name)}${PARTIAL}${randomUUID().slice(0, 8)}`;
    await mkdir(partial, { recursive: true });
    try {
        return await work(partial);
    } finally {
        await rm(partial, { recursive: true, force: true });
    }
}

/** Writes a small file by one rename; with a `mode`, never readable by others in between. */
export async function writeWhole(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}${PARTIAL}${randomUUID().slice(0, 8)}`;
    await writeFile(partial, content, { mode });
    await rename(partial, path);
}

/** Removes what a killed setup left half done. Call it only while holding the lock. */
export async function removePartials(): Promise<void> {
    const top = cacheFolder();
    const folders = await readdir(top, { withFileTypes: true });
    for (const folder of [top, ...folders.filter((it) => it.isDirectory()).map((it) => join(top, it.name))]) {
        for (const name of await readdir(folder))
            if (name.includes(PARTIAL)) await rm(join(folder, name), { recursive: true, force: true });
    }
}

const LOCK_POLL_MILLISECONDS = 500;
/** A first setup may take ten minutes on a slow machine; whoever waits for it waits a little longer. */
const LOCK_WAIT_MILLISECONDS = 20 * 60 * 1000;

/** Runs `work` while no other setup runs on this machine; a setup that died frees its lock after 20 seconds. */
export async function withSetupLock<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
    const path = join(cacheFolder(), "setup");
    await mkdir(path, { recursive: true });
    const take = () =>
        lock(path, { stale: 20_000, update: 5_000 }).catch((error: NodeJS.ErrnoException) => {
            if (error.code === "ELOCKED") return undefined;
            throw error;
        });
    const release =
        (await take()) ??
        (await progress.step("Waiting for another setup on this machine", async () => {
            const deadline = Date.now() + LOCK_WAIT_MILLISECONDS;
            while (Date.now() < deadline) {
                const taken = await take();
                if (taken) return taken;
                await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MILLISECONDS));
            }
            throw skepError(
                "SETUP_BUSY",
                "Another setup on this machine has been running for 20 minutes.",
                `End it, or remove ${path}.lock when there is none, and try again.`,
            );
        }));
    try {
        return await work();
    } finally {
        await release();
    }
}
