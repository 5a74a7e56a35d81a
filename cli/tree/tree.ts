// The command line as data, for what is made from it: docs/cli.md and the shells' completion.

import type { Argument, Command, Option } from "commander";

/** A command, with everything that may follow its name. */
export interface Node {
    /** Its words without the program's name, such as `registry list`; empty for the program itself. */
    path: string;
    /** The heading under which `--help` lists it. */
    group: string;
    description: string;
    arguments: readonly Argument[];
    options: readonly Option[];
    commands: readonly Node[];
}

/** The command with all commands below it. Leaves out `help`, which every program has. */
export function treeOf(command: Command, above: readonly string[] = []): Node {
    const shown = command
        .createHelp()
        .visibleCommands(command)
        .filter((child) => child.name() !== "help");
    return {
        path: above.join(" "),
        group: command.helpGroup(),
        description: command.description(),
        arguments: command.registeredArguments,
        options: command.options.filter(({ hidden }) => !hidden),
        commands: shown.map((child) => treeOf(child, [...above, child.name()])),
    };
}

/** The command and all below it, in their order. */
export function allNodes(node: Node): Node[] {
    return [node, ...node.commands.flatMap(allNodes)];
}

/** Whether the option is followed by a value. */
export function takesValue({ required, optional }: Option): boolean {
    return required || optional;
}
