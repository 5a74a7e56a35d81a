// Records the changes of the swarm's members that a manager reports while something else happens.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../lab/lab";

/** Events show everything; a list of members would miss a drain and a demotion between two looks. */
const EVENTS = "docker events --filter type=node --format '{{json .Actor.Attributes}}'";
const BEGIN_MS = 1500;
const END_MS = 1500;

/** Listens to a manager, which must stay up meanwhile. */
export class MemberWatch {
    private readonly child: ChildProcess;
    private text = "";

    private constructor(lab: Lab, manager: string) {
        this.child = spawn("ssh", ["-F", join(lab.clients, "ssh-config"), manager, EVENTS], {
            stdio: ["ignore", "pipe", "ignore"],
        });
        this.child.stdout?.on("data", (data) => (this.text += String(data)));
    }

    static async begin(lab: Lab, manager: string): Promise<MemberWatch> {
        const watch = new MemberWatch(lab, manager);
        // `docker events` does not say when it starts to listen.
        await sleep(BEGIN_MS);
        return watch;
    }

    /** The changes of each member in their order: "availability drain", "role worker", "state down" and so on. */
    async stop(): Promise<Map<string, string[]>> {
        await sleep(END_MS);
        this.child.kill();
        await once(this.child, "close");
        const members = new Map<string, string[]>();
        for (const line of this.text.split("\n").filter((each) => each !== "")) {
            const { name = "", ...attributes } = JSON.parse(line) as Record<string, string>;
            const became = Object.entries(attributes).flatMap(([key, value]) =>
                key.endsWith(".new") ? [`${key.slice(0, -".new".length)} ${value}`] : [],
            );
            members.set(name, [...(members.get(name) ?? []), ...became]);
        }
        return members;
    }
}
