// Work on a host that stops its engine for a while: one host of the swarm at a time, and only while the others can do
// without it. The host's tasks move away first. Afterwards the host is unlocked, and it is as it was before the next
// host's work begins.
import { formatProblem, SkepError } from "../errors";
import { isReady, type NodeSpec } from "../planning/engine-api";
import { reasonOf } from "../planning/sentence";
import type { Context } from "./context";
import type { Host } from "./host";
import type { Swarm } from "./swarm";
import { until } from "./wait";

/** How long to wait for the turn. A restart takes less, so a member that is unreachable for longer is not waited for. */
const PATIENCE_MS = 30_000;
const AWAKE_MS = 60_000;
const READY_MS = 90_000;
/** Fits into the time that an interrupted command has to end. */
const RESTORE_MS = 5_000;

/**
 * Does the work when it is the host's turn. The host must be a ready member. Throws `Refused` if the other members cannot
 * do without it now.
 */
export async function inMaintenance<T>(
    swarm: Swarm,
    host: Host,
    work: (turn: Context) => Promise<T>,
): Promise<T> {
    const { nodeId } = await host.membership();
    const others = swarm.without(host);
    const isAlone = others.managers.length === 0;
    const step = { kind: "restart", id: nodeId } as const;
    const what = `the engine of ${host.name} is changed`;
    const options = { patienceMs: PATIENCE_MS, unleased: isAlone };
    return (isAlone ? swarm : others).takeTurn(
        step,
        what,
        async (turn) => {
            const found = await turn.node(nodeId);
            // The managers no longer know this member, so nobody could move its tasks.
            if (!found) return work(turn.ctx);
            const { Spec } = found;
            const key = Spec.Role === "manager" ? await turn.unlockKey() : "";
            try {
                await turn.drain(nodeId, host.name);
                const done = await work(turn.ctx);
                await wake(host, key, turn.ctx);
                await untilBack(turn, host, nodeId, Spec);
                return done;
            } finally {
                // Even if the work failed, the node has to take tasks again once it can.
                await restore(turn, nodeId, Spec);
            }
        },
        options,
    );
}

async function wake(host: Host, key: string, ctx: Context): Promise<void> {
    const awake = async () => {
        const { state } = await host.membership();
        return (state === "locked" || state === "active") && state;
    };
    const state = await until(`${host.name} to be in the swarm again`, awake, AWAKE_MS, ctx);
    if (state === "locked") await host.unlockWith(key, ctx);
}

/**
 * Waits until the host is a ready member again. The others may still report how it was before, so ask the host as well.
 */
async function untilBack(turn: Swarm, host: Host, nodeId: string, { Role }: NodeSpec): Promise<void> {
    const back = async () => {
        const { state, isManager } = await host.membership();
        if (state !== "active" || isManager !== (Role === "manager")) return false;
        const node = await turn.node(nodeId);
        return node !== undefined && isReady(node, Role);
    };
    await until(`${host.name} to be ready again`, back, READY_MS, turn.ctx);
}

/**
 * Gives the node its availability back, with a time limit and signal of its own: an interrupt or a lost lease ends the
 * work, and must not leave the node drained. Logs NODE_DRAINED if that fails.
 */
async function restore(turn: Swarm, nodeId: string, { Availability }: NodeSpec): Promise<void> {
    const signal = AbortSignal.timeout(RESTORE_MS);
    try {
        const swarm = turn.during({ signal, patienceMs: RESTORE_MS });
        await swarm.updateNode(nodeId, (spec) => ({ ...spec, Availability }));
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        const problem = `Its availability is still drain: ${reasonOf(error)}.`;
        turn.ctx.log(formatProblem({ id: "NODE_DRAINED", problem, advice: "Run up again." }), "warning");
    }
}
