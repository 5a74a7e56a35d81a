// This machine's own ssh and scp, with the key and the pinned host keys that Skep has written for them. They carry what a
// person types and sees; Skep's own work goes through swarm/ssh.ts.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { skepError } from "../../errors";
import { PROBE_MS } from "../../swarm/host";
import { writeClientFiles } from "./client-files";
import type { Standing, StandingHost } from "./standing";

/** The exit code of ssh when the connection fails. A command on the host may end with it, too. */
const SSH_FAILED = 255;

/** How ssh or scp ended. */
export interface Ended {
    code: number;
    /** What it said, if it was not shown. */
    said: string;
}

/**
 * Runs `ssh` to this host, on this terminal, with this command for the host's shell, or with a shell of the user's. Returns
 * the command's exit code. If the host cannot be reached, throws why.
 */
export async function sshTo(
    standing: Standing,
    { host, name }: StandingHost,
    command: string | undefined,
): Promise<number> {
    // As on a terminal of the host's own, so that pagers and password questions work.
    const isTyped = process.stdin.isTTY && process.stdout.isTTY;
    const terminal = isTyped ? ["-t"] : [];
    const args = [
        "-o",
        "LogLevel=ERROR",
        ...terminal,
        name,
        ...(command === undefined ? [] : ["--", command]),
    ];
    const { code } = await run(standing, "ssh", args, "inherit");
    // Skep's own connection says in one sentence what is wrong with the host.
    if (code === SSH_FAILED) await host.exec("true", { signal: standing.ctx.signal, timeoutMs: PROBE_MS });
    return code;
}

/** Copies with `scp`: folders whole, with times and modes. Shows its progress on a terminal. */
export function scp(standing: Standing, from: string, to: string, isQuiet: boolean): Promise<Ended> {
    const quiet = isQuiet || !process.stdout.isTTY ? ["-q"] : [];
    return run(standing, "scp", ["-r", "-p", ...quiet, "--", from, to], "pipe");
}

async function run(
    { stack, outputs, ctx }: Standing,
    program: "ssh" | "scp",
    args: readonly string[],
    stderr: "inherit" | "pipe",
): Promise<Ended> {
    const config = join(await writeClientFiles(stack, outputs), "ssh-config");
    return new Promise((resolve, reject) => {
        const child = spawn(program, ["-F", config, ...args], { stdio: ["inherit", "inherit", stderr] });
        let said = "";
        child.stderr?.on("data", (chunk) => (said += String(chunk)));
        const stop = () => void child.kill("SIGTERM");
        ctx.signal.addEventListener("abort", stop);
        child.on("error", (error: NodeJS.ErrnoException) =>
            reject(error.code === "ENOENT" ? missing(program) : error),
        );
        child.on("close", (code) => {
            ctx.signal.removeEventListener("abort", stop);
            resolve({ code: code ?? SSH_FAILED, said: said.trim() });
        });
    });
}

function missing(program: string): Error {
    return skepError(
        "SSH_MISSING",
        `This machine has no program "${program}".`,
        "Install OpenSSH's client, on Debian and Ubuntu with: sudo apt-get install openssh-client.",
    );
}
