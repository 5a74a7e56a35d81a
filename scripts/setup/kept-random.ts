// Small files with something random that is made once and then kept, also when two commands begin at the same moment.

import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const MODE = 0o600;

/** What the file holds; when it is missing, `bytes` random ones as text, readable by the user alone. */
export function keptRandom(path: string, bytes: number): string {
    if (!existsSync(path)) {
        mkdirSync(dirname(path), { recursive: true });
        const text = randomBytes(bytes).toString("base64url");
        const own = `${path}.${process.pid}`;
        writeFileSync(own, text, { mode: MODE });
        try {
            // A link never replaces what is there: of two that begin together, one wins, and both read that one.
            linkSync(own, path);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        } finally {
            rmSync(own);
        }
    }
    return readFileSync(path, "utf8").trim();
}
