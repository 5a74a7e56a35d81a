// Steps that run side by side.

import { SkepError } from "../../errors";

/**
 * Like Promise.all, but waits for every step to end, also when one has failed: what the others finish is kept, nothing
 * runs on unseen, and all problems are reported at once.
 */
export async function allOrProblems<T extends readonly unknown[]>(
    steps: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
    const results = await Promise.allSettled(steps as readonly Promise<unknown>[]);
    const reasons: unknown[] = results.flatMap((result) =>
        result.status === "rejected" ? [result.reason] : [],
    );
    const bug = reasons.find((reason) => !(reason instanceof SkepError));
    if (bug) throw bug;
    if (reasons.length > 0) throw new SkepError(reasons.flatMap((reason) => (reason as SkepError).problems));
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
