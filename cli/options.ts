// What the user gives every command on a stack.

import { skepError } from "../errors";
import { createProgress, type Progress } from "../scripts/setup/progress";

export interface Options {
    stack: string;
    /** Prints the result as JSON, and no progress. */
    json?: boolean;
    /** Prints the result, and no progress. */
    quiet?: boolean;
    /** Shows each resource by its type and name. */
    verbose?: boolean;
    /** Answers questions. */
    yes?: boolean;
    /** How many seconds the command may take; without it, as long as its steps allow. */
    timeout?: number;
    /** The name of the stack whose swarm the user gives up: it must be the stack's own. */
    loseSwarm?: string;
}

/** Throws LOSE_SWARM_NAME if `--lose-swarm` names another stack than the command's. */
export function refuseOtherName({ stack, loseSwarm = stack }: Options): void {
    if (loseSwarm === stack) return;
    throw skepError(
        "LOSE_SWARM_NAME",
        `--lose-swarm names "${loseSwarm}", and the command works on the stack "${stack}".`,
        `Give the same name twice: --stack ${stack} --lose-swarm ${stack}.`,
    );
}

/** How a command with these options shows its progress: not at all where only the result is wanted. */
export function progressFor({ json, quiet }: Options): Progress {
    return createProgress({ silent: json || quiet });
}
