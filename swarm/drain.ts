// Draining a member: the swarm starts its tasks elsewhere and stops them here. Each task gets the time that its own service
// gives it to stop.
import { formatProblem } from "../errors";
import type { SwarmTask } from "../planning/engine-api";
import type { Swarm } from "./swarm";
import { TimedOut, until } from "./wait";

/** How long a drain waits without `skep:drainTimeout`, in milliseconds. */
export const DRAIN_MS = 120_000;
/** A drain that waits says so this often, in milliseconds. */
const SAY_MS = 15_000;
/** States of tasks that have a container, or soon have one. */
const AT_WORK = ["preparing", "starting", "running"];

/**
 * Drains the member and waits until its tasks have stopped. Says meanwhile which services it waits for, and how long at
 * most. After `swarm.drainMs` it logs TASKS_NOT_STOPPED and returns.
 */
export async function drain(swarm: Swarm, nodeId: string, name: string): Promise<void> {
    const { ctx, drainMs } = swarm;
    await swarm.updateNode(nodeId, (spec) => ({ ...spec, Availability: "drain" }));
    const end = Date.now() + drainMs;
    let left: string[] = [];
    let said = { what: "", at: Date.now() };
    const empty = async () => {
        left = await servicesOn(swarm, nodeId);
        const what = left.join(", ");
        if (what !== "" && (what !== said.what || Date.now() - said.at >= SAY_MS)) {
            const seconds = Math.max(Math.round((end - Date.now()) / 1000), 0);
            ctx.log(`draining ${name}: waiting for the tasks of ${what} to stop, at most ${seconds} s more`);
            said = { what, at: Date.now() };
        }
        return left.length === 0;
    };
    await until(`${name} to be drained`, empty, drainMs, ctx).catch((error: unknown) => {
        if (!(error instanceof TimedOut)) throw error;
        const after = `after the ${Math.round(drainMs / 1000)} s of skep:drainTimeout`;
        const problem =
            left.length > 0
                ? `Tasks of ${left.join(", ")} still run on ${name} ${after}, and are killed when its engine stops.`
                : `The swarm does not say what still runs on ${name} ${after}.`;
        const advice = "Set skep:drainTimeout to more than the stop_grace_period of their services.";
        ctx.log(formatProblem({ id: "TASKS_NOT_STOPPED", problem, advice }), "warning");
    });
}

/** The names of the services whose tasks are at work on the member. */
async function servicesOn(swarm: Swarm, nodeId: string): Promise<string[]> {
    const tasks = await swarm.tasks({ node: [nodeId] });
    const ids = tasks.filter(isAtWork).map(({ ServiceID = "" }) => ServiceID);
    if (ids.length === 0) return [];
    const services = await swarm.services({ id: [...new Set(ids)].filter(Boolean) });
    // A service may be removed while its tasks still stop.
    const names = ids.map((id) => services.find(({ ID }) => ID === id)?.Spec.Name ?? "a removed service");
    return [...new Set(names)].sort();
}

function isAtWork({ Status }: SwarmTask): boolean {
    return AT_WORK.includes(Status?.State ?? "");
}
