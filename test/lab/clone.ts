// A second clone of the project on this machine: the files that git tracks or would add, in a repository of their own.

import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PASSPHRASE_FILE, STATE_FOLDER } from "../../config/folders";
import { CLONES } from "../run/leftovers";
import { Lab } from "./lab";

const ROOT = resolve(__dirname, "../..");

/** The stack in another clone that has its state and its passphrase, and nothing else that Skep has written. */
export function sharingClone({ stack }: Lab): Lab {
    return new Lab(stack, makeClone(), {
        PULUMI_BACKEND_URL: `file://${STATE_FOLDER}`,
        PULUMI_CONFIG_PASSPHRASE_FILE: PASSPHRASE_FILE,
    });
}

/** Makes a clone in a folder with a space in its path. It uses the packages of this clone. */
export function makeClone(): string {
    mkdirSync(CLONES, { recursive: true });
    const folder = mkdtempSync(join(CLONES, "clone-"));
    const git = (cwd: string, ...args: string[]) => execFileSync("git", args, { cwd, encoding: "utf8" });
    const files = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0");
    for (const file of files.filter((name) => name !== "" && existsSync(join(ROOT, name)))) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        cpSync(join(ROOT, file), join(folder, file));
    }
    git(folder, "init", "-q");
    git(folder, "add", "-A");
    // The project ignores the folder node_modules, but not a link with that name.
    appendFileSync(join(folder, ".git/info/exclude"), "/node_modules\n");
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    const author = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"];
    git(folder, ...author, "commit", "-q", "-m", "A copy");
    return folder;
}
