// What other labs on this machine have taken, including those of other copies of the project. A folder of the cache names
// the file of every stack that chose something. A reservation lasts as long as that file: when the stack or its whole
// clone is gone, so is its reservation.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, contentHash, withLock, writeWhole } from "../scripts/setup/cache";
import { ownSettings, readConfig } from "../config/file";

/** What a lab takes from this machine, as its file of facts records it. */
export interface Ranges {
    labSubnet?: string;
    labPorts?: number;
}

export interface Reserved {
    /** What the stack itself has, even if another command chose it a moment ago. */
    own: Ranges;
    others: Ranges[];
}

const LOCK = "labs";

function reservation(file: string): string {
    return join(cacheFolder(), LOCK, contentHash(file));
}

/** Whether others see a reservation for this stack's file. */
export function isReserved(file: string): boolean {
    return existsSync(reservation(file));
}

/**
 * Runs `work`, which chooses and writes `file`, while no other command on this machine chooses. If two begin at the same
 * moment, the second one sees what the first one took.
 */
export async function reserving<T>(file: string, work: (reserved: Reserved) => Promise<T>): Promise<T> {
    const folder = join(cacheFolder(), LOCK);
    await mkdir(folder, { recursive: true });
    return withLock(LOCK, async () => {
        const others: Ranges[] = [];
        for (const name of await readdir(folder)) {
            const other = await readFile(join(folder, name), "utf8");
            if (other === file) continue;
            const ranges = await rangesIn(other);
            if (ranges) others.push(ranges);
            else await rm(join(folder, name), { force: true });
        }
        const result = await work({ own: (await rangesIn(file)) ?? {}, others });
        await writeWhole(reservation(file), file);
        return result;
    });
}

/** Removes the reservation, so that others may choose what this stack had. */
export async function forgetReservation(file: string): Promise<void> {
    await rm(reservation(file), { force: true });
}

async function rangesIn(file: string): Promise<Ranges | undefined> {
    if (!existsSync(file)) return undefined;
    return ownSettings(await readConfig(file)) as Ranges;
}
