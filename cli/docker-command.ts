// The user's own docker command, and other programs of this machine that get their input from Skep.

import { spawn } from "node:child_process";
import { skepError } from "../errors";

/** How a program ended. Its code is null after a signal, and undefined if there is no such program. */
export interface Ended {
    code: number | null | undefined;
    stdout: string;
    stderr: string;
}

/** Runs a program of this machine with a standard input, for at most `timeout` milliseconds. */
export function runLocal(
    program: string,
    args: readonly string[],
    { input = "", timeout }: { input?: string; timeout: number },
): Promise<Ended> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { timeout });
        const said = { stdout: "", stderr: "" };
        for (const name of ["stdout", "stderr"] as const)
            child[name].setEncoding("utf8").on("data", (text: string) => (said[name] += text));
        child.stdin.on("error", () => undefined); // it may end before it has read all
        child.on("error", (error: NodeJS.ErrnoException) =>
            error.code === "ENOENT" ? resolve({ code: undefined, ...said }) : reject(error),
        );
        child.on("close", (code) => resolve({ code, ...said }));
        child.stdin.end(input);
    });
}

/** Runs docker. Throws DOCKER_COMMAND if this machine has none; `print` is the command that shows what it would run. */
export async function docker(
    args: readonly string[],
    { print, ...options }: { input?: string; timeout: number; print: string },
): Promise<Ended> {
    const ended = await runLocal("docker", args, options);
    if (ended.code !== undefined) return ended;
    throw skepError(
        "DOCKER_COMMAND",
        "This machine has no docker command.",
        `Install docker's command line (Debian: docker.io or docker-ce-cli); ${print} shows what it would run.`,
    );
}
