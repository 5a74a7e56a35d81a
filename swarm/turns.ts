// Changes of who votes in the swarm, or of who can: one at a time over all processes, and each one only when the rules
// of planning/membership.ts allow it at that moment.
import { SkepError } from "../errors";
import { mayStep, type Member, type Refusal, type Step } from "../planning/membership";
import type { Context, Props } from "./context";
import { managerSoon } from "./engine";
import type { HostInput } from "./host";
import { withLease } from "./lease";
import type { Remote } from "./ssh";
import { exclusively, pause } from "./wait";

/** How long a step waits for others that have to come first. */
const TURN_MS = 180_000;
const POLL_MS = 1000;

/** Where to ask, and whose turn it is. */
export interface Vote {
    /** Managers that stay managers through the step. */
    managers: readonly HostInput[];
    clusterId: string;
    step: Step;
    /** What the step does, as in "manager-2 joins". */
    what: string;
    /** How long it waits for others that have to come first, 3 minutes by default. */
    patienceMs?: number;
    /** Without the lease: of the only manager, which cannot renew it while it is away itself. */
    unleased?: boolean;
}

/** The step was not taken: why, and what changes that. */
export class Refused extends SkepError {}

type Work<T> = (engine: Remote, ctx: Context) => Promise<T>;

/** Does the work of one step when it may be taken; waits for what has to come first, and says what that was in vain. */
export async function takeTurn<T>(vote: Vote, ctx: Context, work: Work<T>): Promise<T> {
    const end = Date.now() + (vote.patienceMs ?? TURN_MS);
    let told: string | undefined;
    for (;;) {
        const tried = await exclusively(vote.clusterId, () => attempt(vote, ctx, work), ctx.signal);
        if ("done" in tried) return tried.done;
        const { wait, problem } = tried.refused;
        if (!wait || Date.now() >= end || ctx.signal.aborted) throw new Refused([problem]);
        if (told !== problem.problem) ctx.log(`waiting before ${vote.what}: ${problem.problem}`);
        told = problem.problem;
        await pause(POLL_MS, ctx.signal);
    }
}

async function attempt<T>(
    vote: Vote,
    ctx: Context,
    work: Work<T>,
): Promise<{ done: T } | { refused: Refusal }> {
    const engine = () => managerSoon(vote.managers, vote.clusterId, ctx);
    // Asked before the lease is taken, too: waiting for a dead manager must not write twice a second.
    const refused = await refusal(await engine(), vote.step);
    if (refused) return { refused };
    if (vote.unleased) return { done: await work(await engine(), ctx) };
    const purpose = `the turn for ${vote.what}`;
    return withLease({ engine, purpose, signal: ctx.signal }, async (signal) => {
        const chosen = await engine();
        const changed = await refusal(chosen, vote.step);
        if (changed) return { refused: changed };
        return { done: await work(chosen, { ...ctx, signal }) };
    });
}

async function refusal(engine: Remote, step: Step): Promise<Refusal | undefined> {
    const nodes = await engine.call<Props[]>("GET", "/nodes");
    return mayStep(nodes.map(memberOf), step);
}

/** A member as the engine's API describes it. */
export function memberOf({ ID, Spec, Description, Status, ManagerStatus }: Props): Member {
    return {
        id: ID,
        name: Description?.Hostname || ID,
        role: Spec.Role,
        reachability: ManagerStatus && (ManagerStatus.Reachability || "unknown"),
        leader: ManagerStatus?.Leader ?? false,
        status: Status?.State ?? "unknown",
    };
}
