// What other labs on this machine have taken, those of other copies of the project included: a folder of the cache names
// the file of every stack that chose something. A reservation is as good as that file: when the stack or its whole clone
// is gone, so is what it had reserved.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, contentHash, withLock, writeWhole } from "../scripts/setup/cache";
import { ownSettings, readConfig } from "../config/file";

/** What of this machine a lab takes, as its file of generated settings has it. */
export interface Ranges {
    labSubnet?: string;
    labPorts?: number;
}

export interface Reserved {
    /** What the stack itself has, also when another command chose it a moment ago. */
    own: Ranges;
    others: Ranges[];
}

const LOCK = "labs";

function reservation(file: string): string {
    return join(cacheFolder(), LOCK, contentHash(file));
}

/** Whether others know of this stack's file. */
export function isReserved(file: string): boolean {
    return existsSync(reservation(file));
}

/**
 * Runs `work`, which chooses and writes `file`, while no other command on this machine chooses: of two that begin at the
 * same moment, the second sees what the first took.
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

/** Others may choose what this stack's file had. */
export async function forgetReservation(file: string): Promise<void> {
    await rm(reservation(file), { force: true });
}

async function rangesIn(file: string): Promise<Ranges | undefined> {
    if (!existsSync(file)) return undefined;
    return ownSettings(await readConfig(file)) as Ranges;
}
