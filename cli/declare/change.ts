// The commands that change a stack, and those that print what it has for other programs.

import type { Command } from "commander";
import type { DestroyOptions } from "../commands/destroy";
import { keepOutput } from "../kept-output";
import type { Options } from "../options";
import { onStack } from "./on-stack";

const LOSE_SWARM = [
    "--lose-swarm <name>",
    "the stack's name again: its swarm may end, with all that is in it",
] as const;

const VERBOSE = ["--verbose", "show each resource by its type and name"] as const;

/** Declares up, preview, destroy, output and env. */
export function declareChange(program: Command): void {
    program.commandsGroup("Change:");
    changing(program, "up", "bring the stack to what its settings say")
        .option(...LOSE_SWARM)
        .option(...VERBOSE)
        .action(async (options: Options) => (await import("../commands/up")).up(options));
    changing(program, "preview", "show what up would do")
        .option(...LOSE_SWARM)
        .option(...VERBOSE)
        .action(async (options: Options) => (await import("../commands/up")).preview(options));
    changing(program, "destroy", "remove every trace of the stack")
        .option(...LOSE_SWARM)
        .option(...VERBOSE)
        .option(
            "--orphaned",
            "also remove lab hosts of this stack that another, lost copy of the project made",
        )
        .action(async (options: DestroyOptions) => (await import("../commands/destroy")).destroy(options));
    program.commandsGroup("For other programs:");
    onStack(program, "output", "print the stack's outputs, or one of them, secrets included when named")
        .argument("[name]", "the output, such as unlockKey")
        .action(async (name: string | undefined, options: Options) =>
            (await import("../commands/output")).output(name, options),
        );
    onStack(program, "env", "print what the plain pulumi command needs in its environment").action(
        async (options: Options) => (await import("../commands/env")).env(options),
    );
}

/** A command that changes a stack, or would: what it says is kept for `skep support`. */
function changing(program: Command, name: string, description: string): Command {
    return onStack(program, name, description).hook("preAction", (_, command) =>
        keepOutput(command.opts<Options>().stack, [name]),
    );
}
