// Managers whose data is damaged: the right unlock key opens them, and their engine cannot work with what it then reads.
import { SkepError } from "../errors";
import { brokenProblem, type Membership } from "../planning/adoption";
import type { Problem } from "../errors";
import { ifAnswered } from "./failures";
import type { Host } from "./host";
import { isLockedWith } from "./rotate/key-file";
import type { Swarm } from "./swarm";
import { TimedOut, until } from "./wait";

/**
 * How long an opened manager may take to hear from the leader. An engine with a damaged log ends itself at the leader's
 * first message, and is locked again when systemd has started it.
 */
const MEETS_MS = 10_000;

/** The problem of a manager that its key opens and that does not stay open. */
export function fallenProblem(name: string): Problem {
    return brokenProblem(name, "it ends or stays locked, though the unlock key is right");
}

/** Waits until the swarm reaches a manager that was unlocked just now, until it is locked again, or 10 s. */
export async function untilMet(swarm: Swarm, host: Host): Promise<void> {
    const now = swarm.during({ patienceMs: 0 });
    const met = async () => {
        const member = await ifAnswered(host.membership());
        if (!member || member.state === "pending") return false;
        if (member.state !== "active") return true;
        return (await ifAnswered(now.node(member.nodeId)))?.ManagerStatus?.Reachability === "reachable";
    };
    await until(`the other managers to reach ${host.name}`, met, MEETS_MS, swarm.ctx).catch(
        (error: unknown) => {
            if (!(error instanceof TimedOut)) throw error;
        },
    );
}

/**
 * Unlocks a manager with the swarm's key. Returns its membership: still `locked` if its data is damaged, so that it cannot
 * be opened by the right key. Tries that twice, because an interrupted connection looks the same. `reachable` waits for
 * the host's engine. Throws NODE_LOCKED if the key is another one.
 */
export async function unlockedMember(
    swarm: Swarm,
    host: Host,
    reachable: () => Promise<Membership>,
): Promise<Membership> {
    const { ctx } = swarm;
    const key = await swarm.unlockKey();
    const attempt = async () => {
        try {
            await host.unlockWith(key, ctx);
            await untilMet(swarm, host);
        } catch (error) {
            if (!(error instanceof SkepError) || ctx.signal.aborted) throw error;
            if (!(await isLockedWith(host, [key], ctx.signal))) throw error;
        }
        return reachable();
    };
    const first = await attempt();
    return first.state === "locked" ? attempt() : first;
}
