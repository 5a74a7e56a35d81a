// The unlock keys that a stack's state keeps: the present one, and former ones as long as a manager may still need them.
import type { Swarm } from "../swarm";
import { unconfirmed, untilConfirmed } from "./key-file";

/** Open managers open their key files within a second or two. */
const OPENED_MS = 5000;

export interface UnlockKeys {
    /** The swarm's present key; empty without autolock. */
    unlockKey: string;
    /** Earlier keys, the newest first, until every manager has confirmed the present one: one that was down has one of them. */
    formerUnlockKeys: string[];
    /** Whether somebody else changed the key, so that the stack's outputs do not have it yet. */
    rekeyed: boolean;
}

/** What a state has of the keys. States of earlier versions have one former key at most. */
export type KnownKeys = Partial<UnlockKeys> & { previousUnlockKey?: string };

/** The keys of a state, once the swarm says which is the present one. */
export async function keysNow(swarm: Swarm, known: KnownKeys): Promise<UnlockKeys> {
    const now = await swarm.unlockKey();
    const { unlockKey: before = now, rekeyed = false } = known;
    const former = before === "" ? formerKeys(known) : [before, ...formerKeys(known)];
    return {
        unlockKey: now,
        formerUnlockKeys: [...new Set(former)].filter((key) => key !== now),
        rekeyed: before !== now || rekeyed,
    };
}

/** The former keys of a state. */
export function formerKeys({ formerUnlockKeys, previousUnlockKey = "" }: KnownKeys): string[] {
    return formerUnlockKeys ?? (previousUnlockKey === "" ? [] : [previousUnlockKey]);
}

/**
 * As `keysNow`. If the swarm has no key any more, no kill can lose one: waits a moment for the managers to open their key
 * files, and forgets the former keys if all do.
 */
export async function keysAfterChange(
    swarm: Swarm,
    known: KnownKeys,
    timeoutMs = OPENED_MS,
): Promise<UnlockKeys> {
    const keys = await keysNow(swarm, known);
    if (keys.unlockKey !== "" || keys.formerUnlockKeys.length === 0) return keys;
    const late = await untilConfirmed(swarm, "", timeoutMs);
    return late.length > 0 ? keys : { ...keys, formerUnlockKeys: [] };
}

/** The keys without former ones if every manager has confirmed the present one. Asks no host where there are none. */
export async function withoutUseless(swarm: Swarm, keys: UnlockKeys): Promise<UnlockKeys> {
    if (keys.formerUnlockKeys.length === 0) return keys;
    const isNeeded = (await unconfirmed(swarm, keys.unlockKey)).length > 0;
    return isNeeded ? keys : { ...keys, formerUnlockKeys: [] };
}
