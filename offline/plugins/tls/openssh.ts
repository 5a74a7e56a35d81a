// OpenSSH's formats of keys: authorized_keys lines, fingerprints, and private keys (openssh-key-v1, PROTOCOL.key). Not
// ssh2's generator: 3 of 1000 ED25519 keys that it made could not be read, not even by ssh2.
import { createHash, randomBytes, type JsonWebKey, type KeyObject } from "node:crypto";

interface SshKey {
    type: string;
    publicBlob: Buffer;
    privateFields: Buffer;
}

/** A string of the SSH protocol: its length, then its bytes. */
function sshString(value: Buffer | string): Buffer {
    const bytes = Buffer.from(value as Buffer);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
}

/** An mpint of the SSH protocol: no leading zeros, except one where the first bit would make it negative. */
function sshInteger(bytes: Buffer): Buffer {
    const first = bytes.findIndex((byte) => byte !== 0);
    const significant = first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
    const negative = ((significant[0] ?? 0) & 0x80) !== 0;
    return sshString(negative ? Buffer.concat([Buffer.from([0]), significant]) : significant);
}

function field(key: JsonWebKey, name: keyof JsonWebKey): Buffer {
    return Buffer.from(String(key[name]), "base64url");
}

function ed25519(key: JsonWebKey): SshKey {
    const type = "ssh-ed25519";
    const point = field(key, "x");
    const publicBlob = Buffer.concat([sshString(type), sshString(point)]);
    const both = Buffer.concat([field(key, "d"), point]);
    return { type, publicBlob, privateFields: Buffer.concat([publicBlob, sshString(both)]) };
}

function ecdsa(key: JsonWebKey): SshKey {
    const curve = "nistp256";
    const type = `ecdsa-sha2-${curve}`;
    const point = Buffer.concat([Buffer.from([4]), field(key, "x"), field(key, "y")]);
    const publicBlob = Buffer.concat([sshString(type), sshString(curve), sshString(point)]);
    return { type, publicBlob, privateFields: Buffer.concat([publicBlob, sshInteger(field(key, "d"))]) };
}

function sshKey(key: KeyObject): SshKey {
    const jwk = key.export({ format: "jwk" });
    return key.asymmetricKeyType === "ed25519" ? ed25519(jwk) : ecdsa(jwk);
}

/** The unencrypted private key as `ssh-keygen` writes it. */
export function opensshPrivateKey(key: KeyObject): string {
    const { publicBlob, privateFields } = sshKey(key);
    const noCipher = [sshString("none"), sshString("none"), sshString("")];
    const one = Buffer.from([0, 0, 0, 1]);
    // Readers compare the two copies of this number to see whether a decryption worked.
    const check = randomBytes(4);
    const secret = padded(Buffer.concat([check, check, privateFields, sshString("")]));
    const magic = Buffer.from("openssh-key-v1\0");
    const body = Buffer.concat([magic, ...noCipher, one, sshString(publicBlob), sshString(secret)]);
    return pem("OPENSSH PRIVATE KEY", body);
}

/** Fills the last block of 8 bytes with 1, 2, 3... */
function padded(bytes: Buffer): Buffer {
    const missing = (8 - (bytes.length % 8)) % 8;
    return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, place) => place + 1))]);
}

function pem(label: string, bytes: Buffer): string {
    const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
    return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** The public key as a line of authorized_keys, and its two fingerprints. */
export function opensshPublicKey(key: KeyObject): { line: string; md5: string; sha256: string } {
    const { type, publicBlob } = sshKey(key);
    const md5 = createHash("md5").update(publicBlob).digest("hex").match(/../g) ?? [];
    const sha256 = createHash("sha256").update(publicBlob).digest("base64").replace(/=+$/, "");
    return {
        line: `${type} ${publicBlob.toString("base64")}\n`,
        md5: md5.join(":"),
        sha256: `SHA256:${sha256}`,
    };
}
