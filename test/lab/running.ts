// A running command whose output the test reads. It has a session of its own, as on a terminal, so the test can interrupt or
// kill it.

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { kill, processes } from "../../cli/processes";

const POLL_MILLISECONDS = 20;

export class Running {
    /** The output so far. */
    said = "";
    private readonly child: ChildProcess;
    private readonly end: Promise<number | null>;
    private ended = false;

    constructor(file: string, args: readonly string[], cwd: string, environment: NodeJS.ProcessEnv) {
        this.child = spawn(file, args, {
            cwd,
            env: { ...process.env, ...environment },
            stdio: ["ignore", "pipe", "pipe"],
            detached: true,
        });
        for (const stream of [this.child.stdout, this.child.stderr])
            stream?.on("data", (chunk) => (this.said += String(chunk)));
        this.end = new Promise((resolve) => this.child.on("close", resolve));
        void this.end.then(() => (this.ended = true));
    }

    /** Waits until the output matches `pattern`. */
    async until(pattern: RegExp, seconds = 300): Promise<void> {
        const deadline = Date.now() + seconds * 1000;
        while (!pattern.test(this.said)) {
            if (this.ended) throw new Error(`it ended without ${String(pattern)}:\n${this.said}`);
            if (Date.now() > deadline) {
                await this.kill();
                throw new Error(`waited ${seconds} s for ${String(pattern)}:\n${this.said}`);
            }
            await sleep(POLL_MILLISECONDS);
        }
    }

    /** Waits for the end. Returns the exit code, or null when a signal ended the command. */
    async result(): Promise<number | null> {
        return this.end;
    }

    /**
     * Sends Ctrl-C: a terminal signals the whole foreground group, a program only the process that it started. Returns how
     * many milliseconds the command took to end, and its exit code.
     */
    async interrupt(by: "terminal" | "program"): Promise<{ took: number; code: number | null }> {
        const asked = Date.now();
        const pid = this.child.pid as number;
        process.kill(by === "terminal" ? -pid : pid, "SIGINT");
        const code = await this.result();
        return { took: Date.now() - asked, code };
    }

    /** Kills every process of its session at once, as a power failure does; none of them can clean up. */
    async kill(): Promise<void> {
        for (let pids = this.session(); pids.length > 0; pids = this.session()) {
            for (const pid of pids) kill(pid);
            await sleep(POLL_MILLISECONDS);
        }
        await this.result();
    }

    /** Kills its process group at once. Processes with their own group go on. */
    killGroup(): void {
        process.kill(-(this.child.pid as number), "SIGKILL");
    }

    /** The processes of its session that still run. */
    session(): number[] {
        return processes()
            .filter(({ session, isZombie }) => session === this.child.pid && !isZombie)
            .map(({ id }) => id);
    }
}
