// Steps that run side by side.

import { type Problem, SkepError } from "../../errors";
import { explained } from "./disk";

/**
 * Like Promise.all, but waits for every step to end, also when one has failed: what the others finish is kept, nothing
 * runs on unseen, and all problems are reported at once.
 */
export async function allOrProblems<T extends readonly unknown[]>(
    steps: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
    const results = await Promise.allSettled(steps as readonly Promise<unknown>[]);
    const reasons: unknown[] = await Promise.all(
        results.flatMap((result) => (result.status === "rejected" ? [explained(result.reason)] : [])),
    );
    const bug = reasons.find((reason) => !(reason instanceof SkepError));
    if (bug) throw bug;
    if (reasons.length > 0)
        throw new SkepError(unique(reasons.flatMap((reason) => (reason as SkepError).problems)));
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** Steps that fail for the same reason, such as a full disk, say it once. */
function unique(problems: readonly Problem[]): Problem[] {
    return problems.filter(
        ({ id }, index) => id !== "DISK_FULL" || index === problems.findIndex((it) => it.id === id),
    );
}
