// Programs of this machine that get their input from Skep, and whose output Skep reads.

import { spawn } from "node:child_process";

/** How a program ended. Its code is null after a signal, and undefined if there is no such program. */
export interface Ended {
    code: number | null | undefined;
    stdout: string;
    stderr: string;
}

export interface RunLocalOptions {
    /** Default: none. */
    input?: string;
    /** In milliseconds; then the program is ended. */
    timeout: number;
    /** Ends the program; the run then fails. Default: nothing does. */
    signal?: AbortSignal;
    /** The program's environment. Default: that of this process. */
    env?: NodeJS.ProcessEnv;
}

/** Runs a program of this machine with a standard input. */
export function runLocal(
    program: string,
    args: readonly string[],
    { input = "", ...options }: RunLocalOptions,
): Promise<Ended> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, options);
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
