// Waits: each has a time limit, can be interrupted, and says what it waits for.
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { SkepError, skepError } from "../errors";
import { reasonOf } from "../planning/sentence";
import { mayPass } from "./failures";

const POLL_MS = 300;

export interface WaitOptions {
    signal: AbortSignal;
    /** Milliseconds between two probes. Default: 300. */
    pollMs?: number;
    /**
     * Says which further failures count as "not yet". Failures of hosts and connections that may pass by themselves
     * always do.
     */
    passes?(error: unknown): boolean;
}

/**
 * Repeats `probe` until it returns something. A failure of a host or a connection that may pass counts as "not yet".
 * Throws TimedOut, which names the last failure, after `timeoutMs`. Everything else ends the wait at once: a bug, a
 * refusal, a wrong host key, a refused login, an interrupt.
 */
export async function until<T>(
    what: string,
    probe: () => Promise<T | undefined | false>,
    timeoutMs: number,
    { signal, pollMs = POLL_MS, passes }: WaitOptions,
): Promise<T> {
    const end = Date.now() + timeoutMs;
    let last: unknown;
    for (;;) {
        if (signal.aborted) throw cancelled(what);
        try {
            const found = await probe();
            if (found) return found;
            last = undefined;
        } catch (error) {
            if (!mayPass(error) && !passes?.(error)) throw error;
            last = error;
        }
        if (Date.now() >= end) throw new TimedOut(what, timeoutMs, last);
        await pause(pollMs, signal);
    }
}

/** Sleeps for some milliseconds. An abort ends the sleep early and throws nothing. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * A signal that aborts when this one does, and after so many milliseconds. Alone in an AbortSignal.any, an
 * AbortSignal.timeout is collected as garbage by Node.js 20, and its time is never over.
 */
export function within(ms: number, signal: AbortSignal): AbortSignal {
    const over = AbortSignal.timeout(ms);
    // Node.js keeps a signal that somebody listens to.
    over.addEventListener("abort", () => undefined);
    return AbortSignal.any([signal, over]);
}

function cancelled(what: string): Error {
    return skepError("CANCELLED", `Interrupted while waiting for ${what}.`, "Run the same command again.");
}

/** A wait whose time is over. It names what it waited for and the last failure. */
export class TimedOut extends SkepError {
    constructor(what: string, timeoutMs: number, last: unknown) {
        const reason = last === undefined ? "" : ` Last seen: ${reasonOf(last)}.`;
        super([
            {
                id: "WAIT_TIMED_OUT",
                problem: `Waited ${Math.round(timeoutMs / 1000)} s for ${what}, in vain.${reason}`,
                advice: "Run the same command again: it goes on from what is there. If it ends here again, look at that host and its engine.",
            },
        ]);
    }
}

const chains = new Map<string, Promise<unknown>>();

const held = new AsyncLocalStorage<readonly string[]>();

/**
 * Runs work on one key one at a time within this process. Work that asks for a key it already holds would wait for
 * itself: that is a bug, and it is rejected.
 */
export function exclusively<T>(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const keys = held.getStore() ?? [];
    if (keys.includes(key)) return Promise.reject(new TypeError(`work on ${key} inside of work on ${key}`));
    const before = chains.get(key) ?? Promise.resolve();
    const next = async () => {
        if (signal.aborted) throw cancelled("another change of the swarm's managers");
        return held.run([...keys, key], work);
    };
    const mine = before.then(next, next);
    chains.set(key, mine);
    return mine;
}
