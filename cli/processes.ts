// The processes of this machine, as Linux lists them; elsewhere there are none to see.

import { readdirSync, readFileSync } from "node:fs";

export interface Process {
    id: number;
    /** The program's, 15 characters of it. */
    name: string;
    parent: number;
    session: number;
    /** Ended already, and only waiting for its parent to ask. */
    isZombie: boolean;
    /** When it began, in the kernel's ticks since the boot: with it a number that was given again is told apart. */
    started: string;
}

/** The place of the time of the start among the fields after the name, as in proc(5). */
const STARTED = 19;

/** All processes of this machine; none where there is no /proc. */
export function processes(): Process[] {
    return listed("/proc").flatMap((name) => {
        const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : "";
        // The second field is a name in brackets and may hold anything.
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

/** Ends a process hard, if it is still there. */
export function kill(pid: number): void {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        // Ended meanwhile.
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
        return ""; // ended meanwhile
    }
}
