// Runs steps side by side.

import { type Problem, SkepError } from "../../errors";
import { explained } from "./disk";

/** Like Promise.all, but waits for every step to end, then reports the problems of all that failed. */
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

/** Reports a full disk once, even if it stopped several steps. */
function unique(problems: readonly Problem[]): Problem[] {
    return problems.filter(
        ({ id }, index) => id !== "DISK_FULL" || index === problems.findIndex((it) => it.id === id),
    );
}
