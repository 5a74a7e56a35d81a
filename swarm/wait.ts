// Waiting: bounded, interruptible, and able to say what for.
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { skepError } from "../errors";
import { reasonOf } from "./failures";

const POLL_MS = 300;

export interface WaitOptions {
    signal: AbortSignal;
    pollMs?: number;
    /** Errors that no repetition cures. */
    giveUp?(error: unknown): boolean;
}

/** Whether an error is one of the program and not of a host or a connection: no wait and no other sentence may hide it. */
export function isBug(error: unknown): boolean {
    return error instanceof TypeError || error instanceof ReferenceError;
}

/**
 * Repeats `probe` until it answers with something; an error counts as "not yet" and is named in the end, unless it is a
 * bug, which ends the wait at once.
 */
export async function until<T>(
    what: string,
    probe: () => Promise<T | undefined | false>,
    timeoutMs: number,
    { signal, pollMs = POLL_MS, giveUp }: WaitOptions,
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
            if (isBug(error) || giveUp?.(error)) throw error;
            last = error;
        }
        if (Date.now() >= end) throw timedOut(what, timeoutMs, last);
        await pause(pollMs, signal);
    }
}

/** Sleeps; an abort ends it early, and without an error. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function cancelled(what: string): Error {
    return skepError("CANCELLED", `Interrupted while waiting for ${what}.`, "Run the same command again.");
}

function timedOut(what: string, timeoutMs: number, last: unknown): Error {
    const reason = last === undefined ? "" : ` Last seen: ${reasonOf(last)}.`;
    return skepError(
        "WAIT_TIMED_OUT",
        `Waited ${Math.round(timeoutMs / 1000)} s for ${what}, in vain.${reason}`,
        "Run the same command again: it goes on from what is there. If it ends here again, look at that host and its engine.",
    );
}

const chains = new Map<string, Promise<unknown>>();

const held = new AsyncLocalStorage<readonly string[]>();

/** Runs work on one key one after the other within this process. Work on the key inside of it is a bug: it would wait for itself. */
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
