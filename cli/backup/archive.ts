// The file of a backup: a tar, encrypted as a whole with age. Its manifest is the last entry, so that a file which was not
// written to its end never has one. Writing and reading hold the managers' data in memory, and the registry's images only
// in pieces.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable, type Writable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter } from "age-encryption";
import { extract, type Pack, pack } from "tar-stream";
import { SkepError, skepError } from "../../errors";
import {
    type BackupManifest,
    MANIFEST_FORM,
    type OpenArchive,
    type SavedManager,
    type SavedRegistry,
} from "../../planning/recovery/manifest";
import { manifestOf } from "./manifest-form";

const MANIFEST = "manifest.json";
const UNLOCK_KEY = "unlock-key";
const MANAGER = /^managers\/([a-z0-9-]+)\.tar\.gz$/;
const PIECE = /^registry\/\d{6}$/;
/** A piece is in memory once while it is read, and once while it is written. */
const PIECE_BYTES = 8 * 1024 * 1024;
const OWNER_ONLY = 0o600;

/** What goes into an archive. */
export interface ArchiveContent {
    /** Everything that the archive does not know of itself. */
    about: Omit<BackupManifest, "form" | "made" | "managers" | "registry">;
    /** Empty without autolock. */
    unlockKey: string;
    managers: readonly { saved: Omit<SavedManager, "sha256" | "bytes">; data: Buffer }[];
    /** The registry's images, and where they are from. They are read once, while the archive is written. */
    registry?: Pick<SavedRegistry, "host" | "volume"> & { images: AsyncIterable<Uint8Array> };
}

/**
 * Writes an archive that the identities of these recipients open, and ends `to`. Returns its manifest. Throws what `to` or
 * the images throw; what was written until then is no archive.
 */
export async function writeArchive(
    content: ArchiveContent,
    recipients: readonly string[],
    to: Writable,
): Promise<BackupManifest> {
    const age = new Encrypter();
    for (const recipient of recipients) age.addRecipient(recipient);
    const tar = pack();
    const filled = fill(tar, content);
    // Its error reaches the reader of the tar, which is the pipeline.
    filled.catch((error: Error) => tar.destroy(error));
    const sealed = await age.encrypt(ReadableStream.from<Uint8Array>(tar as AsyncIterable<Uint8Array>));
    await pipeline(Readable.fromWeb(sealed), to);
    return filled;
}

async function fill(tar: Pack, content: ArchiveContent): Promise<BackupManifest> {
    await add(tar, UNLOCK_KEY, Buffer.from(content.unlockKey));
    const managers: SavedManager[] = [];
    for (const { saved, data } of content.managers) {
        await add(tar, `managers/${saved.name}.tar.gz`, data);
        managers.push({ ...saved, sha256: sha256(data), bytes: data.length });
    }
    const registry = content.registry && (await addRegistry(tar, content.registry));
    const made = new Date().toISOString();
    const manifest: BackupManifest = {
        form: MANIFEST_FORM,
        ...content.about,
        made,
        managers,
        ...(registry && { registry }),
    };
    await add(tar, MANIFEST, Buffer.from(JSON.stringify(manifest, undefined, 2)));
    tar.finalize();
    return manifest;
}

async function addRegistry(
    tar: Pack,
    { host, volume, images }: NonNullable<ArchiveContent["registry"]>,
): Promise<SavedRegistry> {
    const hash = createHash("sha256");
    let bytes = 0;
    let number = 0;
    for await (const piece of inPieces(images)) {
        hash.update(piece);
        bytes += piece.length;
        await add(tar, `registry/${String(number++).padStart(6, "0")}`, piece);
    }
    return { host, volume, bytes, sha256: hash.digest("hex") };
}

/** The same bytes in pieces of one size; the last one may be smaller. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    let held: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of chunks) {
        held.push(chunk);
        size += chunk.length;
        if (size < PIECE_BYTES) continue;
        yield Buffer.concat(held);
        held = [];
        size = 0;
    }
    if (size > 0) yield Buffer.concat(held);
}

/** Adds a file, once the reader of the tar has room for it. */
function add(tar: Pack, name: string, data: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
        const sink = tar.entry({ name, mode: OWNER_ONLY, size: data.length }, (error) =>
            error ? reject(error) : resolve(),
        );
        sink.end(data);
    });
}

/**
 * Reads an archive to its end and checks every checksum. `source` is its path or its bytes; `identities` are age's secret
 * keys. `onImages` gets the pieces of the registry's images in their order; by default they are only checked. Throws
 * BACKUP_FORM if it is none or of another form, BACKUP_KEY if no identity opens it, and BACKUP_DAMAGED.
 */
