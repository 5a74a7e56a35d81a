// How a swarm that exists is made usable again: locked managers are opened, and a majority is waited for.
import { formatProblem, SkepError } from "../errors";
import type { Context } from "./context";
import { manager, membership, WRITE_MS } from "./engine";
import type { HostInput } from "./host";
import { isGone, lockedOut, look, refuseForeign, whyUnusable, type Sighting } from "./survey";
import { remote, type Remote } from "./ssh";
import { pause } from "./wait";

const UNLOCK_MS = 20_000;
const QUORUM_MS = 60_000;
const POLL_MS = 1000;

/** A manager that answers with a majority behind it, and the names of those that no key opened. */
export interface Opened {
    engine: Remote;
    locked: string[];
}

/**
 * Opens locked managers of the cluster, with the key that its other managers have or else with a known one, and waits until
 * one of them can be used. Says why, if none can.
 */
export async function open(
    hosts: readonly HostInput[],
    clusterId: string,
    known: readonly string[],
    ctx: Context,
): Promise<Opened> {
    const end = Date.now() + QUORUM_MS;
    const shut = new Set<string>();
    for (;;) {
        const sightings = await look(hosts);
        refuseForeign(sightings, clusterId);
        if (isGone(sightings)) throw new SkepError([whyUnusable(sightings)]);
        const active = hostsIn(sightings, "active");
        const locked = hostsIn(sightings, "locked").filter(({ name }) => !shut.has(name));
        if (locked.length > 0) {
            const fresh = await Promise.all(active.map((host) => keyOf(host)));
            for (const name of await unlock(locked, [...fresh, ...known], ctx)) shut.add(name);
        }
        if (active.length === 0 && locked.length === 0 && shut.size > 0)
            throw new SkepError([lockedOut([...shut])]);
        // Also one that was unlocked just now may turn out to be in another swarm: manager() checks the id.
        const engine = await manager(hosts, clusterId).catch(() => undefined);
        if (engine) return { engine, locked: [...shut] };
        if (Date.now() >= end || ctx.signal.aborted) throw new SkepError([whyUnusable(sightings)]);
        await pause(POLL_MS, ctx.signal);
    }
}

function hostsIn(sightings: readonly Sighting[], state: string): HostInput[] {
    return sightings.filter(({ member }) => member?.state === state).map(({ host }) => host);
}

async function keyOf(host: HostInput): Promise<string> {
    try {
        const { UnlockKey } = await remote(host).call("GET", "/swarm/unlockkey", undefined, WRITE_MS);
        return UnlockKey ?? "";
    } catch {
        return ""; // without a majority it does not say
    }
}

/** Opens what the keys open; answers with the names of the hosts that stay locked. */
async function unlock(hosts: readonly HostInput[], keys: readonly string[], ctx: Context): Promise<string[]> {
    const usable = [...new Set(keys)].filter((key) => key !== "");
    const opened = await Promise.all(hosts.map((host) => unlockOne(host, usable)));
    const names = hosts.filter((_host, index) => opened[index]).map(({ name }) => name);
    if (names.length > 0) ctx.log(`unlocked ${names.join(", ")}`);
    const shut = hosts.filter((_host, index) => !opened[index]).map(({ name }) => name);
    for (const name of shut) {
        const problem = `No known unlock key opens ${name}.`;
        const advice = "Unlock it with the key that it was locked with, then run up again.";
        ctx.log(formatProblem({ id: "MANAGER_LOCKED", problem, advice }), "warning");
    }
    return shut;
}

async function unlockOne(host: HostInput, keys: readonly string[]): Promise<boolean> {
    for (const UnlockKey of keys) {
        try {
            await remote(host).call("POST", "/swarm/unlock", { UnlockKey }, UNLOCK_MS);
            return true;
        } catch {
            // Without quorum the answer never comes though the key was right: the state tells.
            const now = await membership(host).catch(() => undefined);
            if (now && now.state !== "locked") return true;
        }
    }
    return false;
}
