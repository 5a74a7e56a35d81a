// Plugins that Pulumi starts itself end with the command, even if Pulumi or the command is killed. attach.ts starts
// Skep's own providers.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { skepError } from "../../errors";

/** The script that, after this process has ended, ends every plugin whose Pulumi is gone. Its argument is the mark. */
export const ORPHANS_SCRIPT = join(__dirname, "orphans.sh");

/**
 * Makes sure that no plugin outlives its Pulumi by more than a moment once this process has ended, however that happens.
 * Returns the environment that Pulumi needs for that. Throws PROVIDERS_START.
 */
export async function endOrphans(): Promise<{ SKEP_COMMAND: string }> {
    const mark = randomUUID();
    // In a session of its own, because whoever kills this process may kill its whole group.
    const child = spawn(ORPHANS_SCRIPT, [mark], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    child.unref();
    // The script's standard input closes when this process ends.
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
