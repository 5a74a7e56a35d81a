// The commands that help their user: to see a swarm, to find out what is wrong, and to type less.

import { Argument, type Command } from "commander";
import type { Options } from "../options";
import { SHELLS, type Shell } from "../tree/completion";
import { onStack } from "./on-stack";

/** Declares doctor and completion. */
export function declareHelp(program: Command): void {
    program.commandsGroup("When something is wrong:");
    onStack(
        program,
        "doctor",
        "say whether this machine is fit for a lab, and how to mend what is not",
    ).action(async (options: Options) => (await import("../commands/doctor")).doctor(options));
    program.commandsGroup("For other programs:");
    program
        .command("completion")
        .description("print a script that completes commands, options and names in a shell")
        .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
        .action(async (shell: Shell) => (await import("../commands/completion")).completion(shell, program));
}
