// The commands that help their user: to see a swarm, to find out what is wrong, and to type less.

import { Argument, type Command, InvalidArgumentError } from "commander";
import type { DashboardOptions } from "../commands/dashboard";
import type { SupportOptions } from "../commands/support";
import type { Options } from "../options";
import { SHELLS, type Shell } from "../tree/completion";
import { onStack } from "./on-stack";

/** Declares dashboard, doctor, support and completion. */
export function declareHelp(program: Command): void {
    program.commandsGroup("See:");
    onStack(program, "dashboard", "show the swarm as a page in the browser, live and for reading only")
        .option("--port <number>", "the port on 127.0.0.1; without it, any that is free", port)
        .option("--html <file>", "write the page as it is now to a file instead")
        .action(async (options: DashboardOptions) =>
            (await import("../commands/dashboard")).dashboard(options),
        );
    program.commandsGroup("When something is wrong:");
    onStack(
        program,
        "doctor",
        "say whether this machine is fit for a lab, and how to mend what is not",
    ).action(async (options: Options) => (await import("../commands/doctor")).doctor(options));
    onStack(program, "support", "write a bundle with what helps to find a fault, and no secret")
        .option("--to <file>", "the bundle; without it, skep-support-STACK-TIME.tar.gz in this folder")
        .action(async (options: SupportOptions) => (await import("../commands/support")).support(options));
    program.commandsGroup("For other programs:");
    program
        .command("completion")
        .description("print a script that completes commands, options and names in a shell")
        .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
        .action(async (shell: Shell) => (await import("../commands/completion")).completion(shell, program));
}

function port(given: string): number {
    const found = /^\d{1,5}$/.test(given) ? Number(given) : 0;
    if (found >= 1 && found <= 65_535) return found;
    throw new InvalidArgumentError("It must be a number from 1 to 65535.");
}
