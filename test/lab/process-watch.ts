// Collects the command lines of all processes on this machine, including those inside lab hosts, ten times a second.

import { readdirSync, readFileSync } from "node:fs";

const POLL_MILLISECONDS = 100;

export class ProcessWatch {
    /** All command lines that it saw, each once. */
    readonly commandLines = new Set<string>();
    /** How often it has looked. */
    looks = 0;
    private readonly timer = setInterval(() => this.look(), POLL_MILLISECONDS);

    stop(): void {
        clearInterval(this.timer);
    }

    private look(): void {
        this.looks += 1;
        for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
            try {
                this.commandLines.add(readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " "));
            } catch {
                // The process ended in between.
            }
        }
    }
}
