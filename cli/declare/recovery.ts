// The commands that bring a swarm back.

import type { Command } from "commander";
import type { RecoverOptions } from "../commands/recover";
import type { RestoreOptions } from "../commands/restore";
import { onStack } from "./on-stack";

const LOSE_SWARM = [
    "--lose-swarm <name>",
    "the stack's name again: what the swarm has beside the copy may be lost",
] as const;
const DRY_RUN = ["--dry-run", "say what would be done, and change nothing"] as const;

/** Declares recover and restore. */
export function declareRecovery(program: Command): void {
    program.commandsGroup("Recover:");
    onStack(program, "recover", "go on with one manager of a swarm that lost its majority")
        .option("--from <manager>", "the manager to go on with; default: the one with the newest data")
        .option(...DRY_RUN)
        .option(...LOSE_SWARM)
        .action(async (options: RecoverOptions) => (await import("../commands/recover")).recover(options));
    onStack(program, "restore", "bring a swarm back from a backup")
        .argument("<archive>", "a file that skep backup made, or s3://BUCKET/KEY")
        .option("--from <manager>", "restore this manager only, and let the others join anew")
        .option("--identity <file>", "the key that opens the backup; default: the stack's own")
        .option(...DRY_RUN)
        .option(...LOSE_SWARM)
        .action(async (archive: string, options: RestoreOptions) =>
            (await import("../commands/restore")).restore(archive, options),
        );
}
