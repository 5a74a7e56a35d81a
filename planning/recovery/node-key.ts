// A manager's key file, swarm/certificates/swarm-node.key: the node's private key as PEM, and in the PEM's headers the keys
// of the manager's raft log. In a swarm with autolock the unlock key encrypts all of them. The format is swarmkit's
// (ca/keyreadwriter.go, manager/deks.go, manager/encryption).

import { createDecipheriv, createHmac, createPrivateKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { BinaryReader, BinaryWriter } from "google-protobuf";
import { skepError } from "../../errors";

const PREFIX = "SWMKEY-1-";
/** The headers with an encrypted key of the raft log: the current one, and the next one while swarm changes it. */
const LOG_KEYS = ["raft-dek", "raft-dek-pending"];
/** PEM's own headers of an encrypted key, in files from before Docker 18.09. */
const PEM_ENCRYPTION = ["Proc-Type", "DEK-Info"];

interface KeyFile {
    /** What the PEM says that it is, such as `ENCRYPTED PRIVATE KEY`. */
    type: string;
    headers: Map<string, string>;
    /** Base 64, in lines. */
    body: string;
}

/** Whether an unlock key encrypts this key file. Throws KEY_FILE_UNREADABLE for a text that is no PEM. */
export function isLockedKey(pem: string): boolean {
    return isLocked(parse(pem));
}

/** Whether this unlock key opens a locked key file; false too for a text that is no key file. */
export function opensNodeKey(pem: string, unlockKey: string): boolean {
    try {
        decryptedKey(parse(pem), keyBytes(unlockKey));
        return true;
    } catch {
        return false;
    }
}

/**
 * The text of a manager's key file without encryption, as swarm writes it when autolock is switched off: with it in place,
 * the engine starts this manager without being unlocked. Its version of the unlock key is 0, so the manager takes any newer
 * one from the swarm. A file that is not encrypted is returned as it is.
 *
 * Throws KEY_WRONG if the unlock key (`SWMKEY-1-...`) does not open the file, and KEY_FILE_UNREADABLE if the file is not a
 * manager's key file or is damaged.
 */
export function openNodeKey(pem: string, unlockKey: string): string {
    const file = parse(pem);
    if (!isLocked(file)) return pem;
    const unlocking = keyBytes(unlockKey);
    const key = decryptedKey(file, unlocking);
    const headers = [...new Map(file.headers).set("kek-version", "0")]
        .filter(([name]) => !PEM_ENCRYPTION.includes(name))
        .map(
            ([name, value]) =>
                [name, LOG_KEYS.includes(name) ? plainLogKey(value, unlocking) : value] as const,
        )
        .sort();
    const isOld = file.type === "EC PRIVATE KEY";
    const plain = parse(key.export({ type: isOld ? "sec1" : "pkcs8", format: "pem" }) as string);
    return formatted({ ...plain, headers: new Map(headers) });
}

function parse(pem: string): KeyFile {
    const [, type, content] = /^-----BEGIN (.+)-----\n([^]+)^-----END \1-----$/m.exec(pem) ?? [];
    if (!type || !content) throw unreadable("it is not in PEM format");
    const lines = content.trimEnd().split("\n");
    const isHeader = (line: string) => line.includes(":");
    const headers = lines.filter(isHeader).map((line) => {
        const [name = "", ...value] = line.split(":");
        return [name.trim(), value.join(":").trim()] as const;
    });
    const body = lines.filter((line) => line !== "" && !isHeader(line)).join("\n");
    return { type, headers: new Map(headers), body };
}

function formatted({ type, headers, body }: KeyFile): string {
    const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
    const head = lines.length > 0 ? [...lines, ""] : [];
    return [`-----BEGIN ${type}-----`, ...head, body, `-----END ${type}-----`, ""].join("\n");
}

function isLocked({ type, headers }: KeyFile): boolean {
    return type === "ENCRYPTED PRIVATE KEY" || headers.has("DEK-Info");
}

function keyBytes(unlockKey: string): Buffer {
    if (!unlockKey.startsWith(PREFIX)) throw wrongKey();
    return Buffer.from(unlockKey.slice(PREFIX.length), "base64");
}

function decryptedKey(file: KeyFile, passphrase: Buffer): KeyObject {
    // OpenSSL does not know swarm's headers.
    const headers = new Map([...file.headers].filter(([name]) => PEM_ENCRYPTION.includes(name)));
    try {
        return createPrivateKey({ key: formatted({ ...file, headers }), passphrase });
    } catch {
        throw wrongKey();
    }
}

/** swarmkit's MaybeEncryptedRecord. */
interface LogKeyRecord {
    algorithm: number;
    data: Uint8Array;
    nonce: Uint8Array;
}

function plainLogKey(value: string, unlocking: Buffer): string {
    const record = readRecord(Buffer.from(value, "base64"));
    const plain = decrypted(record, unlocking);
    if (!plain) throw unreadable("the key of its raft log is damaged");
    const writer = new BinaryWriter();
    writer.writeBytes(2, plain);
    return Buffer.from(writer.getResultBuffer()).toString("base64");
}

function readRecord(bytes: Uint8Array): LogKeyRecord {
    const record: LogKeyRecord = { algorithm: 0, data: new Uint8Array(), nonce: new Uint8Array() };
    try {
        const reader = new BinaryReader(bytes);
        while (reader.nextField()) {
            const field = reader.getFieldNumber();
            if (field === 1) record.algorithm = reader.readEnum();
            else if (field === 2) record.data = reader.readBytes();
            else if (field === 3) record.nonce = reader.readBytes();
            else reader.skipField();
        }
        return record;
    } catch {
        throw unreadable("the key of its raft log is damaged");
    }
}

/** What is in the record; undefined if the key does not open it. */
function decrypted({ algorithm, data, nonce }: LogKeyRecord, key: Buffer): Uint8Array | undefined {
    try {
        if (algorithm === 1) return xsalsa20poly1305(key, nonce).decrypt(data);
        if (algorithm === 2)
            return fernet(Buffer.from(Buffer.from(data).toString("latin1"), "base64url"), key);
        return undefined;
    } catch {
        return undefined;
    }
}

/** Opens a Fernet token (github.com/fernet/spec), which engines in FIPS mode write. Throws if the key does not open it. */
function fernet(token: Buffer, key: Buffer): Uint8Array {
    const signed = token.subarray(0, -32);
    const mac = createHmac("sha256", key.subarray(0, 16)).update(signed).digest();
    if (!timingSafeEqual(mac, token.subarray(-32))) throw new Error("another key");
    const cipher = createDecipheriv("aes-128-cbc", key.subarray(16), signed.subarray(9, 25));
    return Buffer.concat([cipher.update(signed.subarray(25)), cipher.final()]);
}

function wrongKey() {
    return skepError(
        "KEY_WRONG",
        "The unlock key does not open the manager's key file.",
        "Use the key that the manager had when the file was written: a backup has it inside.",
    );
}

function unreadable(why: string) {
    return skepError(
        "KEY_FILE_UNREADABLE",
        `The manager's key file cannot be read: ${why}.`,
        "Use a backup of this manager, or let it leave the swarm and join again.",
    );
}
