// Pulumi's file backend keeps a copy of the state for every operation, and never removes one.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { STATE_FOLDER } from "../../config/folders";
import { PROJECT_NAME } from "./state";

/** How many operations' copies stay. */
export const KEPT = 100;

/** Removes all but the newest copies of a stack on the project's own backend. `folder` is the backend's. */
export async function pruneHistory(stack: string, folder = STATE_FOLDER): Promise<void> {
    if (process.env.PULUMI_BACKEND_URL !== undefined) return;
    for (const kind of ["history", "backups"]) {
        const place = join(folder, ".pulumi", kind, PROJECT_NAME, stack);
        const names = await readdir(place).catch(() => []);
        for (const name of outdated(names)) await rm(join(place, name), { force: true });
    }
}

/** The files of all operations but the newest. Each has its operation's time, in nanoseconds, in its name. No I/O. */
export function outdated(names: readonly string[], kept = KEPT): string[] {
    const timeOf = (name: string) => /[-.](\d{19})\./.exec(name)?.[1];
    const times = [...new Set(names.flatMap((name) => timeOf(name) ?? []))].sort();
    const old = new Set(times.slice(0, Math.max(times.length - kept, 0)));
    return names.filter((name) => old.has(timeOf(name) ?? ""));
}
