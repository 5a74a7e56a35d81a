// Records the changes of the swarm's members that a manager reports while something else happens.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, type Lab } from "../lab/lab";

/** Events show everything. A list of members would miss a drain and a demotion between two looks. */
const EVENTS = "docker events --filter type=node --filter type=config --format '{{json .}}'";

interface Event {
    Type: string;
    Action: string;
    Actor: { ID: string; Attributes: Record<string, string> };
}

/** Listens to a manager, which must stay up meanwhile. */
export class MemberWatch {
    private readonly child: ChildProcess;
    private text = "";

    private constructor(
        private readonly lab: Lab,
        private readonly manager: string,
    ) {
        this.child = spawn("ssh", ["-F", join(lab.clients, "ssh-config"), manager, EVENTS], {
            stdio: ["ignore", "pipe", "ignore"],
        });
        this.child.stdout?.on("data", (data) => (this.text += String(data)));
    }

    /** Begins to listen. `docker events` does not say so itself, so a config of the swarm is made until it is heard. */
    static async begin(lab: Lab, manager: string): Promise<MemberWatch> {
        const watch = new MemberWatch(lab, manager);
        await eventually("docker events to begin", () => watch.isHeard());
        return watch;
    }

    /** Makes a config and removes it; whether its removal, the swarm's newest event, was heard. */
    private async isHeard(): Promise<true | undefined> {
        const make = `echo marker | docker config create marker-${randomUUID()} -`;
        const id = await this.lab.on(this.manager, `id=$(${make}) && docker config rm "$id"`);
        const isThere = () =>
            this.events().some(({ Action, Actor }) => Action === "remove" && Actor.ID === id);
        for (let looks = 0; looks < 20 && !isThere(); looks++) await sleep(100);
        return isThere() || undefined;
    }

    private events(): Event[] {
        const whole = this.text.slice(0, this.text.lastIndexOf("\n") + 1);
        return whole
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => JSON.parse(line) as Event);
    }

    /** The changes of each member in their order: "availability drain", "role worker", "state down" and so on. */
    async stop(): Promise<Map<string, string[]>> {
        // Events come in the order of the swarm's changes: after this one, nothing from before is still to come.
        assert.ok(await this.isHeard(), "docker events has ended early");
        this.child.kill();
        await once(this.child, "close");
        const members = new Map<string, string[]>();
        for (const { Actor } of this.events().filter(({ Type }) => Type === "node")) {
            const { name = "", ...attributes } = Actor.Attributes;
            const became = Object.entries(attributes).flatMap(([key, value]) =>
                key.endsWith(".new") ? [`${key.slice(0, -".new".length)} ${value}`] : [],
            );
            members.set(name, [...(members.get(name) ?? []), ...became]);
        }
        return members;
    }
}
