// What AWS's API says no to, by its codes.
import { setTimeout as sleep } from "node:timers/promises";

/** How EC2, ELB, IAM and S3 say that there is no such thing. */
const GONE = /NotFound|NoSuch|^InvalidAllocationID|^NatGatewayMalformed/;

/** AWS's code of an error, such as `InvalidGroup.NotFound`; empty where it has none. */
export function codeOf(error: unknown): string {
    return error instanceof Error ? error.name : "";
}

/** The answer, or undefined where AWS says that there is no such thing. */
export function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    return unless(GONE, answer);
}

/** The answer, or undefined for errors of these codes. */
export async function unless<T>(codes: RegExp, answer: Promise<T>): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (codes.test(codeOf(error))) return undefined;
        throw error;
    }
}

const POLL_MILLISECONDS = 1000;

/** Asks until there is an answer other than undefined. The first question comes at once. */
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

/** Tries again while AWS answers with one of these codes, as it does until what was just changed is known everywhere. */
export async function retrying<T>(
    codes: RegExp,
    seconds: number,
    signal: AbortSignal,
    call: () => Promise<T>,
): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        try {
            return await call();
        } catch (error) {
            const text = `${codeOf(error)} ${(error as Error).message}`;
            if (!codes.test(text) || Date.now() > end) throw error;
            await sleep(POLL_MILLISECONDS, undefined, { signal });
        }
    }
}
