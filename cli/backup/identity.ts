// The keys of backups, in age's form: the project's own pair, which is made at the first backup, or those that are given.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { BACKUP_KEY_FILE } from "../../config/folders";
import { skepError } from "../../errors";
import { keptText } from "../../scripts/setup/kept-random";

const SECRET = /^AGE-SECRET-KEY-(PQ-)?1[A-Z0-9]+$/;

/** Whom a backup is encrypted for. */
export interface Recipient {
    recipient: string;
    /** The secret key, if this machine has it. */
    identity?: string;
    /** Whether the key was made just now, so that nobody has a copy of it yet. */
    isNew: boolean;
}

/**
 * The given recipient, or the project's own one, which is made if there is none yet. Throws BACKUP_RECIPIENT if the given
 * one is none.
 */
export async function recipientOf(given: string | undefined, file = BACKUP_KEY_FILE): Promise<Recipient> {
    const isNew = given === undefined && !existsSync(file);
    if (isNew) keptText(file, keyFile(await newPair()));
    const own = existsSync(file) ? await readKeys(file) : [];
    if (given === undefined) {
        const [identity = ""] = own;
        return { recipient: await identityToRecipient(identity), identity, isNew };
    }
    refuseOther(given);
    const recipients = await Promise.all(own.map((each) => identityToRecipient(each)));
    return { recipient: given, identity: own[recipients.indexOf(given)], isNew };
}

/**
 * The secret keys in the given file, or the project's own one; none if there is neither. Throws BACKUP_IDENTITY if the
 * given file has none.
 */
export async function identitiesOf(given: string | undefined, file = BACKUP_KEY_FILE): Promise<string[]> {
    if (given !== undefined) return readKeys(given);
    return existsSync(file) ? readKeys(file) : [];
}

async function newPair() {
    const identity = await generateX25519Identity();
    return { identity, recipient: await identityToRecipient(identity) };
}

/** As age-keygen writes it, so that age's own command takes it too. */
function keyFile({ identity, recipient }: { identity: string; recipient: string }): string {
    return `# opens the backups of this project\n# public key: ${recipient}\n${identity}\n`;
}

async function readKeys(file: string): Promise<string[]> {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        throw noKey(`${file} cannot be read (${error.code ?? error.message}).`);
    });
    const keys = text.split("\n").map((line) => line.trim());
    const secret = keys.filter((line) => SECRET.test(line));
    if (secret.length === 0) throw noKey(`${file} has no secret key of age's.`);
    return secret;
}

function noKey(problem: string): Error {
    return skepError(
        "BACKUP_IDENTITY",
        problem,
        "Give a file as age-keygen writes it, with a line that begins with AGE-SECRET-KEY-1.",
    );
}

function refuseOther(given: string): void {
    try {
        new Encrypter().addRecipient(given);
    } catch {
        throw skepError(
            "BACKUP_RECIPIENT",
            `"${given}" is no recipient of age's.`,
            "Take the public key that age-keygen prints: it begins with age1.",
        );
    }
}
