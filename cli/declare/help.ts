// The commands that help their user: to see a swarm, to find out what is wrong, and to type less.

import { Argument, type Command } from "commander";
import { SHELLS, type Shell } from "../tree/completion";

/** Declares completion. */
export function declareHelp(program: Command): void {
    program.commandsGroup("For other programs:");
    program
        .command("completion")
        .description("print a script that completes commands, options and names in a shell")
        .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
        .action(async (shell: Shell) => (await import("../commands/completion")).completion(shell, program));
}
