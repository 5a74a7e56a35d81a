// The file of a backup: what goes in comes out, and nothing else is taken for a backup.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { pack } from "tar-stream";
import { type ArchiveContent, openArchive, opens, writeArchive } from "../../cli/backup/archive";
import { refusedWith } from "../support/refused";

const MEMBER = {
    name: "manager-1",
    nodeId: "n1",
    role: "manager",
    address: "10.0.0.2",
    availability: "active",
    labels: { zone: "lab-a" },
} as const;
const SAVED = { nodeId: "n1", address: "10.0.0.2", engine: "28.5.2", at: "2026-11-27T02:00:00.000Z" };
const ABOUT = {
    skep: "0.1.0",
    stack: "dev",
    clusterId: "c1",
    autolock: true,
    members: [MEMBER],
    objects: {
        services: [{ name: "web", id: "s1", image: "web@sha256:1", replicas: null }],
        secrets: [{ name: "password", id: "s2" }],
        configs: [],
        networks: [],
    },
};
const KEY = "SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8";

function content(more: Partial<ArchiveContent> = {}): ArchiveContent {
    const managers = ["manager-1", "manager-2"].map((name) => ({
        saved: { ...SAVED, name },
        data: randomBytes(200_000),
    }));
    return { about: ABOUT, unlockKey: KEY, managers, ...more };
}

/** Keeps what is written to it. */
function memory() {
    const chunks: Buffer[] = [];
    const to = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) });
    return { to, written: () => Buffer.concat(chunks) };
}

async function archived(
    from: ArchiveContent,
    identity: string,
): Promise<{ file: Buffer; manifest: Awaited<ReturnType<typeof writeArchive>> }> {
    const { to, written } = memory();
    const manifest = await writeArchive(from, [await identityToRecipient(identity)], to);
    return { file: written(), manifest };
}

/** A file with these entries, encrypted as an archive is. */
async function sealedTar(entries: Record<string, string>, identity: string): Promise<Readable> {
    const tar = pack();
    for (const [name, text] of Object.entries(entries)) tar.entry({ name }, text);
    tar.finalize();
    const age = new Encrypter();
    age.addRecipient(await identityToRecipient(identity));
    return Readable.from([Buffer.from(await age.encrypt(await buffer(tar)))]);
}

