// Helpers that the stand-ins share: names, checks, and waits for an API's answer.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CheckFailure, Context, Props } from "../../providers/runtime/types";

const POLL_MILLISECONDS = 1000;

/** The name that the program gives, else the resource's name or the given prefix with a random ending, as Pulumi makes it. */
export function nameFor(inputs: Props, ctx: Context, key = "name"): string {
    const prefix = inputs[`${key}Prefix`] as string | undefined;
    if (prefix !== undefined) return `${prefix}${randomBytes(8).toString("hex")}`;
    return (inputs[key] as string | undefined) ?? `${ctx.name}-${randomBytes(4).toString("hex").slice(0, 7)}`;
}

/** A check failure when the value is a text and none of those allowed; nothing else. */
export function oneOf(property: string, value: unknown, allowed: readonly string[]): CheckFailure[] {
    if (typeof value !== "string" || allowed.includes(value)) return [];
    return [{ property, reason: `expected ${property} to be one of ${allowed.join(", ")}, got ${value}` }];
}

/** The answer, or undefined when the call fails with an error that `isExpected` accepts. */
export async function unless<T>(
    isExpected: (error: unknown) => boolean,
    answer: Promise<T>,
): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (isExpected(error)) return undefined;
        throw error;
    }
}

/** Asks once a second until the answer is not undefined. Fails after `seconds`, and when the signal aborts. */
export async function until<T>(
    what: string,
    seconds: number,
    signal: AbortSignal,
    question: () => Promise<T | undefined>,
): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const answer = await question();
        if (answer !== undefined) return answer;
        if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
        await sleep(POLL_MILLISECONDS, undefined, { signal });
    }
}
