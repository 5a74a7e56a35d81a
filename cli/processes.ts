// The processes of this machine, as Linux lists them. Other systems list none.

import { readdirSync, readFileSync } from "node:fs";

export interface Process {
    id: number;
    /** The program's name, cut after 15 characters. */
    name: string;
    parent: number;
    session: number;
    /** Whether it has ended and only waits for its parent to collect it. */
    isZombie: boolean;
    /**
     * When it began, in the kernel's ticks since the boot. Tells it from another process that later gets the same number.
     */
    started: string;
}

/** The index of the start time among the fields after the name; see proc(5). */
const STARTED = 19;

/** All processes of this machine; none if there is no /proc. */
export function processes(): Process[] {
    return listed("/proc").flatMap((name) => {
        const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : "";
        // The second field is a name in brackets that may contain anything.
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const [state = "", parent, , session] = fields;
        if (stat === "") return [];
        return [
            {
                id: Number(name),
                name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
                parent: Number(parent),
                session: Number(session),
                isZombie: /[ZX]/.test(state),
                started: fields[STARTED] ?? "",
            },
        ];
    });
}

/** Kills a process if it still exists. */
export function kill(pid: number): void {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        // It has already ended.
    }
}

function listed(folder: string): string[] {
    try {
        return readdirSync(folder);
    } catch {
        return [];
    }
}

function read(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return ""; // it has already ended
    }
}
