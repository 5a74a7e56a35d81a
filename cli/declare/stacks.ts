// The commands on swarm stacks.

import { type Command, Option } from "commander";
import type { LogsOptions } from "../commands/logs";
import type { TasksOptions } from "../commands/stacks";
import type { Options } from "../options";
import { count, since } from "./daily";
import { onStack } from "./on-stack";

/** Declares stack ls, ps, logs, diff and rollback. */
export function declareStacks(program: Command): void {
    const stack = program.command("stack").description("the swarm stacks: yours, Skep's, and others'");
    const NAME = ["<name>", "the stack, such as shop"] as const;
    onStack(stack, "ls", "list them, and how far each has come").action(async (options: Options) =>
        (await import("../commands/stacks")).listStacks(options),
    );
    onStack(stack, "ps", "list the tasks of one, with what keeps them from running")
        .argument(...NAME)
        .option("-a, --all", "also tasks that have ended")
        .action(async (name: string, options: TasksOptions) =>
            (await import("../commands/stacks")).listTasks(name, options),
        );
    onStack(stack, "logs", "the logs of all services of one")
        .argument(...NAME)
        .addOption(new Option("-f, --follow", "wait for further lines").conflicts("json"))
        .option("-n, --tail <lines>", "how many of each service's last lines (default: 100)", count)
        .option("--since <time>", "from 10m ago, or from a time such as 2026-11-26T10:00:00Z", since)
        .option("-t, --timestamps", "with the time of each line")
        .action(async (name: string, options: LogsOptions) =>
            (await import("../commands/stacks")).stackLogs(name, options),
        );
    onStack(stack, "diff", "show what an up would change in one", "Nothing was changed.")
        .argument(...NAME)
        .action(async (name: string, options: Options) =>
            (await import("../commands/stack-diff")).stackDiff(name, options),
        );
    onStack(stack, "rollback", "take services back to what they were before their last change")
        .argument(...NAME)
        .argument("[service...]", "some of its services; all that have changed without names")
        .action(async (name: string, services: string[], options: Options) =>
            (await import("../commands/stacks")).rollbackStack(name, services, options),
        );
}
