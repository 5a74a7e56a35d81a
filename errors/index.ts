// What a user sees when something is wrong: an id of the catalog, one sentence of what is wrong, one of what to do.
// Anything else that is thrown is a bug and shows its stack only with SKEP_DEBUG=1.
import type { ProblemId } from "./catalog";

export { exitCodeOf, isProblemId, type ProblemId } from "./catalog";

export interface Problem {
    id: ProblemId;
    /** One sentence of what is wrong, without secrets. */
    problem: string;
    /** One sentence of what to do. */
    advice: string;
}

/** One or more problems that stop what was asked; all that could be found at once. */
export class SkepError extends Error {
    constructor(readonly problems: readonly Problem[]) {
        super(problems.map(formatProblem).join("\n"));
        this.name = "SkepError";
    }
}

/** The error for a single problem. */
export function skepError(id: ProblemId, problem: string, advice: string): SkepError {
    return new SkepError([{ id, problem, advice }]);
}

/** The one line that a user sees. */
export function formatProblem({ id, problem, advice }: Problem): string {
    return `${id}: ${[problem, advice].filter((sentence) => sentence !== "").join(" ")}`;
}
