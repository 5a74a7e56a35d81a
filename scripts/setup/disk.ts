// The error for a full disk, for every step of setup.

import { statfs } from "node:fs/promises";
import { SkepError, skepError } from "../../errors";
import { cacheFolder } from "./cache";

const MEGABYTE = 1024 * 1024;

/** Whether a program's output says that a disk or a quota is full. */
export function saysDiskFull(text: string): boolean {
    return /no space left on device|\bENOSPC\b|\bEDQUOT\b|disk quota exceeded/i.test(text);
}

/** The error for a full disk. `doing` is the step as a noun phrase. */
export async function diskFull(doing: string): Promise<SkepError> {
    const folder = cacheFolder();
    const free = await statfs(folder).then(
        ({ bavail, bsize }) => `${Math.floor((bavail * bsize) / MEGABYTE)} MB are free`,
        () => "its free space is unknown",
    );
    return skepError(
        "DISK_FULL",
        `A disk is full: ${doing} could not write (on the disk of ${folder}, ${free}).`,
        "Free 10 GB there and where Docker keeps its data, or set XDG_CACHE_HOME to a folder elsewhere, and try again.",
    );
}

/** DISK_FULL for an error that a full disk caused, any other error as it is. */
export async function explained(error: unknown, doing = "set-up"): Promise<unknown> {
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    return code === "ENOSPC" || code === "EDQUOT" ? diskFull(doing) : error;
}
