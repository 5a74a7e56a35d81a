// The commands of every day on a swarm that stands: its locks and secrets, its hosts, its networks.

import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import type { ContextOptions } from "../commands/context";
import type { LogsOptions } from "../commands/logs";
import type { NetOptions } from "../commands/net";
import type { RebootOptions } from "../commands/reboot";
import type { Options } from "../options";
import type { Role } from "../../planning/placement";
import { sinceSeconds } from "../../planning/durations";
import { onStack } from "./on-stack";

/** Declares unlock, key, token, context, ssh, reboot, logs, cp and net. */
export function declareDaily(program: Command): void {
    program.commandsGroup("Every day:");
    onStack(program, "unlock", "open the managers that are locked after a restart").action(
        async (options: Options) => (await import("../commands/unlock")).unlock(options),
    );
    const key = program.command("key").description("the key that opens locked managers");
    onStack(key, "show", "print it: keep it somewhere else too").action(async (options: Options) =>
        (await import("../commands/secrets")).showKey(options),
    );
    const token = program.command("token").description("the tokens with which nodes join");
    onStack(token, "show", "print the token of a role")
        .addArgument(new Argument("[role]", "the role").choices(["worker", "manager"]).default("worker"))
        .action(async (role: Role, options: Options) =>
            (await import("../commands/secrets")).showToken(role, options),
        );
    onStack(program, "context", "make or refresh your docker's context for the swarm")
        .option("--print", "print the command that makes it, and run nothing")
        .action(async (options: ContextOptions) => (await import("../commands/context")).context(options));
    onStack(program, "ssh", "a shell on a host, or a command in its shell")
        .argument("<host>", "the node's name, such as manager-1")
        .argument("[command...]", "the command, after --")
        .action(async (host: string, command: string[], options: Options) =>
            (await import("../commands/ssh")).ssh(host, command, options),
        );
    onStack(program, "reboot", "reboot hosts one after another, each drained and unlocked again")
        .argument("[host...]", "the nodes' names, such as worker-1")
        .option("--needed", "the hosts that have to reboot, as status names them")
        .action(async (hosts: string[], options: RebootOptions) =>
            (await import("../commands/reboot")).reboot(hosts, options),
        );
    onStack(program, "logs", "the journal of a host's engine, or the log of a service")
        .argument("<name>", "a node's name, or a service's")
        .addOption(new Option("-f, --follow", "wait for further lines").conflicts("json"))
        .option(
            "-n, --tail <lines>",
            "how many of the last lines (default: 100, or all since --since)",
            count,
        )
        .option("--since <time>", "from 10m ago, or from a time such as 2026-11-26T10:00:00Z", since)
        .option("-t, --timestamps", "with the time of each line")
        .action(async (name: string, options: LogsOptions) =>
            (await import("../commands/logs")).logs(name, options),
        );
    onStack(program, "cp", "copy files or folders to or from a host")
        .argument("<from>", "a path here, or HOST:PATH")
        .argument("<to>", "a path here, or HOST:PATH")
        .action(async (from: string, to: string, options: Options) =>
            (await import("../commands/ssh")).cp(from, to, options),
        );
    onStack(program, "net", "a shell, or a command, on a network or where a service's task is")
        .argument("<name>", "a service's name, or an overlay network's")
        .argument("[command...]", "the command, after --")
        .option("--node <host>", "the node on which it runs")
        .action(async (name: string, command: string[], options: NetOptions) =>
            (await import("../commands/net")).net(name, command, options),
        );
}

/** The number of lines that `--tail` asks for. */
export function count(given: string): number {
    if (/^\d{1,7}$/.test(given)) return Number(given);
    throw new InvalidArgumentError("It must be a number of lines.");
}

/** The seconds since 1970 that `--since` means. */
export function since(given: string): number {
    const found = sinceSeconds(given, Date.now());
    if (found !== undefined) return found;
    throw new InvalidArgumentError("It must be a time such as 90s, 10m, 2h, 1d or 2026-11-26T10:00:00Z.");
}
