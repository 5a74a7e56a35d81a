// Turns of several processes on one swarm in memory, with a clock that the test turns: never two at once.

import assert from "node:assert/strict";
import { setImmediate as immediate } from "node:timers/promises";
import { mock } from "node:test";
import fc from "fast-check";
import { SkepError } from "../../errors";
import { noConnection } from "../../swarm/failures";
import { Host } from "../../swarm/host";
import type { Swarm } from "../../swarm/swarm";
import { pause } from "../../swarm/wait";
import { type FakeHost, FakeWorld, type Fate } from "../support/fake-swarm";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const TICK_MS = 50;
const RUNS = 40;
/** Turns are waited for 3 minutes, leases for 4. */
const MOST_MS = 20 * 60_000;

/** The client as another process has it: what a process keeps in memory, no two of these share. */
function loadSwarm(): typeof Swarm {
    for (const name of ["swarm", "wait", "lease", "maintenance"])
        delete require.cache[require.resolve(`../../swarm/${name}`)];
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would give the same copy
    return (require("../../swarm/swarm") as { Swarm: typeof Swarm }).Swarm;
}

/** The host as one process reaches it: with what happens to that process's requests. */
function reachedBy(next: () => Fate, fake: FakeHost): Host {
    const connection = Object.create(fake) as FakeHost;
    connection.call = async <T>(...[method, path, options = {}]: Parameters<FakeHost["call"]>) => {
        const { delayMs = 0, is } = next();
        const { timeoutMs = 10_000 } = options;
        const broken = noConnection(fake.name, "x:22", new Error("no answer"));
        await pause(Math.min(delayMs, timeoutMs) / 2);
        if (is === "refused" || (is !== "lost" && delayMs > timeoutMs)) throw broken;
        const answer = await fake.call<T>(method, path, options);
        await pause(Math.min(delayMs, timeoutMs) / 2);
        if (is === "lost" || delayMs > timeoutMs) throw broken;
        return answer;
    };
    return new Host(fake, connection);
}

/** Turns the clock until the work has ended. */
async function timed(work: Promise<unknown>): Promise<void> {
    let ended = false;
    const ending = work.finally(() => (ended = true));
    ending.catch(() => undefined);
    for (let passed = 0; !ended && passed < MOST_MS; passed += TICK_MS) {
        for (let i = 0; i < 4; i++) await immediate();
        mock.timers.tick(TICK_MS);
    }
    assert.ok(ended, "the turns go on for ever");
    await ending;
}

describe("Turns of two processes", function () {
    this.timeout(120_000);
    before(() => mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] }));
    after(() => mock.timers.reset());

    it("are never held by both at once, whatever becomes of each one's requests", async () => {
        const fate = fc.record({
            delayMs: fc.constantFrom(0, 0, 100, 2000, 60_000),
            is: fc.constantFrom<Fate["is"]>(undefined, undefined, undefined, "refused", "lost"),
        });
        // One fate for a while: an outage is what makes a lease change hands.
        const spell = fc.tuple(fate, fc.integer({ min: 1, max: 40 }));
        const fates = fc
            .array(spell, { maxLength: 6 })
            .map((spells) => spells.flatMap(([each, times]) => Array<Fate>(times).fill(each)));
        const turns = fc.array(fc.constantFrom(100, 5000, 70_000), { minLength: 1, maxLength: 2 });
        const process = fc.record({ fates, turns });
        const copies = [loadSwarm(), loadSwarm()];
        let held = 0;
        let done = 0;

        const once = async (processes: { fates: Fate[]; turns: number[] }[]) => {
            const world = new FakeWorld(MANAGERS);
            const { id } = world.standing(MANAGERS);
            const work = (ms: number) => async (turn: Swarm) => {
                held += 1;
                assert.equal(held, 1, "two hold the turn");
                await pause(ms, turn.ctx.signal);
                held -= 1;
                if (turn.ctx.signal.aborted) throw turn.ctx.signal.reason;
                done += 1;
            };
            const running = processes.flatMap(({ fates, turns }, i) => {
                let count = 0;
                const hosts = MANAGERS.map((name) => reachedBy(() => fates[count++] ?? {}, world.at(name)));
                const swarm = new copies[i]!(hosts, id, world.ctx);
                return turns.map((ms, turn) => {
                    const step = { kind: "join", name: `host-${i}-${turn}` } as const;
                    return swarm.takeTurn(step, `${step.name} joins`, work(ms)).catch((error: unknown) => {
                        if (!(error instanceof SkepError)) throw error;
                    });
                });
            });
            await timed(Promise.all(running));
        };
        for (const each of fc.sample(fc.tuple(process, process), RUNS)) await once(each);
        assert.ok(done > RUNS, `only ${done} turns were ever had`);
    });
});
