// `skep registry login`: this machine's docker trusts the private registry and is logged in to it.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { skepError } from "../../errors";
import { oneLine } from "../../planning/sentence";
import { shellQuote } from "../../planning/shell";
import { runLocal } from "../../providers/runtime/run-local";
import { docker } from "../docker-command";
import type { Options } from "../options";
import { printJson } from "../print";
import { writeClientFiles } from "../stack/client-files";
import { onStanding, type Standing } from "../stack/standing";

const LOGIN_MS = 30_000;
const SUDO_MS = 10_000;
/** Where docker's engine looks for authorities of registries. */
const TRUSTED = "/etc/docker/certs.d";

export interface LoginOptions extends Options {
    /** Prints the commands, and runs nothing. */
    print?: boolean;
}

/** Sets up trust as root or through sudo without a password, else prints how; then logs in. Throws LOGIN_FAILED. */
export function login(options: LoginOptions): Promise<void> {
    return onStanding(options, (standing) => loginOf(standing, options));
}

/** The same on a swarm whose hosts are known. `trusted` is the folder of trusted authorities. */
export async function loginOf(standing: Standing, options: LoginOptions, trusted = TRUSTED): Promise<void> {
    const { stack, outputs, progress } = standing;
    const { url, user } = outputs.registry;
    const server = new URL(url).host;
    const file = join(trusted, server, "ca.crt");
    const ca = join(await writeClientFiles(stack, outputs), "ca.pem");
    const trust = `sudo install -D -m 644 ${shellQuote(ca)} ${shellQuote(file)}`;
    const password = `npm run -s skep -- output registryPassword --stack ${stack}`;
    const enter = `${password} | docker login --username ${user} --password-stdin ${server}`;
    if (options.print) {
        if (options.json) printJson({ server, user, did: "printed", commands: [trust, enter] });
        else console.log(`${trust}\n${enter}`);
        return;
    }
    const isTrusted = await progress.step("Trusting the registry's authority", () =>
        makeTrusted(outputs.ca, file),
    );
    // Docker takes a registry on 127.0.0.1 without any trust, so the login may work all the same.
    if (!isTrusted) progress.note(`Writing ${file} needs root: ${trust}`);
    await progress.step(`Logging in to ${server}`, () =>
        logIn(user, outputs.registryPassword, server, trust),
    );
    if (options.json) printJson({ server, user, did: "logged-in", commands: [trust, enter] });
    else console.log(`docker is logged in to ${server} as ${user}`);
    if (!options.json && !options.quiet) console.log(`\nNext: docker push ${server}/REPOSITORY:TAG`);
}

/** Writes the authority's certificate where docker's engine looks for it. Returns false if that needs a password. */
async function makeTrusted(ca: string, file: string): Promise<boolean> {
    try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, ca);
        return true;
    } catch (error) {
        if (!["EACCES", "EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
        const args = ["-n", "install", "-D", "-m", "644", "/dev/stdin", file];
        return (await runLocal("sudo", args, { input: ca, timeout: SUDO_MS })).code === 0;
    }
}

async function logIn(user: string, password: string, server: string, trust: string): Promise<void> {
    const args = ["login", "--username", user, "--password-stdin", server];
    const print = "skep registry login --print";
    const { code, stderr } = await docker(args, { input: password, timeout: LOGIN_MS, print });
    if (code === 0) return;
    throw skepError(
        "LOGIN_FAILED",
        `docker cannot log in to ${server}: ${oneLine(stderr) || "it did not end in time"}.`,
        `If it does not trust the registry, run: ${trust}.`,
    );
}
