// A manager's key file, as its swarm seals it.

import { generateKeyPairSync } from "node:crypto";

/** A key file as swarm seals it with this unlock key, with swarm's own headers. */
export function sealedKeyFile(unlockKey: string): string {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const passphrase = Buffer.from(unlockKey.replace("SWMKEY-1-", ""), "base64");
    const form = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase } as const;
    const [first, ...rest] = (privateKey.export(form) as string).split("\n");
    return [first, "kek-version: 10", "raft-dek: CAESMEibdqm+0/qQ==", "", ...rest].join("\n");
}
