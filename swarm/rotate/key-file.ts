// The file with a manager's node key, which the unlock key seals: it shows which unlock key the manager has.
import { SkepError } from "../../errors";
import { opensNodeKey } from "../../planning/recovery/node-key";
import type { Host } from "../host";
import { hostScript, unpacked } from "../scripts";
import type { Swarm } from "../swarm";
import { TimedOut, until } from "../wait";

const SCRIPT_MS = 15_000;
/** An open manager seals its key file anew within a second or two. */
const CONFIRM_MS = 15_000;

/** What check.sh says of a key file. */
export interface KeyFile {
    /** The sealed file in base 64; null if no unlock key seals it. */
    sealed: string | null;
}

/**
 * Names of the managers that have not confirmed the unlock key: their key file is sealed with another one, or they do not
 * answer. An empty key is confirmed by a file that is not sealed.
 */
export async function unconfirmed({ managers, ctx }: Swarm, unlockKey: string): Promise<string[]> {
    const names = managers.map(async (host) => {
        try {
            return isSealedWith(unlockKey, await keyFileOf(host, ctx.signal)) ? [] : [host.name];
        } catch (error) {
            if (!(error instanceof SkepError) || ctx.signal.aborted) throw error;
            return [host.name];
        }
    });
    return (await Promise.all(names)).flat();
}

/** Waits until every manager has confirmed the unlock key. Returns the names of those that have not done so in time. */
export async function untilConfirmed(
    swarm: Swarm,
    unlockKey: string,
    timeoutMs = CONFIRM_MS,
): Promise<string[]> {
    let late: string[] = [];
    const all = async () => {
        late = await unconfirmed(swarm, unlockKey);
        return late.length === 0;
    };
    await until("every manager to confirm the key", all, timeoutMs, swarm.ctx).catch((error: unknown) => {
        if (!(error instanceof TimedOut)) throw error;
    });
    return late;
}

function keyFileOf(host: Host, signal: AbortSignal): Promise<KeyFile> {
    return host.script<KeyFile>(
        hostScript("data-root", "check"),
        { MODE: "key" },
        { timeoutMs: SCRIPT_MS, signal },
    );
}

function isSealedWith(unlockKey: string, { sealed }: KeyFile): boolean {
    if (unlockKey === "") return sealed === null;
    return sealed !== null && opensNodeKey(unpacked(sealed), unlockKey);
}
