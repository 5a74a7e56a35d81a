// The command lines of all processes on this machine, looked at ten times a second: the lab's hosts' own are among them.

import { readdirSync, readFileSync } from "node:fs";

const POLL_MILLISECONDS = 100;

export class ProcessWatch {
    /** All that were seen, each once. */
    readonly commandLines = new Set<string>();
    /** How often it looked. */
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
                // Ended between the two.
            }
        }
    }
}
