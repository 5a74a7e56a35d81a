// The lease across processes, with a swarm in memory: who holds it, and how long.

import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { CallOptions } from "../../swarm/engine";
import { noConnection } from "../../swarm/failures";
import { withLease, type LeaseTimes } from "../../swarm/lease";
import { exclusively, until } from "../../swarm/wait";
import { FakeWorld, type Fate } from "../support/fake-swarm";

const TIMES: LeaseTimes = { expiryMs: 600, deadlineMs: 400, renewalMs: 50, requestMs: 200 };
const never = new AbortController().signal;
// Many waits share it: Node would warn of a leak.
setMaxListeners(0, never);

/** One process with a swarm of its own, or with one that it shares. */
class Client {
    writes = 0;
    /** What happens to each of its requests. */
    fate: (method: string, count: number) => Fate = () => ({});
    private count = 0;

    constructor(
        private readonly world = swarmOfOne(),
        private readonly times = TIMES,
    ) {}

    take<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
        const swarm = () => this;
        return withLease({ swarm, purpose: "a turn", signal: never, times: this.times }, work);
    }

    async call<T>(method: string, path: string, options: CallOptions): Promise<T> {
        if (method === "POST") this.writes += 1;
        const { delayMs = 0, is } = this.fate(method, this.count++);
        const { timeoutMs = 0 } = options;
        if (delayMs > timeoutMs) await sleep(timeoutMs);
        else await sleep(delayMs);
        const broken = noConnection("manager-1", "x:22", new Error("no answer"));
        if (is === "refused" || delayMs > timeoutMs) throw broken;
        const answer = await this.world.at("manager-1").call<T>(method, path, options);
        if (is === "lost") throw broken;
        return answer;
    }
}

function swarmOfOne(): FakeWorld {
    const world = new FakeWorld(["manager-1"]);
    world.standing(["manager-1"]);
    return world;
}

/** Work that counts how many do it at once. */
function counted() {
    const seen = { now: 0, most: 0 };
    const work = (ms: number) => async (signal: AbortSignal) => {
        seen.most = Math.max(seen.most, ++seen.now);
        await sleep(ms, undefined, { signal }).finally(() => (seen.now -= 1));
    };
    return { seen, work };
}

