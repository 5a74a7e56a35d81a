// What a manager lists of the swarm's members while something else happens.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Lab } from "../lab/lab";

const LIST =
    "while echo; do docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}'; sleep 0.2; done 2>/dev/null";

/** Looks at the list again and again, from a manager that stays. */
export class MemberWatch {
    private readonly child: ChildProcess;
    private text = "";

    constructor(lab: Lab, manager: string) {
        this.child = spawn("ssh", ["-F", join(lab.clients, "ssh-config"), manager, LIST], {
            stdio: ["ignore", "pipe", "ignore"],
        });
        this.child.stdout?.on("data", (data) => (this.text += String(data)));
    }

    /** By member: each state that it was listed in, as in "Ready Drain Reachable", in the order of time. */
    async stop(): Promise<Map<string, string[]>> {
        this.child.kill();
        await once(this.child, "close");
        const members = new Map<string, string[]>();
        for (const line of this.text.split("\n").map((each) => each.trim())) {
            const [, name, state] = /^(\S+) (.+)$/.exec(line) ?? [];
            if (name === undefined || state === undefined) continue;
            const states = members.get(name) ?? [];
            if (states.at(-1) !== state) states.push(state);
            members.set(name, states);
        }
        return members;
    }
}
