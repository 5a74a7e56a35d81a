// Work on hosts that stops their engines for a while: one manager at a time, or some workers, and only while the others can
// do without them. The host's tasks move away first. Afterwards Skep unlocks the host and gives its availability back,
// before the next host's work begins.
import { formatProblem, SkepError } from "../errors";
import { isReady, type NodeSpec } from "../planning/engine-api";
import { listed, reasonOf } from "../planning/sentence";
import type { Context } from "./context";
import { ifAnswered } from "./failures";
import type { Host } from "./host";
import { makeRoom } from "./make-room";
import { pausePoint } from "./pause-point";
import type { Swarm } from "./swarm";
import { until } from "./wait";

/** How long to wait for the turn. A restart takes less, so a member that is unreachable for longer is not waited for. */
const PATIENCE_MS = 30_000;
const AWAKE_MS = 60_000;
const READY_MS = 90_000;
/** Fits into the time that an interrupted command has to end. */
const RESTORE_MS = 5_000;

/**
 * Does the work on each of the hosts when it is their turn, on several workers side by side. The hosts must be ready
 * members. Throws `Refused` if the other members cannot do without the hosts now, and SERVICE_CANNOT_SPARE if a service
 * cannot.
 */
export async function inMaintenance<T>(
    swarm: Swarm,
    hosts: readonly Host[],
    work: (host: Host, turn: Context) => Promise<T>,
): Promise<T[]> {
    const ids = await Promise.all(hosts.map(async (host) => (await host.membership()).nodeId));
    const [id] = ids;
    if (id === undefined) return [];
    const others = hosts.reduce<Swarm>((all, host) => all.without(host), swarm);
    const isAlone = others.managers.length === 0;
    // Only a manager's restart needs a turn of its own, and several hosts at once are workers.
    const step = { kind: "restart", id } as const;
    const what = `work on ${listed(hosts.map(({ name }) => name))}`;
    const options = { patienceMs: PATIENCE_MS, unleased: isAlone };
    return (isAlone ? swarm : others).takeTurn(
        step,
        what,
        (turn) => maintain(turn, hosts, ids, work),
        options,
    );
}

async function maintain<T>(
    turn: Swarm,
    hosts: readonly Host[],
    ids: readonly string[],
    work: (host: Host, turn: Context) => Promise<T>,
): Promise<T[]> {
    const found = await Promise.all(ids.map((id) => turn.node(id)));
    const key = found.some((node) => node?.Spec.Role === "manager") ? await turn.unlockKey() : "";
    try {
        await makeRoom(turn, ids);
        const one = async (host: Host, i: number) => {
            const node = found[i];
            // The managers no longer know this member, so nobody could move its tasks.
            if (!node) return work(host, turn.ctx);
            await turn.drain(node.ID, host.name);
            await pausePoint(`rollout:drained:${host.name}`, turn.ctx);
            const done = await work(host, turn.ctx).catch(async (error: unknown) => {
                await openAnyway(host, key, turn.ctx);
                throw error;
            });
            await pausePoint(`rollout:changed:${host.name}`, turn.ctx);
            await wake(host, key, turn.ctx);
            await untilBack(turn, host, node.ID, node.Spec);
            const { Availability } = node.Spec;
            await turn.updateNode(node.ID, (spec) => ({ ...spec, Availability }));
            return done;
        };
        // Every host's work comes to its end, whatever happens at another.
        const done = await Promise.allSettled(hosts.map(one));
        const failed = done.find((each) => each.status === "rejected");
        if (failed) throw failed.reason;
        return done.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    } finally {
        // Even if the work failed or was interrupted, the nodes have to take tasks again once they can.
        await Promise.all(found.flatMap((node) => (node ? [restore(turn, node.ID, node.Spec)] : [])));
    }
}

async function wake(host: Host, key: string, ctx: Context): Promise<void> {
    const awake = async () => {
        const { state } = await host.membership();
        return (state === "locked" || state === "active") && state;
    };
    const state = await until(`${host.name} to be in the swarm again`, awake, AWAKE_MS, ctx);
    if (state === "locked") await host.unlockWith(key, ctx);
}

/** Opens a manager whose work failed and whose engine runs all the same: while it is locked, it has no vote. */
async function openAnyway(host: Host, key: string, ctx: Context): Promise<void> {
    if (ctx.signal.aborted) return;
    try {
        const member = await ifAnswered(host.membership());
        if (member?.state === "locked") await host.unlockWith(key, ctx);
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        ctx.log(`${host.name} could not be opened: ${reasonOf(error)}`, "warning");
    }
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