describe("The lease of a swarm", function () {
    this.timeout(60_000);

    it("is kept as long as it is renewed, however long the work takes", async () => {
        assert.equal(await new Client().take(() => sleep(3 * TIMES.expiryMs, "done")), "done");
    });

    it("is known to its holder when the answer to its taking was lost", async () => {
        const client = new Client();
        client.fate = (method) => (method === "POST" && client.writes === 1 ? { is: "lost" } : {});
        const longAgo = { ...TIMES, expiryMs: 30_000 };
        const began = Date.now();
        assert.equal(await new Client(swarmOfOne(), longAgo).take(() => Promise.resolve("done")), "done");
        assert.equal(await client.take(() => Promise.resolve("done")), "done");
        assert.ok(Date.now() - began < 5000, "it waited until its own label expired");
    });

    it("is given up by a holder whose swarm hangs before another one takes it", async () => {
        const world = swarmOfOne();
        const [holder, other] = [new Client(world), new Client(world)];
        let gaveUpAt = 0;
        const held = holder.take(async (signal) => {
            holder.fate = () => ({ delayMs: 60_000 });
            await sleep(60_000, undefined, { signal }).finally(() => (gaveUpAt = Date.now()));
        });
        held.catch(() => undefined);
        await sleep(100);
        const takenAt = await other.take(() => Promise.resolve(Date.now()));
        assert.ok(gaveUpAt > 0 && gaveUpAt < takenAt, `given up at ${gaveUpAt}, taken at ${takenAt}`);
        holder.fate = () => ({});
        await assert.rejects(held, /LEASE_LOST: The swarm could not be written to for/);
    });

    it("is not lost by a renewal that hangs once: the next one does not wait for it", async () => {
        const client = new Client(swarmOfOne(), { ...TIMES, requestMs: 10_000 });
        let hung = 0;
        await client.take(async (signal) => {
            client.fate = () => (hung++ === 0 ? { delayMs: 1500 } : {});
            await sleep(3 * TIMES.expiryMs, undefined, { signal });
        });
        assert.ok(hung > 10);
    });

    it("is lost at once to whoever has it instead", async () => {
        const world = swarmOfOne();
        const work = new Client(world).take(async (signal) => {
            world.clusters[0]!.spec.Labels = { "io.skep.lease": "another 1" };
            await sleep(60_000, undefined, { signal });
        });
        await assert.rejects(work, /LEASE_LOST: Another Skep process took over in the middle of a turn/);
    });

    it("is given back without a word of its own where the work has failed, and a bug of a renewal is told as one", async () => {
        const client = new Client();
        const failing = client.take(() => {
            client.fate = () => ({ delayMs: 60_000 });
            return Promise.reject(new Error("the work's own"));
        });
        await assert.rejects(failing, /the work's own/);
        const broken = new Client();
        const work = broken.take(async (signal) => {
            const call = broken.call.bind(broken);
            broken.call = () => {
                broken.call = call;
                return Promise.reject(new TypeError("a bug"));
            };
            await sleep(60_000, undefined, { signal });
        });
        await assert.rejects(work, /TypeError: a bug/);
    });

    it("is refused where its holder would give up no sooner than others may take it", async () => {
        const times = { ...TIMES, deadlineMs: TIMES.expiryMs };
        await assert.rejects(
            new Client(swarmOfOne(), times).take(() => Promise.resolve()),
            RangeError,
        );
    });

    it("never has two holders, whatever becomes of each one's requests", async () => {
        const fate = fc.record({
            delayMs: fc.constantFrom(0, 0, 5, 30, 250, 5000),
            is: fc.constantFrom<Fate["is"]>(undefined, undefined, undefined, "refused", "lost"),
        });
        const fates = fc.array(fc.array(fate, { minLength: 1, maxLength: 12 }), {
            minLength: 2,
            maxLength: 4,
        });
        const once = async (each: Fate[][]) => {
            const world = swarmOfOne();
            const { seen, work } = counted();
            const clients = each.map((list) => {
                const client = new Client(world);
                // Requests are disturbed only for a while, so that every client comes to an end.
                client.fate = (_method, count) => list[count] ?? {};
                return client
                    .take(work(150))
                    .catch((error: Error) => assert.match(error.message, /LEASE_LOST/));
            });
            await Promise.all(clients);
            assert.equal(seen.most, 1);
        };
        // The runs only wait for timers, so that many of them fit into the time of one.
        const runs = fc.sample(fates, 60).map(once);
        await Promise.all(runs);
    });
});

describe("Work on one thing at a time", () => {
    it("is refused inside of itself, where it would wait for ever", async () => {
        const inner = () => exclusively("swarm", () => Promise.resolve(), never);
        await assert.rejects(exclusively("swarm", inner, never), TypeError);
        // Work on another key, or afterwards on the same one, is allowed.
        await exclusively("swarm", () => exclusively("other", () => Promise.resolve(), never), never);
    });
});

describe("A wait", () => {
    it("takes a failure of a host for not yet, and ends at once on a bug", async () => {
        let tries = 0;
        const probe = async () => {
            tries += 1;
            if (tries < 3) throw noConnection("a host", "x:22", undefined);
            return (undefined as unknown as { missing: string }).missing;
        };
        await assert.rejects(until("a host", probe, 60_000, { signal: never, pollMs: 1 }), TypeError);
        assert.equal(tries, 3);
    });

    for (const [id, said] of [
        ["HOST_KEY", "Host denied (verification failed)"],
        ["HOST_LOGIN", "All configured authentication methods failed"],
    ] as const)
        it(`ends at once on ${id}, unless it is one for the first contact`, async () => {
            let tries = 0;
            const probe = async () => {
                tries += 1;
                if (tries < 3) throw noConnection("a host", "x:22", new Error(said));
                return true;
            };
            const wait = { signal: never, pollMs: 1 };
            await assert.rejects(until("a host", probe, 60_000, wait), new RegExp(id));
            assert.equal(tries, 1);
            assert.equal(await until("a host", probe, 60_000, { ...wait, passes: () => true }), true);
        });
});
