// What a user sees when something is wrong: an id of the catalog, one sentence that says what is wrong, and one that says
// what to do. Every other error is a bug, and shows its stack only with SKEP_DEBUG=1.
import type { ProblemId } from "./catalog";

export { exitCodeOf, isProblemId, type ProblemId } from "./catalog";

/** Something that is wrong, as a user sees it. */
export interface Problem {
    id: ProblemId;
    /** One sentence that says what is wrong, without secrets. */
    problem: string;
    /** One sentence that says what to do; empty if `problem` says that too. */
    advice: string;
}

/** One or more problems that stop a command: all that could be found at once. */
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
