// Asking before something is changed.

import { once } from "node:events";
import { exitCodeOf, skepError } from "../errors";
import type { Options } from "./options";

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
    const { createInterface } = await import("node:readline/promises");
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        // Ctrl-C and Ctrl-D close the terminal's lines without an answer.
        const closed = once(terminal, "close").then(() => "");
        const answer = await Promise.race([terminal.question(`${question} [y/N] `).catch(() => ""), closed]);
        if (/^y(es)?$/i.test(answer.trim())) return true;
        process.stderr.write("Nothing was changed.\n");
        process.exitCode = exitCodeOf("NOT_CONFIRMED");
        return false;
    } finally {
        terminal.close();
    }
}
