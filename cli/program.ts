// Which commands there are. Each is a file in commands/, and a group of them is declared in a file in declare/.

import { Command } from "commander";
import { EXIT_CODES } from "../errors/problem-group";
import { declareBackup } from "./declare/backup";
import { declareChange } from "./declare/change";
import { declareHelp } from "./declare/help";
import { declareSee } from "./declare/see";
import { declareDaily } from "./declare/daily";
import { declareKeys } from "./declare/keys";
import { declareRegistry } from "./declare/registry";
import { declareStacks } from "./declare/stacks";
import { declareRecovery } from "./declare/recovery";

/** The whole command line. Nothing of a command is loaded before it is called. */
export function commandLine(): Command {
    const program = new Command("skep")
        .description("A multi-AZ Docker Swarm: previewed, locked, kept healthy, destroyed without residue")
        .addHelpText("after", "\nnpm test runs the tests, npm run test:unit and the like a part of them.")
        .showHelpAfterError("Add --help for what it takes.")
        .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage));
    for (const declare of [
        declareChange,
        declareSee,
        declareDaily,
        declareKeys,
        declareStacks,
        declareRegistry,
        declareRecovery,
        declareBackup,
        declareHelp,
    ])
        declare(program);
    return program;
}
