// What a manager lists of the swarm's members while something else happens.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Lab } from "../lab/lab";

const LIST =
    "while docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}'; do echo; sleep 0.2; done";

/** Every look at the list, from one manager that stays. */
export class MemberWatch {
    private readonly child: ChildProcess;
    private text = "";

    constructor(lab: Lab, manager: string) {
        this.child = spawn("ssh", ["-F", join(lab.clients, "ssh-config"), manager, LIST], {
            stdio: ["ignore", "pipe", "ignore"],
        });
        this.child.stdout?.on("data", (data) => (this.text += String(data)));
    }

    /** By member: each state that it was seen in, in the order of time. The last one is "" where it is gone. */
    async stop(): Promise<Map<string, string[]>> {
        this.child.kill();
        await once(this.child, "close");
        const looks = this.text.split("\n\n").slice(0, -1);
        const members = new Map<string, string[]>();
        for (const [i, look] of looks.entries()) {
            const now = new Map(
                look.split("\n").map((line) => line.trim().split(/ (.*)/) as [string, string]),
            );
            for (const name of new Set([...members.keys(), ...now.keys()])) {
                const states = members.get(name) ?? (i === 0 ? [] : [""]);
                const state = now.get(name) ?? "";
                if (states.at(-1) !== state) states.push(state);
                members.set(name, states);
            }
        }
        return members;
    }
}
