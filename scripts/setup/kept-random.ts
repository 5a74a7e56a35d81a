// Small secret files that are made once and then kept, also when two commands start at the same moment.

import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const MODE = 0o600;

/** The file's text. A missing file gets a text of that many random bytes, and is readable by the user only. */
export function keptRandom(path: string, bytes: number): string {
    return keptText(path, randomBytes(bytes).toString("base64url")).trim();
}

/** The file's text. A missing file gets this one, and is readable by the user only. */
export function keptText(path: string, text: string): string {
    if (!existsSync(path)) {
        mkdirSync(dirname(path), { recursive: true });
        const own = `${path}.${process.pid}`;
        writeFileSync(own, text, { mode: MODE });
        try {
            // A link, unlike a rename, never replaces a file: of two commands one wins, and both read its text.
            linkSync(own, path);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        } finally {
            rmSync(own);
        }
    }
    return readFileSync(path, "utf8");
}
