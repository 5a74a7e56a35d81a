// Opens every locked manager of a swarm that it can reach, also when no manager is open or hosts are down.
import { type Problem, SkepError } from "../errors";
import { brokenProblem, type Membership } from "../planning/adoption";
import { fallenProblem, untilMet } from "./broken";
import { HostFailure, ifAnswered } from "./failures";
import type { Host } from "./host";
import { isLockedWith } from "./rotate/key-file";
import type { Swarm } from "./swarm";
import { TimedOut, until } from "./wait";

/** How long an opened manager may take to find the others, in milliseconds. An election may come in between. */
const ACTIVE_MS = 30_000;

/** What was done at one host. */
export interface Opening {
    host: string;
    /**
     * `was-open`: nothing to do. `unlocked`: a key opened it. `waiting`: a key opened it, and it finds no majority.
     * `locked`: no key opens it.
     * `broken`: a key opens it, and its engine cannot work with its data. `silent`: it does not answer. `no-member`: it is in no swarm.
     */
    did: "was-open" | "unlocked" | "waiting" | "locked" | "broken" | "silent" | "no-member";
    /** What is still wrong there. */
    problem?: Problem;
}

type Look = { host: Host; member?: Membership; problem?: Problem };

/**
 * Asks each host itself whether it is locked, and opens those that are: with the key of a manager that is open, then with
 * the known ones, in their order. Hosts that stay locked get the key that the opened ones have. Throws only for bugs and
 * interrupts.
 */
export async function unlockAll(
    hosts: readonly Host[],
    known: readonly string[],
    swarm: Swarm,
): Promise<Opening[]> {
    const looks = await Promise.all(hosts.map(look));
    const locked = looks.filter(({ member }) => member?.state === "locked").map(({ host }) => host);
    const opened = await openAll(locked, known, swarm);
    await Promise.all(opened.map((host) => untilMet(swarm, host)));
    return Promise.all(looks.map((each) => outcome(each, known, swarm)));
}

async function look(host: Host): Promise<Look> {
    try {
        return { host, member: await host.membership() };
    } catch (error) {
        if (!(error instanceof HostFailure)) throw error;
        return { host, problem: error.problems[0] };
    }
}

/** The hosts that a key opened. */
async function openAll(locked: readonly Host[], known: readonly string[], swarm: Swarm): Promise<Host[]> {
    if (locked.length === 0) return [];
    const now = swarm.during({ patienceMs: 0 });
    const fresh = await currentKey(now);
    const first = await openWith(locked, [fresh, ...known]);
    const shut = locked.filter((host) => !first.includes(host));
    // The opened managers may know a key that nobody else does.
    const newer = shut.length > 0 && first.length > 0 ? await currentKey(swarm) : "";
    const isNew = newer !== "" && ![fresh, ...known].includes(newer);
    return isNew ? [...first, ...(await openWith(shut, [newer]))] : first;
}

async function openWith(hosts: readonly Host[], keys: readonly string[]): Promise<Host[]> {
    // All at once: an engine answers only when enough managers are open for a majority.
    const opened = await Promise.all(hosts.map((host) => host.unlock(keys)));
    return hosts.filter((_host, index) => opened[index]);
}

/** The key that open managers have; empty if none answers, or if the swarm locks no managers. */
async function currentKey(swarm: Swarm): Promise<string> {
    try {
        return await swarm.unlockKey();
    } catch (error) {
        if (!(error instanceof SkepError) || swarm.ctx.signal.aborted) throw error;
        return "";
    }
}

async function outcome(before: Look, keys: readonly string[], swarm: Swarm): Promise<Opening> {
    const { host } = before;
    const { name } = host;
    const wasLocked = before.member?.state === "locked";
    // An engine that is busy may have taken the key without an answer in time.
    const { member, problem } = wasLocked ? await look(host) : before;
    if (!member) return { host: name, did: "silent", problem };
    if (member.state === "inactive") return { host: name, did: "no-member" };
    if (member.state === "error")
        return { host: name, did: "broken", problem: brokenProblem(name, member.error) };
    if (!wasLocked) return { host: name, did: "was-open" };
    if (member.state === "locked") return stillLocked(host, keys, swarm);
    const isActive = async () => (await ifAnswered(host.membership()))?.isManager;
    try {
        await until(`${name} to find the other managers`, isActive, ACTIVE_MS, swarm.ctx);
        return { host: name, did: "unlocked" };
    } catch (error) {
        if (!(error instanceof TimedOut)) throw error;
        return { host: name, did: "waiting" };
    }
}

async function stillLocked(host: Host, keys: readonly string[], { ctx }: Swarm): Promise<Opening> {
    const { name } = host;
    if (await isLockedWith(host, keys, ctx.signal))
        return { host: name, did: "broken", problem: fallenProblem(name) };
    const problem: Problem = {
        id: "NODE_LOCKED",
        problem: `${name} is locked, and no key that Skep knows opens it.`,
        advice: "Unlock it there with the key that it was locked with, or let it leave with `docker swarm leave --force`.",
    };
    return { host: name, did: "locked", problem };
}
