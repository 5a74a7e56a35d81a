// Asking before something is changed.

import { once } from "node:events";
import { exitCodeOf, skepError } from "../errors";
import { type Options, refuseOtherName } from "./options";

/**
 * Asks a question at the terminal of standard input; `--yes` answers it. The question goes to standard error, so that
 * results may go to a file. A "no" sets the exit code of a refusal. Throws NOT_CONFIRMED if standard input is no terminal.
 */
export async function confirmed(question: string, { yes }: Options): Promise<boolean> {
    if (yes) return true;
    if (!process.stdin.isTTY)
        throw skepError(
            "NOT_CONFIRMED",
            `"${question}" cannot be asked: standard input is no terminal.`,
            "Add --yes.",
        );
    return orSaid(/^y(es)?$/i.test(await asked(`${question} [y/N] `)));
}

/**
 * Asks for the stack's name before something that cannot be undone; `--lose-swarm NAME` answers, `--yes` does not. Throws
 * RECOVERY_NAME if standard input is no terminal, and LOSE_SWARM_NAME if the option names another stack.
 */
export async function confirmedByName(options: Options): Promise<boolean> {
    refuseOtherName(options);
    const { stack, loseSwarm } = options;
    if (loseSwarm !== undefined) return true;
    if (!process.stdin.isTTY)
        throw skepError(
            "RECOVERY_NAME",
            "This cannot be undone, and standard input is no terminal that could be asked for the stack's name.",
            `Add --lose-swarm ${stack} if you mean it.`,
        );
    return orSaid((await asked(`Type the name of the stack to go on (${stack}): `)) === stack);
}

function orSaid(yes: boolean): boolean {
    if (yes) return true;
    process.stderr.write("Nothing was changed.\n");
    process.exitCode = exitCodeOf("NOT_CONFIRMED");
    return false;
}

/** What is typed at the terminal; empty if the question was left. */
async function asked(question: string): Promise<string> {
    const { createInterface } = await import("node:readline/promises");
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        // Ctrl-C and Ctrl-D close the terminal's lines without an answer.
        const closed = once(terminal, "close").then(() => "");
        const answer = await Promise.race([terminal.question(question).catch(() => ""), closed]);
        return answer.trim();
    } finally {
        terminal.close();
    }
}
