// A swarm that lost its majority goes on with one of its managers. The engine refuses that on a locked manager
// (moby/moby#36852), so its node key is opened first, while the engine is stopped.
import { skepError } from "../../errors";
import { openNodeKey } from "../../planning/recovery/node-key";
import { SWARM_PORT, type SwarmNode } from "../../planning/engine-api";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../context";
import { HostFailure } from "../failures";
import type { Host } from "../host";
import { Swarm } from "../swarm";
import { TimedOut, until } from "../wait";
import { type ManagerData, settleData, startEngine, stopEngine } from "./manager-data";

const ENGINE_MS = 120_000;
const FORCE_MS = 90_000;
const LEADS_MS = 60_000;

/** What a manager needs to go on alone. */
export interface Alone {
    /** Keys that may open it. None is needed if it is not locked. */
    unlockKeys: readonly string[];
    /** Whether managers of the swarm are locked by a key. The key stays the same. */
    autolock: boolean;
    /** The swarm's id. */
    clusterId: string;
}

/**
 * Makes this host the only manager of its swarm, with all that its own copy of the data has. Its engine stops for some
 * seconds. Throws RECOVERY_NO_DATA if it has no copy, and KEY_WRONG if no key opens it; both leave it as it was.
 */
export async function goOnAlone(host: Host, alone: Alone, ctx: Context): Promise<Swarm> {
    ctx.log(`stopping the engine of ${host.name}`);
    const data = await stopEngine(host, ctx);
    return startAlone(host, data, alone, ctx);
}

/** The same with a host whose engine is stopped. */
export async function startAlone(
    host: Host,
    data: ManagerData,
    { unlockKeys, autolock, clusterId }: Alone,
    ctx: Context,
): Promise<Swarm> {
    let nodeKey: string | undefined;
    try {
        nodeKey = openedKey(host, data, unlockKeys);
    } catch (error) {
        await startEngine(host, ctx);
        throw error;
    }
    await startEngine(host, ctx, nodeKey);
    await untilAnswers(host, ctx);
    ctx.log(`making ${host.name} the only manager`);
    const body = {
        ListenAddr: `${host.address}:${SWARM_PORT}`,
        AdvertiseAddr: host.address,
        ForceNewCluster: true,
        AutoLockManagers: autolock,
        Spec: { EncryptionConfig: { AutoLockManagers: autolock } },
    };
    await host.call("POST", "/swarm/init", { body, timeoutMs: FORCE_MS });
    const swarm = new Swarm([host], clusterId, ctx);
    const leads = async () => {
        const { nodeId } = await host.membership();
        return (await swarm.node(nodeId))?.ManagerStatus?.Leader;
    };
    await until(`${host.name} to lead the swarm alone`, leads, LEADS_MS, ctx);
    await settleData(host, ctx);
    return swarm;
}

function openedKey(host: Host, { hasData, sealedKey }: ManagerData, keys: readonly string[]) {
    if (!hasData)
        throw skepError(
            "RECOVERY_NO_DATA",
            `${host.name} has no copy of the swarm's data.`,
            "Choose another manager with --from, or restore a backup: skep restore ARCHIVE.",
        );
    if (sealedKey === undefined) return undefined;
    let last: unknown;
    for (const key of new Set(keys.filter((each) => each !== ""))) {
        try {
            return openNodeKey(sealedKey, key);
        } catch (error) {
            last = error;
        }
    }
    throw last ?? noKey(host);
}

function noKey({ name }: Host) {
    return skepError(
        "KEY_WRONG",
        `${name} is locked, and no unlock key of it is known.`,
        "Unlock keys of former times may be in a backup: skep restore ARCHIVE.",
    );
}

/** Waits for an engine that starts without a majority. Throws RECOVERY_ENGINE if it does not come up as a member. */
export async function untilAnswers(host: Host, ctx: Context, timeoutMs = ENGINE_MS): Promise<void> {
    const answers = async () => (await host.membership()).state !== "inactive";
    try {
        await until(`the engine of ${host.name}`, answers, timeoutMs, { ...ctx, pollMs: 1000 });
    } catch (error) {
        if (!(error instanceof TimedOut) && !(error instanceof HostFailure)) throw error;
        throw skepError(
            "RECOVERY_ENGINE",
            `The engine of ${host.name} does not come up with its copy of the swarm: ${reasonOf(error)}.`,
            `See skep ssh ${host.name} -- sudo journalctl -u docker -n 50. If its data is damaged, choose another manager with --from, or restore a backup.`,
        );
    }
}

/**
 * Removes the managers that a swarm with one manager still has in its list. They are no members of its raft group, so the
 * engine neither demotes them nor takes them back. Returns their names.
 */
export async function removeGhosts(swarm: Swarm): Promise<string[]> {
    const ghosts = (await swarm.members()).filter(isGhost);
    for (const { ID } of ghosts) await swarm.call("DELETE", `/nodes/${ID}?force=1`, { timeoutMs: FORCE_MS });
    return ghosts.map(({ Description, ID }) => Description?.Hostname ?? ID);
}

/** Whether the member is a manager by its specification only. */
function isGhost({ Spec, ManagerStatus }: SwarmNode): boolean {
    return Spec.Role === "manager" && ManagerStatus === undefined;
}
