// Runs Skep's own providers in one process for a whole command. Pulumi itself would start each of them for the refresh
// and again for the operation, one after the other and half a second each.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { skepError } from "../../errors";
import { dockerEnvironment } from "../../providers/runtime/docker";
import { BRIDGED } from "../../scripts/setup/bridged";
import { LOSE_SWARM } from "../../providers/swarm/lose-swarm";
import { ATTACHED } from "../../scripts/setup/plugins";
import type { PluginKind, PulumiTools } from "../../scripts/setup/tools";

const START_MILLISECONDS = 20_000;
/** aws is not among them: its SDK takes longer to load than all of these together. */
const ATTACHED_STAND_INS = ["command", "docker", "random", "tls"];

/**
 * Starts the providers. Returns the value for PULUMI_DEBUG_PROVIDERS. They end with this process. `loseSwarm` names the
 * stack whose swarm may end. Throws PROVIDERS_START.
 */
export async function startProviders(
    { swarmPlugin, plugins }: PulumiTools,
    loseSwarm?: string,
): Promise<string> {
    const names = ["swarm", ...attachedStandIns(plugins)];
    const child = spawn(process.execPath, [join(swarmPlugin, ATTACHED), ...names], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, ...dockerEnvironment(), [LOSE_SWARM]: loseSwarm },
    });
    // The child's standard input closes when this process ends, however that happens.
    child.unref();
    const output = createInterface({ input: child.stdout });
    const failed = (why: string) =>
        skepError(
            "PROVIDERS_START",
            `Skep's providers did not start: ${why}.`,
            "Run the same command again.",
        );
    return new Promise<string>((resolve, reject) => {
        const timer = setTimeout(() => {
            child.kill();
            reject(failed(`no answer within ${START_MILLISECONDS / 1000} seconds`));
        }, START_MILLISECONDS);
        output.once("line", resolve);
        child.once("error", (error) => reject(failed(error.message)));
        child.once("exit", (code) => reject(failed(`their process ended with code ${code}`)));
        output.once("line", () => clearTimeout(timer));
    }).finally(() => {
        output.close();
        child.stdout.destroy();
    });
}

function attachedStandIns(plugins: PluginKind): string[] {
    if (plugins === "official") return [];
    const built: readonly string[] = plugins === "real" ? BRIDGED : [];
    return ATTACHED_STAND_INS.filter((name) => !built.includes(name));
}
