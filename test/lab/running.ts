// A command that runs in view of the test: as on a terminal, in a session of its own, to be interrupted or killed.

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { kill, processes } from "../../cli/processes";

const POLL_MILLISECONDS = 20;

export class Running {
    /** All that it has said so far. */
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

    /** Waits until it has said this. */
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

    /** Its exit code, null when a signal ended it. */
    async result(): Promise<number | null> {
        return this.end;
    }

    /**
     * Ctrl-C as a terminal sends it, to the foreground group, or as a program does, to the one process that it started; how
     * many milliseconds it took to end, and with what.
     */
    async interrupt(by: "terminal" | "program"): Promise<{ took: number; code: number | null }> {
        const asked = Date.now();
        const pid = this.child.pid as number;
        process.kill(by === "terminal" ? -pid : pid, "SIGINT");
        const code = await this.result();
        return { took: Date.now() - asked, code };
    }

    /** Ends every process of its session at once, as a machine that loses its power does; none of them can clear up. */
    async kill(): Promise<void> {
        for (let pids = this.session(); pids.length > 0; pids = this.session()) {
            for (const pid of pids) kill(pid);
            await sleep(POLL_MILLISECONDS);
        }
        await this.result();
    }

    /** Ends its process group at once; what has a group of its own goes on. */
    killGroup(): void {
        process.kill(-(this.child.pid as number), "SIGKILL");
    }

    /** Processes of its session that run. */
    session(): number[] {
        return processes()
            .filter(({ session, isZombie }) => session === this.child.pid && !isZombie)
            .map(({ id }) => id);
    }
}
