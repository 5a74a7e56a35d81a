// Plugins that the Pulumi engine starts itself end with the command, also when the engine or the command is killed.
// Those that Skep starts stand in providers.ts.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { skepError } from "../../errors";

/** Ends, after this process, every plugin whose engine is gone; its argument is the mark. */
export const ORPHANS_SCRIPT = join(__dirname, "orphans.sh");

/**
 * Sees to it that no plugin outlives its engine by more than a moment once this process has ended, however it ends.
 * Answers with what the engine's environment must hold for that.
 */
export async function endOrphans(): Promise<{ SKEP_COMMAND: string }> {
    const mark = randomUUID();
    // A session of its own: whoever kills this process may kill its whole group.
    const child = spawn(ORPHANS_SCRIPT, [mark], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    child.unref();
    // Its standard input closes when this process ends.
    child.stdin.on("error", () => undefined);
    (child.stdin as unknown as { unref(): void }).unref();
    await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (error) =>
            reject(
                skepError(
                    "PROVIDERS_START",
                    `What ends plugins after a kill did not start: ${error.message}.`,
                    "Run the same command again.",
                ),
            ),
        );
    });
    return { SKEP_COMMAND: mark };
}