describe("A backup's archive", () => {
    let identity = "";
    before(async () => {
        identity = await generateX25519Identity();
    });

    it("gives back the managers' data, the unlock key and the manifest", async () => {
        const from = content();
        const { file, manifest } = await archived(from, identity);
        const found = await openArchive(Readable.from([file]), [identity]);
        assert.deepEqual(found.manifest, manifest);
        assert.deepEqual(found.manifest.objects, ABOUT.objects);
        assert.equal(found.unlockKey, KEY);
        assert.deepEqual([...found.managers.keys()], ["manager-1", "manager-2"]);
        for (const { saved, data } of from.managers) assert.deepEqual(found.managers.get(saved.name), data);
    });

    it("has nothing readable in it, not even names", async () => {
        const { file } = await archived(content(), identity);
        for (const word of [KEY, "manager-1", "manifest", "10.0.0.2"]) assert.ok(!file.includes(word), word);
    });

    it("carries the registry's images in pieces, whatever the sizes of the chunks were", async () => {
        const images = randomBytes(20 * 1024 * 1024 + 17);
        const chunks = [images.subarray(0, 3), images.subarray(3, 9_000_000), images.subarray(9_000_000)];
        const registry = { host: "worker-1", volume: "registry_data", images: Readable.from(chunks) };
        const { file, manifest } = await archived(content({ registry }), identity);
        const sha256 = createHash("sha256").update(images).digest("hex");
        const { host, volume } = registry;
        assert.deepEqual(manifest.registry, { host, volume, bytes: images.length, sha256 });
        const pieces: Buffer[] = [];
        const keep = (piece: Buffer) => Promise.resolve(void pieces.push(piece));
        await openArchive(Readable.from([file]), [identity], keep);
        assert.ok(pieces.length > 1, `${pieces.length} pieces`);
        assert.ok(Buffer.concat(pieces).equals(images));
    }).timeout(30_000);

    it("is refused once it is cut short, at any place", async () => {
        const { file } = await archived(content(), identity);
        for (const part of [0.3, 0.6, 0.9, 0.999, (file.length - 1) / file.length]) {
            const cut = file.subarray(0, Math.floor(file.length * part));
            assert.equal(await refusedWith(openArchive(Readable.from([cut]), [identity])), "BACKUP_DAMAGED");
        }
        const chunk = 64 * 1024 + 16;
        const header = file.length % chunk;
        const whole = file.subarray(0, header + chunk * Math.floor((file.length - header) / chunk) - chunk);
        assert.equal(await refusedWith(openArchive(Readable.from([whole]), [identity])), "BACKUP_DAMAGED");
    });

    it("is refused once a byte of it has changed", async () => {
        const { file } = await archived(content(), identity);
        for (const place of [0.1, 0.5, 0.95]) {
            const changed = Buffer.from(file);
            const at = Math.floor(file.length * place);
            changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
            assert.equal(
                await refusedWith(openArchive(Readable.from([changed]), [identity])),
                "BACKUP_DAMAGED",
            );
        }
    });

    it("is opened by its own key only, and says beforehand whether a key is that", async () => {
        const { file } = await archived(content(), identity);
        const other = await generateX25519Identity();
        assert.equal(await refusedWith(openArchive(Readable.from([file]), [other])), "BACKUP_KEY");
        assert.equal(await opens(file.subarray(0, 4096), [other]), false);
        assert.equal(await opens(file.subarray(0, 4096), [other, identity]), true);
        await openArchive(Readable.from([file]), [other, identity]);
    });

    it("is not any file that was encrypted with the same key", async () => {
        const manifest = JSON.stringify({ form: 1 });
        const parts = { "unlock-key": KEY, "manifest.json": manifest };
        const opened = async (entries: Record<string, string>) =>
            refusedWith(openArchive(await sealedTar(entries, identity), [identity]));
        assert.equal(
            await refusedWith(openArchive(Readable.from([randomBytes(9000)]), [identity])),
            "BACKUP_FORM",
        );
        assert.equal(await opened({ "unlock-key": KEY }), "BACKUP_DAMAGED");
        assert.equal(await opened(parts), "BACKUP_DAMAGED");
        assert.equal(await opened({ ...parts, "../evil": "x" }), "BACKUP_DAMAGED");
        assert.equal(await opened({ ...parts, "manifest.json": "{" }), "BACKUP_DAMAGED");
        const newer = JSON.stringify({ form: 2 });
        assert.equal(await opened({ ...parts, "manifest.json": newer }), "BACKUP_FORM");
    });

    it("is refused if a manager's data is not what its manifest names", async () => {
        const { manifest } = await archived(content(), identity);
        const parts = { "unlock-key": KEY, "manifest.json": JSON.stringify(manifest) };
        const opened = async (entries: Record<string, string>) =>
            refusedWith(openArchive(await sealedTar({ ...parts, ...entries }, identity), [identity]));
        assert.equal(await opened({}), "BACKUP_DAMAGED");
        const both = { "managers/manager-1.tar.gz": "x", "managers/manager-2.tar.gz": "y" };
        assert.equal(await opened(both), "BACKUP_DAMAGED");
    });

    it("fails with the error of what it is written to, or read from", async () => {
        const recipient = await identityToRecipient(identity);
        const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
        const to = new Writable({ write: (_chunk, _encoding, done) => done(full) });
        await assert.rejects(writeArchive(content(), [recipient], to), /no space left/);
        // eslint-disable-next-line require-yield
        const images = (async function* (): AsyncGenerator<Uint8Array> {
            await Promise.resolve();
            throw new Error("the host is gone");
        })();
        const registry = { host: "worker-1", volume: "registry_data", images };
        await assert.rejects(
            writeArchive(content({ registry }), [recipient], memory().to),
            /the host is gone/,
        );
        await assert.rejects(openArchive("/nonexistent/file.skep", [identity]), /ENOENT/);
    });
});
