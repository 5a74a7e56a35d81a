// Where backups are kept: a folder of this machine, or a bucket. A backup appears there whole or not at all.

import { once } from "node:events";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { BACKUP_FOLDER, PROJECT } from "../../config/folders";
import { skepError, SkepError } from "../../errors";
import { archiveOf } from "../../planning/recovery/archives";
import { bucketStore } from "./bucket";

const PARTIAL = ".partial-";
const OWNER_ONLY = 0o600;
const OWN_FOLDER = 0o700;
/** The beginning of a file that says for whom it is encrypted: more than age's header has. */
export const BEGINNING_BYTES = 16 * 1024;

/** One backup in a store. */
export interface Stored {
    name: string;
    bytes: number;
}

/** A folder or a bucket with backups. What does not work there is thrown as BACKUP_STORE. */
export interface Store {
    /** As a user names it: a path, or s3://BUCKET/PREFIX. */
    readonly where: string;
    /** Gives `fill` the new file, which it ends. If it throws, nothing of the file is left. */
    write<T>(name: string, fill: (to: Writable) => Promise<T>): Promise<T>;
    /** Throws BACKUP_UNKNOWN if there is none of this name. `bytes` limits what is read from its beginning. */
    read(name: string, bytes?: number): Promise<Readable>;
    /** All backups there, of any stack. */
    list(): Promise<Stored[]>;
    remove(name: string): Promise<void>;
}

/** The store with this name. Default: the folder `backups` of the project. `region` is that of a bucket without another. */
export async function storeAt(to: string | undefined, region?: string): Promise<Store> {
    if (to === undefined) return new FolderStore(BACKUP_FOLDER);
    const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(to) ?? [];
    if (bucket === undefined) return new FolderStore(resolve(PROJECT, to));
    return bucketStore(bucket, prefix.replace(/\/+$/, ""), region);
}

class FolderStore implements Store {
    constructor(readonly where: string) {}

    async write<T>(name: string, fill: (to: Writable) => Promise<T>): Promise<T> {
        return this.tried(async () => {
            await mkdir(this.where, { recursive: true, mode: OWN_FOLDER });
            await this.removePartials();
            const partial = join(this.where, `.${name}${PARTIAL}${process.pid}`);
            try {
                const to = createWriteStream(partial, { flags: "wx", mode: OWNER_ONLY });
                const done = await fill(to);
                await closed(to);
                await flushed(partial);
                await rename(partial, join(this.where, name));
                await flushed(this.where);
                return done;
            } finally {
                await rm(partial, { force: true });
            }
        });
    }

    read(name: string, bytes?: number): Promise<Readable> {
        return this.tried(async () => {
            const path = join(this.where, name);
            await stat(path).catch((error: NodeJS.ErrnoException) => {
                throw error.code === "ENOENT" ? unknown(name, this.where) : error;
            });
            return createReadStream(path, bytes === undefined ? {} : { end: bytes - 1 });
        });
    }

    list(): Promise<Stored[]> {
        return this.tried(async () => {
            const names = (await readdir(this.where).catch(emptyIfNone)).filter(archiveOf);
            return Promise.all(
                names.map(async (name) => ({ name, bytes: (await stat(join(this.where, name))).size })),
            );
        });
    }

    remove(name: string): Promise<void> {
        return this.tried(() => rm(join(this.where, name)));
    }

    /** Removes what backups left that were killed. Those that are at work have a process. */
    private async removePartials(): Promise<void> {
        for (const name of await readdir(this.where)) {
            const [, pid] = /^\..*\.skep\.partial-(\d+)$/.exec(name) ?? [];
            if (pid !== undefined && !isAlive(Number(pid))) await rm(join(this.where, name), { force: true });
        }
    }

    private async tried<T>(work: () => Promise<T>): Promise<T> {
        try {
            return await work();
        } catch (error) {
            if (error instanceof SkepError || !(error instanceof Error && "syscall" in error)) throw error;
            throw storeFailed(this.where, error.message);
        }
    }
}

/** The error for a store that does not do what it should. */
export function storeFailed(where: string, reason: string): SkepError {
    return skepError(
        "BACKUP_STORE",
        `${where} does not take or give backups: ${reason}.`,
        "Mend that, or name another place: --to DIR or --to s3://BUCKET/PREFIX.",
    );
}

/** The error for a backup that is not in the store. */
export function unknown(name: string, where: string): SkepError {
    return skepError(
        "BACKUP_UNKNOWN",
        `There is no backup ${name} in ${where}.`,
        "skep backup list shows those that there are.",
    );
}

function emptyIfNone(error: NodeJS.ErrnoException): string[] {
    if (error.code === "ENOENT") return [];
    throw error;
}

async function closed(stream: WriteStream): Promise<void> {
    if (!stream.closed) await once(stream, "close");
}

/** Makes a file, or the names in a folder, outlast a loss of power. */
async function flushed(path: string): Promise<void> {
    const file = await open(path, "r");
    try {
        await file.sync();
    } finally {
        await file.close();
    }
}

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
