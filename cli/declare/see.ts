// The commands that look at a swarm and change nothing.

import type { Command } from "commander";
import type { CheckOptions } from "../commands/check";
import type { StatusOptions } from "../commands/status";
import { onStack } from "./on-stack";

/** A look leaves nothing half done. */
const HINT = "Nothing was changed.";
const STRICT = ["--strict", "warnings count as errors"] as const;

/** Declares status and check. */
export function declareSee(program: Command): void {
    program.commandsGroup("See:");
    onStack(program, "status", "show nodes, quorum, stacks, and what is not as it should be", HINT)
        .option(...STRICT)
        .option("-w, --watch", "look again every 3 seconds, until Ctrl-C")
        .action(async (options: StatusOptions) => (await import("../commands/status")).status(options));
    onStack(program, "check", "try by named checks whether the swarm is as it should be", HINT)
        .argument("[name...]", "the checks, such as data-path; all without names")
        .option(...STRICT)
        .option("--cis", "show instead how the swarm meets the CIS Docker Benchmark")
        .option("--list", "name the checks, and run none")
        .action(async (names: string[], options: CheckOptions) =>
            (await import("../commands/check")).check(names, options),
        );
}
