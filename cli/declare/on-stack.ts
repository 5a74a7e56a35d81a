// How a command on a stack is declared: with the options that all of them have.

import { type Command, InvalidArgumentError } from "commander";
import { secondsOf } from "../../planning/durations";
import { watchInterrupts } from "../interrupt";
import type { Options } from "../options";

/**
 * Declares a command that works on a stack. The command loads its module when it is called: Pulumi's SDK takes a second to
 * load, and `--help` need not wait for that. `hint` tells the user how to go on after an interrupt. `isDefault`: its group
 * without a command stands for it.
 */
export function onStack(
    program: Command,
    name: string,
    description: string,
    hint = "Run the same command again: it goes on from what is there.",
    isDefault = false,
): Command {
    return program
        .command(name, { isDefault })
        .description(description)
        .option("-s, --stack <name>", "the stack", "dev")
        .option("--json", "print the result as JSON, and no progress")
        .option("-q, --quiet", "print the result, and no progress")
        .option("-y, --yes", "answer its questions with yes")
        .option("--timeout <time>", "end in order after this time, such as 90s, 10m or 1h", seconds)
        .hook("preAction", (_, command) => watchInterrupts(hint, command.opts<Options>().timeout));
}

/** The seconds of a time such as `90s`, `10m` or `1h`. */
function seconds(given: string): number {
    const found = secondsOf(given);
    if (found !== undefined) return found;
    throw new InvalidArgumentError("It must be a time from 1s to 24h, such as 10m.");
}
