// Finds the swarm that the manager hosts are in and unlocks its managers, or creates one if there can be none yet.
import { formatProblem, type Problem, SkepError } from "../errors";
import {
    hostsIn,
    isGone,
    lockedOut,
    refuseForeignCluster,
    refuseUnsafe,
    theOneCluster,
    whyUnusable,
} from "../planning/adoption";
import { type SwarmWishes, withWishes } from "../planning/swarm-settings";
import { fallenProblem, untilMet } from "./broken";
import type { Context } from "./context";
import { ifAnswered } from "./failures";
import type { Host, InitialSwarm } from "./host";
import { pausePoint } from "./pause-point";
import { isLockedWith } from "./rotate/key-file";
import { Swarm } from "./swarm";
import { pause } from "./wait";

const QUORUM_MS = 60_000;
const POLL_MS = 1000;

/** A swarm as it should be. */
export interface NewSwarm extends InitialSwarm {
    /** Settings that the user gives. Default: as the swarm is. */
    settings?: SwarmWishes;
}

/**
 * Finds the swarm that these hosts manage. Creates it on the first host if all hosts answered and none is in a swarm.
 * Throws if a host that does not answer, or is locked, may be in a swarm already. `locked` names the managers that no key
 * opened.
 */
export async function findOrMake(
    hosts: readonly Host[],
    wanted: NewSwarm,
    ctx: Context,
): Promise<{ swarm: Swarm; locked: string[] }> {
    const sightings = await Promise.all(hosts.map((host) => host.look()));
    const found = theOneCluster(sightings);
    if (found) ctx.log(`adopting the swarm ${found}`);
    else refuseUnsafe(sightings);
    const id = found ?? (await hosts[0]!.initialise(wanted));
    if (!found) await pausePoint("cluster:made", ctx);
    const swarm = new Swarm(hosts, id, ctx);
    const locked = await open(swarm, []);
    if (found) await setAutolock(swarm, wanted.autolock);
    await applySettings(swarm, wanted.settings);
    return { swarm, locked };
}

/** Gives the swarm the settings that the user gives, and leaves all others. */
export async function applySettings(swarm: Swarm, wishes: SwarmWishes = {}): Promise<void> {
    if (Object.keys(wishes).length > 0) await swarm.update((spec) => withWishes(spec, wishes));
}

/** Sets whether a manager needs the unlock key after a restart. */
export function setAutolock(swarm: Swarm, autolock: boolean): Promise<void> {
    return swarm.update((spec) =>
        (spec.EncryptionConfig?.AutoLockManagers ?? false) === autolock
            ? spec
            : { ...spec, EncryptionConfig: { AutoLockManagers: autolock } },
    );
}

/**
 * Unlocks managers, with the key that the other managers have or with a known one, and waits until a manager answers with
 * a majority behind it. Returns the names of the managers that no key opened. If the swarm cannot be used, throws the
 * reason.
 */
export async function open(swarm: Swarm, known: readonly string[]): Promise<string[]> {
    const { ctx } = swarm;
    const now = swarm.during({ patienceMs: 0 });
    const end = Date.now() + QUORUM_MS;
    const shut = new Set<string>();
    for (;;) {
        const sightings = await swarm.look();
        refuseForeignCluster(sightings, swarm.id);
        if (isGone(sightings)) throw new SkepError([whyUnusable(sightings)]);
        const active = hostsIn(sightings, "active");
        const locked = hostsIn(sightings, "locked").filter(({ name }) => !shut.has(name));
        if (locked.length > 0) {
            const fresh = active.length > 0 ? await ifAnswered(now.unlockKey()) : undefined;
            for (const name of await unlock(swarm, locked, [fresh ?? "", ...known])) shut.add(name);
        }
        if (active.length === 0 && locked.length === 0 && shut.size > 0)
            throw new SkepError(await whyShut(swarm, [...shut], known));
        // A manager that was unlocked just now may also turn out to be in another swarm: manager() checks the id.
        if (await ifAnswered(now.manager())) return [...shut];
        if (Date.now() >= end || ctx.signal.aborted) throw new SkepError([whyUnusable(sightings)]);
        await pause(POLL_MS, ctx.signal);
    }
}

/**
 * Unlocks the hosts that the keys open, and waits until the others reach them: some fall over damaged data then. Returns
 * the names of the hosts that stay locked.
 */
async function unlock(swarm: Swarm, hosts: readonly Host[], keys: readonly string[]): Promise<string[]> {
    const { ctx } = swarm;
    const opened = await Promise.all(hosts.map((host) => host.unlock(keys)));
    const open = hosts.filter((_host, index) => opened[index]);
    const shut = hosts.filter((_host, index) => !opened[index]);
    if (open.length > 0) ctx.log(`unlocked ${open.map(({ name }) => name).join(", ")}`);
    const problems = shut.map(async (host) => {
        if (await isLockedWith(host, keys, ctx.signal)) return fallenProblem(host.name);
        const problem = `No known unlock key opens ${host.name}.`;
        const advice = "Unlock it with the key that it was locked with, then run up again.";
        return { id: "MANAGER_LOCKED", problem, advice } as const;
    });
    for (const problem of await Promise.all(problems)) ctx.log(formatProblem(problem), "warning");
    await Promise.all(open.map((host) => untilMet(swarm, host)));
    return shut.map(({ name }) => name);
}

/** Why managers stay locked: no key fits, or one fits and the data behind it is damaged. */
async function whyShut(swarm: Swarm, names: readonly string[], keys: readonly string[]): Promise<Problem[]> {
    const hosts = swarm.managers.filter(({ name }) => names.includes(name));
    const fits = await Promise.all(hosts.map((host) => isLockedWith(host, keys, swarm.ctx.signal)));
    const of = (is: boolean) => hosts.filter((_host, i) => fits[i] === is).map(({ name }) => name);
    return [...(of(false).length > 0 ? [lockedOut(of(false))] : []), ...of(true).map(fallenProblem)];
}