export async function openArchive(
    source: string | Readable,
    identities: readonly string[],
    onImages?: (piece: Buffer) => Promise<void>,
): Promise<OpenArchive> {
    const sealed = typeof source === "string" ? createReadStream(source) : source;
    try {
        const opened = await unsealed(sealed, identities);
        return await readTar(opened, onImages);
    } finally {
        sealed.destroy();
    }
}

/** Whether one of the identities opens the archive that begins so. Throws BACKUP_FORM if it is no archive. */
export async function opens(beginning: Uint8Array, identities: readonly string[]): Promise<boolean> {
    const whole = ReadableStream.from<Uint8Array>([beginning]);
    try {
        const stream = await decrypterOf(identities).decrypt(whole);
        await stream.cancel();
        return true;
    } catch (error) {
        if (isKeyMissing(error)) return false;
        throw noArchive();
    }
}

async function unsealed(sealed: Readable, identities: readonly string[]): Promise<Readable> {
    const chunks = ReadableStream.from<Uint8Array>(sealed as AsyncIterable<Uint8Array>);
    try {
        return Readable.fromWeb(await decrypterOf(identities).decrypt(chunks));
    } catch (error) {
        if (isSystemError(error)) throw error;
        if (!isKeyMissing(error)) throw noArchive();
        throw skepError(
            "BACKUP_KEY",
            "The backup is encrypted for another key.",
            "Give the file of the key that it was made for: --identity FILE.",
        );
    }
}

function decrypterOf(identities: readonly string[]): Decrypter {
    const age = new Decrypter();
    for (const identity of identities) age.addIdentity(identity);
    return age;
}

async function readTar(
    opened: Readable,
    onImages: (piece: Buffer) => Promise<void> = () => Promise.resolve(),
): Promise<OpenArchive> {
    const tar = extract();
    opened.on("error", (error) => tar.destroy(error)).pipe(tar as unknown as Writable);
    const managers = new Map<string, Buffer>();
    const images = createHash("sha256");
    let unlockKey: string | undefined;
    let manifest: BackupManifest | undefined;
    let bytes = 0;
    try {
        for await (const entry of tar) {
            const { name } = entry.header;
            const [, manager] = MANAGER.exec(name) ?? [];
            if (name === MANIFEST) manifest = manifestOf(await text(entry));
            else if (name === UNLOCK_KEY) unlockKey = await text(entry);
            else if (manager !== undefined) managers.set(manager, await buffer(entry));
            else if (PIECE.test(name)) {
                const piece = await buffer(entry);
                images.update(piece);
                bytes += piece.length;
                await onImages(piece);
            } else throw damaged(`it has a part that does not belong there, ${name}`);
        }
    } catch (error) {
        if (error instanceof SkepError || isSystemError(error)) throw error;
        throw damaged("it was cut short, or bytes of it have changed");
    }
    if (!manifest || unlockKey === undefined) throw damaged("it was not written to its end");
    checkManagers(manifest, managers);
    checkImages(manifest.registry, bytes, images.digest("hex"));
    return { manifest, unlockKey, managers };
}

function checkManagers(manifest: BackupManifest, managers: ReadonlyMap<string, Buffer>): void {
    for (const { name, sha256: wanted } of manifest.managers) {
        const data = managers.get(name);
        if (!data) throw damaged(`the data of ${name} is missing`);
        if (sha256(data) !== wanted) throw damaged(`the data of ${name} is not what was saved`);
    }
    if (managers.size !== manifest.managers.length)
        throw damaged("it has data of managers that its manifest does not name");
}

function checkImages(registry: SavedRegistry | undefined, bytes: number, found: string): void {
    if (!registry && bytes === 0) return;
    if (registry?.bytes !== bytes || registry.sha256 !== found)
        throw damaged("the registry's images are not what was saved");
}

function sha256(data: Buffer): string {
    return createHash("sha256").update(data).digest("hex");
}

function isKeyMissing(error: unknown): boolean {
    return error instanceof Error && error.message.startsWith("no identity matched");
}

/** Whether the file itself could not be read. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
    return error instanceof Error && "syscall" in error;
}

function noArchive(): SkepError {
    return skepError(
        "BACKUP_FORM",
        "This is no backup of Skep's: it does not begin as one.",
        "skep backup list shows the backups there are.",
    );
}

function damaged(how: string): SkepError {
    return skepError(
        "BACKUP_DAMAGED",
        `The backup is damaged: ${how}.`,
        "Take another one: skep backup list shows them.",
    );
}
