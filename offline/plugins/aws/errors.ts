// Errors of AWS's API, by their codes.
import { setTimeout as sleep } from "node:timers/promises";
import { unless } from "../shared";

/** The codes by which EC2, ELB, IAM and S3 say that something does not exist. */
const GONE = /NotFound|NoSuch|^InvalidAllocationID|^NatGatewayMalformed/;
const RETRY_MILLISECONDS = 1000;

/** AWS's code of an error, such as `InvalidGroup.NotFound`; empty for other errors. */
function codeOf(error: unknown): string {
    return error instanceof Error ? error.name : "";
}

/** The answer, or undefined when the call fails with one of these codes. */
export function unlessCode<T>(codes: RegExp, answer: Promise<T>): Promise<T | undefined> {
    return unless((error) => codes.test(codeOf(error)), answer);
}

/** The answer, or undefined when AWS says that there is no such thing. */
export function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    return unlessCode(GONE, answer);
}

/** Repeats the call for `seconds` while its error has one of these codes, or says so in its text. */
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
            await sleep(RETRY_MILLISECONDS, undefined, { signal });
        }
    }
}
