// The commands that look at a swarm and change nothing.

import type { Command } from "commander";
import type { StatusOptions } from "../commands/status";
import { onStack } from "./on-stack";

/** A look leaves nothing half done. */
const HINT = "Nothing was changed.";
const STRICT = ["--strict", "warnings count as errors"] as const;

/** Declares status. */
export function declareSee(program: Command): void {
    program.commandsGroup("See:");
    onStack(program, "status", "show nodes, quorum, stacks, and what is not as it should be", HINT)
        .option(...STRICT)
        .option("-w, --watch", "look again every 3 seconds, until Ctrl-C")
        .action(async (options: StatusOptions) => (await import("../commands/status")).status(options));
}
