// What other labs on this machine have taken, including those of other copies of the project. A folder of the cache names
// the file of every stack that chose something. A reservation lasts as long as that file: when the stack or its whole
// clone is gone, so is its reservation.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder, contentHash, withLock, writeWhole } from "../scripts/setup/cache";
import { ownSettings, readConfig } from "../config/file";
import { SkepError } from "../errors";
import { reasonOf } from "../planning/sentence";
import { dockerClient } from "../scripts/setup/docker";
import { objectsOf } from "./project";

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
 * moment, the second one sees what the first one took. `note` tells the user of files of others that cannot be read.
 */
export async function reserving<T>(
    file: string,
    note: (text: string) => void,
    work: (reserved: Reserved) => Promise<T>,
): Promise<T> {
    const folder = join(cacheFolder(), LOCK);
    await mkdir(folder, { recursive: true });
    return withLock(LOCK, async () => {
        const result = await work(await reservedNow(file, note, true));
        await writeWhole(reservation(file), file);
        return result;
    });
}

/**
 * What this stack's file and the other stacks on this machine have now. With `forget`, removes the reservations of stacks
 * that are gone.
 */
export async function reservedNow(
    file: string,
    note: (text: string) => void,
    forget = false,
): Promise<Reserved> {
    const folder = join(cacheFolder(), LOCK);
    const others: Ranges[] = [];
    for (const name of existsSync(folder) ? await readdir(folder) : []) {
        const other = await readFile(join(folder, name), "utf8");
        if (other === file) continue;
        const ranges = await rangesOf(other, note);
        if (ranges) others.push(...ranges);
        else if (forget) await rm(join(folder, name), { force: true });
    }
    return { own: (await rangesIn(file)) ?? {}, others };
}

/** Removes the reservation, so that others may choose what this stack had. */
export async function forgetReservation(file: string): Promise<void> {
    await rm(reservation(file), { force: true });
}

/**
 * What the stack of another file has; undefined if the file is gone. If it cannot be read, each port that Docker shows for
 * a stack of this name stands for a block. Docker shows all networks anyway.
 */
async function rangesOf(file: string, note: (text: string) => void): Promise<Ranges[] | undefined> {
    try {
        const ranges = await rangesIn(file);
        return ranges && [ranges];
    } catch (error) {
        const isBug = !(error instanceof SkepError) && (error as NodeJS.ErrnoException).code === undefined;
        if (isBug) throw error;
        note(`What the lab of ${file} has is taken from Docker: ${reasonOf(error)}`);
        const docker = dockerClient();
        const filters = objectsOf(basename(file, ".yaml"), "any");
        const listed = await docker.listContainers({ all: true, filters });
        const found = await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()));
        const bound = found.flatMap(({ HostConfig }) => Object.values(HostConfig.PortBindings ?? {}).flat());
        return (bound as { HostPort: string }[]).map(({ HostPort }) => ({ labPorts: Number(HostPort) }));
    }
}

async function rangesIn(file: string): Promise<Ranges | undefined> {
    if (!existsSync(file)) return undefined;
    return ownSettings(await readConfig(file)) as Ranges;
}
