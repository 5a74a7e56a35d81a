// Copies a manager's own data: its engine stops for that, in maintenance.
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../context";
import { HostFailure } from "../failures";
import type { Host } from "../host";
import { inMaintenance } from "../maintenance";
import { pausePoint } from "../pause-point";
import { hostScript } from "../scripts";
import type { Swarm } from "../swarm";
import { until } from "../wait";

/** The script's own limit is 10 minutes; the rest is for the way of the copy to this machine. */
const SAVE_MS = 20 * 60_000;
/** How long an engine may take to start again after a copy that failed. */
const BACK_MS = 60_000;

/** The copy of one manager's data. */
export interface SavedFolder {
    /** When its engine had stopped, in ISO 8601 and UTC. */
    at: string;
    /** Its folder `swarm` under the engine's data root, as a gzipped tar. */
    folder: Buffer;
}

/**
 * Copies a manager's data while its engine is stopped. Its tasks move away before; afterwards it is unlocked, ready, and as
 * available as it was. Throws `Refused` if the other managers cannot do without it now, SERVICE_CANNOT_SPARE if a service
 * cannot, and BACKUP_HOST if the copy fails.
 */
export async function saveManager(swarm: Swarm, host: Host): Promise<SavedFolder> {
    const [saved] = await inMaintenance(swarm, [host], copy);
    if (!saved) throw new Error(`nothing was done on ${host.name}`);
    return saved;
}

async function copy(host: Host, turn: Context): Promise<SavedFolder> {
    await pausePoint(`backup:drained:${host.name}`, turn);
    turn.log(`${host.name}: its engine stops for the copy`);
    try {
        const saved = await host.script<{ at: string; folder: string }>(
            hostScript("data-root", "save"),
            {},
            { timeoutMs: SAVE_MS, signal: turn.signal },
        );
        await pausePoint(`backup:copied:${host.name}`, turn);
        return { at: saved.at, folder: Buffer.from(saved.folder, "base64") };
    } catch (error) {
        await untilItRuns(host, turn);
        throw error;
    }
}

/** Waits for the engine, which starts again on its own. A manager whose engine runs can be unlocked at once. */
async function untilItRuns(host: Host, ctx: Context): Promise<void> {
    const runs = async () => (await host.membership()).state !== "inactive";
    await until(`the engine of ${host.name} to start again`, runs, BACK_MS, ctx).catch((error: unknown) => {
        if (!(error instanceof HostFailure) && !ctx.signal.aborted) ctx.log(reasonOf(error), "warning");
    });
}
