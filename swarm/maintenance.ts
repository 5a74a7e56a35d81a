// Work on a host that ends its engine for a while: one host of the swarm at a time, and only while the others can do
// without it. Its tasks go before, it is unlocked after, and it is as it was when the next one begins.
import { formatProblem } from "../errors";
import type { Context, Props } from "./context";
import { ifExists, isReady, managerSoon, membership, updateNode, type Membership } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";
import { unlock, unlockKey } from "./join";
import { drain, otherManagers } from "./leave";
import type { Remote } from "./ssh";
import { takeTurn } from "./turns";
import { until } from "./wait";

/** Who is unreachable now may be back soon; longer than a restart takes nobody is waited for. */
const PATIENCE_MS = 30_000;
const AWAKE_MS = 60_000;
const READY_MS = 90_000;
/** Within the time that an interrupted command takes to end. */
const RESTORE_MS = 5_000;

/** A host that works for a swarm, and hosts to ask about it. */
export interface Serving {
    host: HostInput;
    managers: readonly HostInput[];
    clusterId: string;
    nodeId: string;
}

/** Does the work when it is the host's turn. Throws `Refused` where the others cannot do without it now. */
export async function inMaintenance<T>(
    serving: Serving,
    ctx: Context,
    work: (ctx: Context) => Promise<T>,
): Promise<T> {
    const { host, clusterId, nodeId } = serving;
    const others = otherManagers(serving);
    const isAlone = others.length === 0;
    const step = { kind: "restart", id: nodeId } as const;
    const what = `the engine of ${host.name} is changed`;
    const managers = isAlone ? serving.managers : others;
    const vote = { managers, clusterId, step, what, patienceMs: PATIENCE_MS, unleased: isAlone };
    return takeTurn(vote, ctx, async (engine, turn) => {
        const found = await ifExists(engine.call("GET", `/nodes/${nodeId}`));
        // A member of a swarm that its managers have lost: nobody could move its tasks.
        if (!found) return work(turn);
        const { Spec } = found;
        const key = Spec.Role === "manager" ? await unlockKey(engine) : "";
        try {
            await drain(nodeId, host, engine, turn);
            const done = await work(turn);
            await wake(host, key, turn);
            await isBack(serving, Spec, engine, turn);
            return done;
        } finally {
            // Also where the work failed: the node has to take its tasks back, once it can.
            await restore({ ...serving, managers }, Spec, turn);
        }
    });
}

async function wake(host: HostInput, key: string, ctx: Context): Promise<void> {
    const states: Membership["state"][] = ["locked", "active"];
    const awake = async () => {
        const { state } = await membership(host);
        return states.includes(state) && state;
    };
    const state = await until(`${host.name} to be in the swarm again`, awake, AWAKE_MS, ctx);
    if (state === "locked") await unlock(host, key, ctx);
}

/** What the others saw last may be from before: the host itself is asked, too. */
async function isBack(serving: Serving, spec: Props, engine: Remote, ctx: Context): Promise<void> {
    const { host, nodeId } = serving;
    const ready = async () => {
        const { state, isManager } = await membership(host);
        if (state !== "active" || isManager !== (spec.Role === "manager")) return false;
        return isReady(await engine.call("GET", `/nodes/${nodeId}`), spec.Role);
    };
    await until(`${host.name} to be ready again`, ready, READY_MS, ctx);
}

/**
 * Gives the node its availability back, through a manager that answers now and in a time of its own: an interrupt or a
 * lost lease ends the work, and must not leave the node drained.
 */
export async function restore(
    { managers, clusterId, nodeId }: Omit<Serving, "host">,
    { Availability }: Props,
    ctx: Context,
): Promise<void> {
    const signal = AbortSignal.timeout(RESTORE_MS);
    try {
        const engine = await managerSoon(managers, clusterId, { signal }, RESTORE_MS);
        await updateNode(engine, nodeId, (spec) => ({ ...spec, Availability }), signal);
    } catch (error) {
        const problem = `Its availability is still drain: ${reasonOf(error)}.`;
        ctx.log(formatProblem({ id: "NODE_DRAINED", problem, advice: "Run up again." }), "warning");
    }
}
