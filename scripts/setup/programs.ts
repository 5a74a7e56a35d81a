// Runs other programs for setup, each with a time limit; an error names the step and shows the last lines of output. Also
// installs Debian packages. Node's own execFile does it: loading execa takes 250 ms, more than a command's whole start-up may
// grow, and its process groups would take the terminal away from sudo.

import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { type ProblemId, skepError } from "../../errors";
import type { Progress } from "./progress";
import { withLock } from "./cache";
import { diskFull, saysDiskFull } from "./disk";

export interface RunOptions {
    /** The step as a noun phrase, for the error. */
    what: string;
    /** Default 60. */
    timeoutSeconds?: number;
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    /** What to do when it fails; one sentence. */
    advice?: string;
}

const SHOWN_LINES = 12;

/** Runs a program to its end and returns its stdout. */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<string> {
    const { what, timeoutSeconds = 60, cwd, env, advice = "Fix what it says and try again." } = options;
    const end = await execute(file, args, { timeoutSeconds, cwd, env });
    if (end.ok) return end.stdout;
    const problem = (id: ProblemId, text: string) => skepError(id, text, advice);
    if (end.missing) throw problem("SETUP_PROGRAM_MISSING", `There is no program "${file}" here.`);
    if (saysDiskFull(end.stdout + end.stderr)) throw await diskFull(what);
    const sentence = capital(what);
    if (end.timedOut) throw problem("SETUP_TIMEOUT", `${sentence} took more than ${timeoutSeconds} seconds.`);
    const tail = `${end.stdout}${end.stderr}`.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
    throw problem("SETUP_FAILED", `${sentence} failed (${file}):\n${tail}\n`);
}

/** Like `run`, for files that other users must read, such as packages for hosts: a umask of 077 would hide them. */
export function runForAll(file: string, args: readonly string[], options: RunOptions): Promise<string> {
    return run("sh", ["-c", 'umask 022 && exec "$0" "$@"', file, ...args], options);
}

/** The program's stdout when it succeeds within 10 seconds, else undefined. */
export async function tryRun(file: string, args: readonly string[]): Promise<string | undefined> {
    const end = await execute(file, args, { timeoutSeconds: 10 });
    return end.ok ? end.stdout : undefined;
}

interface End {
    ok: boolean;
    missing: boolean;
    timedOut: boolean;
    stdout: string;
    stderr: string;
}

function execute(
    file: string,
    args: readonly string[],
    { timeoutSeconds, cwd, env }: { timeoutSeconds: number; cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<End> {
    return new Promise((resolve) => {
        const options = {
            timeout: timeoutSeconds * 1000,
            killSignal: "SIGKILL",
            maxBuffer: 64 * 1024 * 1024,
            cwd,
            env: { ...process.env, ...env },
        } as const;
        const child = execFile(file, args, options, (error, stdout, stderr) =>
            resolve({
                ok: error === null,
                missing: (error as NodeJS.ErrnoException | null)?.code === "ENOENT",
                timedOut: error?.signal === "SIGKILL",
                stdout,
                stderr,
            }),
        );
        // A program that asks something reads an end of file, instead of waiting for ever.
        child.stdin?.end();
    });
}

/** The text with its first letter in upper case. */
export function capital(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Whether this machine installs Debian packages (Debian, Ubuntu and their kin). */
export function hasApt(): boolean {
    return existsSync("/usr/bin/apt-get");
}

/** What to put before a command that needs root: nothing for root, else sudo; undefined when sudo may not be used. Asks on a terminal only. */
export async function becomeRoot(why: string): Promise<string[] | undefined> {
    if (process.getuid?.() === 0) return [];
    if (!existsSync("/usr/bin/sudo")) return undefined;
    if ((await tryRun("sudo", ["-n", "true"])) !== undefined) return ["sudo", "-n"];
    if (!process.stdin.isTTY) return undefined;
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await prompt.question(`${why} Use sudo for it? [Y/n] `);
    prompt.close();
    if (/^n/i.test(answer.trim())) return undefined;
    // sudo asks for the password here and remembers it for the commands that follow.
    const { status } = spawnSync("sudo", ["-v"], { stdio: "inherit", timeout: 120_000 });
    return status === 0 ? ["sudo", "-n"] : undefined;
}

// dpkg allows one installation at a time. Steps that run side by side queue here instead of at its lock.
let installing: Promise<unknown> = Promise.resolve();

/** Installs the Debian packages that are missing, as a step of the progress; throws SETUP_PACKAGES where that is impossible. */
export async function installPackages(
    progress: Progress,
    packages: readonly string[],
    purpose: string,
): Promise<void> {
    const task = installing.then(async () => {
        const missing: string[] = [];
        for (const name of packages) if (!(await isInstalled(name))) missing.push(name);
        if (missing.length === 0) return;
        const names = missing.join(" ");
        const root = hasApt()
            ? await becomeRoot(`${purpose} needs the Debian packages ${names}.`)
            : undefined;
        if (!root)
            throw skepError("SETUP_PACKAGES", `${purpose} needs ${names}.`, "Install them and try again.");
        await withLock(
            "apt",
            () => progress.step(`Installing ${names}`, () => aptInstall(root, missing)),
            progress,
        );
    });
    installing = task.catch(() => undefined);
    await task;
}

async function isInstalled(name: string): Promise<boolean> {
    return (await tryRun("dpkg-query", ["-W", "-f", "${Status}", name])) === "install ok installed";
}

let listsAreNew = false;

async function aptInstall(root: readonly string[], packages: readonly string[]): Promise<void> {
    const apt = async (...args: string[]) => {
        const [file = "", ...rest] = [
            ...root,
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
            "-y",
        ];
        const options = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"];
        return run(file, [...rest, ...options, ...args], { what: `apt-get ${args[0]}`, timeoutSeconds: 300 });
    };
    // Package lists are missing on many machines, or name files that the mirror has removed.
    if (!listsAreNew) await apt("update");
    listsAreNew = true;
    await apt("install", "--no-install-recommends", ...packages);
}
