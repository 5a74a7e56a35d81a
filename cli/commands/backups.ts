// `skep backup list, show and verify`: what the backups are that there are. None of them needs a swarm.

import { buffer } from "node:stream/consumers";
import { SkepError } from "../../errors";
import { ageText } from "../../planning/durations";
import type { BackupManifest } from "../../planning/recovery/manifest";
import { readable } from "../../planning/registry-images";
import { opens } from "../backup/archive";
import { backupsOf, findBackup, openBackup, placeOf, type ReadOptions } from "../backup/find";
import { identitiesOf } from "../backup/identity";
import { BEGINNING_BYTES, type Store } from "../backup/store";
import { progressFor } from "../options";
import { printJson, printNext } from "../print";
import { table, tableLines, wrapped } from "../text";

/** Prints the backups of a stack, the newest first, and whether this machine's key opens them. */
export async function list(options: ReadOptions, now = Date.now()): Promise<void> {
    const { store } = await placeOf(options);
    const identities = await identitiesOf(options.identity);
    const progress = progressFor(options);
    const backups = await progress.step(`Looking into ${store.where}`, async () =>
        Promise.all(
            (await backupsOf(store, options.stack)).map(async ({ name, at, bytes }) => ({
                ...{ name, bytes, begun: new Date(at).toISOString() },
                opens: await isOpened(store, name, identities),
            })),
        ),
    );
    if (options.json) return printJson({ where: store.where, backups });
    const rows = backups.map(({ name, bytes, begun, opens }) => [
        ...[name, ageText(Date.parse(begun), now), readable(bytes)],
        opens === null ? "no backup" : opens ? "opens it" : "another key",
    ]);
    if (rows.length > 0) console.log(table([["BACKUP", "AGE", "SIZE", "THIS KEY"], ...rows]).join("\n"));
    console.log(`${backups.length} backups in ${store.where}`);
    printNext(options, backups.length > 0 ? "backup show" : "backup");
}

/** Whether a key opens the backup, by its beginning alone; null if that is none of a backup. */
async function isOpened(store: Store, name: string, identities: readonly string[]): Promise<boolean | null> {
    const beginning = await buffer(await store.read(name, BEGINNING_BYTES));
    return opens(beginning, identities).catch((error: unknown) => {
        if (error instanceof SkepError) return null;
        throw error;
    });
}

/** Prints what is in a backup, without the unlock key. */
export async function show(given: string | undefined, options: ReadOptions, now = Date.now()): Promise<void> {
    const { found, opened } = await read(given, options);
    if (options.json)
        return printJson({ name: found.name, where: found.store.where, manifest: opened.manifest });
    console.log(manifestLines(found.name, opened.manifest, now).join("\n"));
    printNext(options, `restore ${found.name} --dry-run`);
}

/** Reads a backup to its end, and says whether all of it is what was saved. */
export async function verify(given: string | undefined, options: ReadOptions): Promise<void> {
    const { found, opened } = await read(given, options);
    const { managers, registry } = opened.manifest;
    const bytes = managers.reduce((sum, each) => sum + each.bytes, registry?.bytes ?? 0);
    if (options.json) return printJson({ name: found.name, where: found.store.where, whole: true, bytes });
    console.log(`${found.name} is whole: every checksum of its ${readable(bytes)} is right`);
    printNext(options, `backup show ${found.name}`);
}

async function read(given: string | undefined, options: ReadOptions) {
    const found = await findBackup(given, options);
    const opened = await progressFor(options).step(`Reading ${found.name}`, () => openBackup(found, options));
    return { found, opened };
}

/** What `show` prints: at most 80 columns. */
export function manifestLines(name: string, manifest: BackupManifest, now: number): string[] {
    const { stack, made, skep, clusterId, autolock, managers, members, objects, registry } = manifest;
    const time = `${made.slice(0, 10)} ${made.slice(11, 19)} UTC`;
    const { services, secrets, configs, networks } = objects;
    const named = (what: string, all: readonly { name: string }[]) =>
        wrapped(all.map((each) => each.name).join(", ") || "none", 10, what);
    return [
        name,
        `Stack ${stack}, made ${time}, ${ageText(Date.parse(made), now)} ago, by Skep ${skep}`,
        `Swarm ${clusterId}, ${autolock ? "with the unlock key of its time" : "without autolock"}`,
        ...(registry
            ? [`Images of the registry on ${registry.host}: ${readable(registry.bytes)}`]
            : ["Without the registry's images"]),
        "",
        ...tableLines(
            ["COPY OF", "ADDRESS", "ENGINE", "ENGINE STOPPED", "SIZE"],
            managers.map((each) => [
                ...[each.name, each.address, each.engine, each.at],
                readable(each.bytes),
            ]),
        ),
        "",
        ...tableLines(
            ["MEMBER", "ROLE", "ADDRESS", "STATE", "LABELS"],
            members.map((each) => [
                ...[each.name, each.role, each.address, each.availability],
                Object.entries(each.labels)
                    .map(([label, value]) => `${label}=${value}`)
                    .join(" "),
            ]),
        ),
        "",
        ...tableLines(
            ["SERVICE", "TASKS", "IMAGE"],
            services.map((each) => [
                each.name,
                String(each.replicas ?? "one a node"),
                shortImage(each.image),
            ]),
        ),
        "",
        ...[...named("Secrets", secrets), ...named("Configs", configs), ...named("Networks", networks)],
    ];
}

const SHOWN_DIGEST = 12;

/** The digest first, which says exactly which image it is. */
function shortImage(image: string): string {
    const [name = "", digest] = image.split("@");
    const short = digest?.replace("sha256:", "").slice(0, SHOWN_DIGEST) ?? "no digest";
    return `${short} ${name.split("/").at(-1)}`;
}
