// Runs one program of the test suite with visible output and a time limit, and ends everything that it started.

import { spawn } from "node:child_process";
import { join } from "node:path";

export const ROOT = join(__dirname, "../..");

const ENDING_SECONDS = 10;

export interface Program {
    /** What the program does, for messages, such as "the unit tests". */
    what: string;
    file: string;
    args: readonly string[];
    timeoutMinutes: number;
    env?: NodeJS.ProcessEnv;
}

/** Runs a program; true when it succeeded. If it did not end by itself, stderr says why. */
export function runProgram(program: Program, signal: AbortSignal): Promise<boolean> {
    const { what, file, args, timeoutMinutes, env } = program;
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
        // The program gets its own process group, so that everything in it can be ended together.
        const child = spawn(file, args, {
            cwd: ROOT,
            env: { ...process.env, ...env },
            stdio: ["ignore", "inherit", "inherit"],
            detached: true,
        });
        const end = (name: NodeJS.Signals) => {
            try {
                if (child.pid !== undefined) process.kill(-child.pid, name);
            } catch {
                // No process of the group is left.
            }
        };
        let killer: NodeJS.Timeout | undefined;
        // SIGTERM comes first, so that tests can remove what they made.
        const stop = () => {
            end("SIGTERM");
            killer = setTimeout(() => end("SIGKILL"), ENDING_SECONDS * 1000);
        };
        const timer = setTimeout(() => {
            process.stderr.write(`TEST_TIMEOUT: waited ${timeoutMinutes} minutes for ${what} to end.\n`);
            stop();
        }, timeoutMinutes * 60_000);
        signal.addEventListener("abort", stop, { once: true });
        const settle = (ok: boolean) => {
            clearTimeout(timer);
            clearTimeout(killer);
            signal.removeEventListener("abort", stop);
            end("SIGKILL");
            resolve(ok);
        };
        child.on("error", (error) => {
            process.stderr.write(`TEST_START: ${what} did not start: ${error.message}.\n`);
            settle(false);
        });
        child.on("exit", (code) => settle(code === 0));
    });
}
