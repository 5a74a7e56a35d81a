// What the user gives every command on a stack.

import { skepError } from "../errors";

export interface Options {
    stack: string;
    json?: boolean;
    yes?: boolean;
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
