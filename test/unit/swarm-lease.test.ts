// The lease over processes, on a swarm that is nothing but a version and labels: who holds it, and how long.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { EngineError } from "../../swarm/failures";
import { withLease } from "../../swarm/lease";
import type { Remote } from "../../swarm/ssh";
import { exclusively, until } from "../../swarm/wait";

const EXPIRY_MS = 600;
const never = new AbortController().signal;

/** A swarm's specification as its managers keep it. */
class FakeSwarm {
    private version = 1;
    private labels: Record<string, string> = {};

    read() {
        return { Spec: { Labels: { ...this.labels } }, Version: { Index: this.version } };
    }

    write(version: number, labels: Record<string, string>): void {
        if (version !== this.version)
            throw new EngineError("manager-1", "POST /swarm/update", 500, "update out of sequence");
        this.version += 1;
        this.labels = labels;
    }
}

/** One process that talks to it. */
class Client {
    /** How long a request takes. */
    delayMs = 0;
    /** So many writes are carried out, and their answers are lost. */
    loses = 0;
    writes = 0;

    constructor(private readonly swarm: FakeSwarm) {}

    take<T>(work: () => Promise<T>): Promise<T> {
        const engine = () => Promise.resolve(this as unknown as Remote);
        return withLease({ engine, purpose: "a turn", signal: never, expiryMs: EXPIRY_MS }, work);
    }

    async call(method: string, path: string, body: { Labels: Record<string, string> }): Promise<unknown> {
        if (this.delayMs > 0) await sleep(this.delayMs);
        if (method === "GET") return this.swarm.read();
        this.writes += 1;
        this.swarm.write(Number(path.split("version=")[1]), body.Labels);
        if (this.loses-- > 0) throw new Error("the answer was lost");
        return undefined;
    }
}

describe("The lease of a swarm", function () {
    this.timeout(60_000);

    it("is kept as long as it is renewed, however long the work takes", async () => {
        const client = new Client(new FakeSwarm());
        assert.equal(await client.take(() => sleep(3 * EXPIRY_MS, "done")), "done");
    });

    it("is known to its holder when the answer to its taking was lost", async () => {
        const client = new Client(new FakeSwarm());
        client.loses = 1;
        // A second write would have waited until the first one's label expired.
        assert.equal(await client.take(() => Promise.resolve(client.writes)), 1);
    });

    it("never has two holders, however slow each one's requests are", async () => {
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 3 }),
                async (delays) => {
                    const swarm = new FakeSwarm();
                    let holders = 0;
                    let most = 0;
                    const work = async () => {
                        most = Math.max(most, ++holders);
                        await sleep(20);
                        holders -= 1;
                    };
                    await Promise.all(
                        delays.map((delayMs) => Object.assign(new Client(swarm), { delayMs }).take(work)),
                    );
                    assert.equal(most, 1);
                },
            ),
            { numRuns: 5 },
        );
    });
});

describe("Work on one thing at a time", () => {
    it("is refused inside of itself, where it would wait for ever", async () => {
        const inner = () => exclusively("swarm", () => Promise.resolve(), never);
        await assert.rejects(exclusively("swarm", inner, never), TypeError);
        // On another thing, and afterwards, it may be done.
        await exclusively("swarm", () => exclusively("other", () => Promise.resolve(), never), never);
    });
});

describe("A wait", () => {
    it("takes a failure for not yet, and ends at once on a bug", async () => {
        let tries = 0;
        const probe = async () => {
            tries += 1;
            if (tries < 3) throw new Error("not yet");
            return (undefined as unknown as { missing: string }).missing;
        };
        await assert.rejects(until("a host", probe, 60_000, { signal: never, pollMs: 1 }), TypeError);
        assert.equal(tries, 3);
    });
});
