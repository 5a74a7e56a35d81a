// A mirror of docker-ce's repository in the official layout. It has the packages that set-up makes from Debian's, signed
// again with a key of its own.

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SUITE = "dists/bookworm";

/** Fills `target` with `linux/debian` of the repository in `source`, and returns the new key's fingerprint. */
export async function resign(source: string, target: string): Promise<string> {
    const debian = join(target, "linux/debian");
    const isBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
    const packages = join(source, "linux/debian", SUITE, "pool");
    // The packages stay where they are; they have a gigabyte.
    await cp(join(source, "linux/debian"), debian, {
        recursive: true,
        filter: (path) => !isBelow(path, packages),
    });
    await symlink(packages, join(debian, SUITE, "pool"));
    const home = await mkdtemp(join(tmpdir(), "skep-test-"));
    const gpg = async (...args: string[]) => {
        const { stdout } = await run("gpg", ["--homedir", home, "--batch", "--yes", "--quiet", ...args]);
        return stdout;
    };
    try {
        await gpg("--passphrase", "", "--quick-gen-key", "A mirror of docker-ce", "ed25519", "sign", "never");
        await gpg("--armor", "--output", join(debian, "gpg"), "--export");
        const release = join(debian, SUITE, "Release");
        await gpg("--clearsign", "--output", join(debian, SUITE, "InRelease"), release);
        await gpg("--armor", "--detach-sign", "--output", `${release}.gpg`, release);
        const keys = await gpg("--with-colons", "--fingerprint");
        const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(keys)?.[1];
        const before = (await readFile(join(source, "fingerprint"), "utf8")).trim();
        if (!fingerprint || fingerprint === before) throw new Error("gpg made no other key");
        return fingerprint;
    } finally {
        await run("gpgconf", ["--homedir", home, "--kill", "all"]).catch(() => undefined);
        await rm(home, { recursive: true, force: true });
    }
}
