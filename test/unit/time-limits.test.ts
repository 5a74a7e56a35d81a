// Limits in time that must not get lost.

import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { within } from "../../swarm/wait";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("A limit in time", function () {
    this.timeout(20_000);

    it("is over in its time although nobody holds it and garbage is collected meanwhile", async () => {
        let isOver = false;
        within(300, new AbortController().signal).addEventListener("abort", () => (isOver = true));
        for (let i = 0; i < 10; i++) {
            await sleep(10);
            collectGarbage();
        }
        await sleep(700);
        assert.ok(isOver, "it is never over");
    });

    it("ends with the signal that it limits", async () => {
        const stop = new AbortController();
        const limited = within(60_000, stop.signal);
        setTimeout(() => stop.abort(), 10);
        await once(limited, "abort");
        assert.ok(within(60_000, stop.signal).aborted);
    });
});
