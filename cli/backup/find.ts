// Finds a backup by what a user types, and opens it.

import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { ownSettings, readConfig } from "../../config/file";
import { settingsFile } from "../../config/folders";
import { checkSettings, type Settings } from "../../config/settings";
import { SkepError, skepError } from "../../errors";
import { type Archive, archiveOf } from "../../planning/recovery/archives";
import type { OpenArchive } from "../../planning/recovery/manifest";
import { type Options } from "../options";
import { openArchive } from "./archive";
import { identitiesOf } from "./identity";
import { type Store, storeAt, type Stored } from "./store";

/** Where the backups are. */
export interface PlaceOptions extends Options {
    /** Instead of `skep:backup.to`. */
    to?: string;
}

export interface ReadOptions extends PlaceOptions {
    /** The file of the secret key. Default: the project's own. */
    identity?: string;
}

/** A backup in a store. */
export interface Found {
    store: Store;
    name: string;
}

/** The stack's settings, and where its backups are. Throws what is wrong with the settings. */
export async function placeOf({ stack, to }: PlaceOptions): Promise<{ settings: Settings; store: Store }> {
    const { settings, problems } = checkSettings(stack, ownSettings(await readConfig(settingsFile(stack))));
    if (!settings) throw new SkepError(problems);
    return { settings, store: await storeAt(to ?? settings.backup.to, settings.aws?.region) };
}

/** The backups of this stack in a store, the newest first. */
export async function backupsOf(store: Store, stack: string): Promise<(Archive & Stored)[]> {
    return (await store.list())
        .flatMap((stored) => {
            const archive = archiveOf(stored.name);
            return archive?.stack === stack ? { ...archive, ...stored } : [];
        })
        .sort((one, other) => other.at - one.at);
}

/** The backup that is meant: a file, an object as `s3://BUCKET/KEY`, a name in the store, or without either the newest of the stack. Throws BACKUP_NONE. */
export async function findBackup(given: string | undefined, options: PlaceOptions): Promise<Found> {
    const [, folder, object] = /^(s3:\/\/.+)\/([^/]+)$/.exec(given ?? "") ?? [];
    if (folder !== undefined && object !== undefined) {
        const { settings } = await placeOf(options);
        return { store: await storeAt(folder, settings.aws?.region), name: object };
    }
    if (given !== undefined && (given.includes("/") || existsSync(given))) {
        const path = resolve(given);
        return { store: await storeAt(dirname(path)), name: basename(path) };
    }
    const { store } = await placeOf(options);
    if (given !== undefined) return { store, name: given };
    const [newest] = await backupsOf(store, options.stack);
    if (newest) return { store, name: newest.name };
    throw skepError(
        "BACKUP_NONE",
        `The stack "${options.stack}" has no backup in ${store.where}.`,
        "Make one with skep backup, or name where they are: --to DIR or --to s3://BUCKET/PREFIX.",
    );
}

/** Reads a backup to its end. Throws as findBackup and openArchive do. */
export async function openBackup({ store, name }: Found, { identity }: ReadOptions): Promise<OpenArchive> {
    const identities = await identitiesOf(identity);
    return openArchive(await store.read(name), identities);
}
