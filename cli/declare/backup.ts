// The commands on backups.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { ReadOptions } from "../backup/find";
import type { BackupOptions } from "../commands/backup";
import type { ScheduleOptions } from "../commands/backup-schedule";
import { onStack } from "./on-stack";

const TO = ["--to <place>", "a folder, or s3://BUCKET/PREFIX; without it, as skep:backup.to says"] as const;
const IDENTITY = ["--identity <file>", "the file of the secret key; without it, the project's own"] as const;
const HINT = "The manager that was being copied runs again by itself; skep unlock, up or backup opens it.";

/** Declares backup and its subcommands. */
export function declareBackup(program: Command): void {
    program.commandsGroup("When something is lost:");
    const backup = program.command("backup").description("save a swarm, and look at what was saved");
    onStack(backup, "create", "copy managers one after another; skep backup alone does it too", HINT, true)
        .option(...TO)
        .addOption(new Option("--all", "copy every manager").conflicts("one"))
        .option("--one", "copy one manager: quick, but it can be restored in one way only")
        .option("--registry", "save the registry's images too; it takes no pushes meanwhile")
        .option("--keep <number>", "remove the oldest backups of the stack beyond so many", many)
        .option("--recipient <age1...>", "encrypt it for this key instead of the project's own")
        .action(async (options: BackupOptions) => (await import("../commands/backup")).create(options));
    onStack(backup, "list", "list the backups of the stack, the newest first")
        .option(...TO)
        .option(...IDENTITY)
        .action(async (options: ReadOptions) => (await import("../commands/backups")).list(options));
    onStack(backup, "show", "show what is in a backup")
        .argument("[backup]", "its name or file; without it, the newest")
        .option(...TO)
        .option(...IDENTITY)
        .action(async (name: string | undefined, options: ReadOptions) =>
            (await import("../commands/backups")).show(name, options),
        );
    onStack(backup, "verify", "read a backup to its end and check every checksum")
        .argument("[backup]", "its name or file; without it, the newest")
        .option(...TO)
        .option(...IDENTITY)
        .action(async (name: string | undefined, options: ReadOptions) =>
            (await import("../commands/backups")).verify(name, options),
        );
    onStack(backup, "schedule", "write a timer of systemd for this user, which makes one every day")
        .option(...TO)
        .option("--at <time>", "the time of day", time, "03:00")
        .addOption(new Option("--cron", "print a line for cron, and write nothing").conflicts("print"))
        .option("--print", "print the timer, and write nothing")
        .action(async (options: ScheduleOptions) =>
            (await import("../commands/backup-schedule")).schedule(options),
        );
}

function many(given: string): number {
    const found = /^\d{1,5}$/.test(given) ? Number(given) : 0;
    if (found >= 1) return found;
    throw new InvalidArgumentError("It must be a number from 1 on.");
}

function time(given: string): string {
    if (/^([01]\d|2[0-3]):[0-5]\d$/.test(given)) return given;
    throw new InvalidArgumentError("It must be a time of day such as 03:00.");
}
