// Before hosts are drained: a service that would lose more tasks at once than it can spare moves them first, by an update
// under its own rules.
import { SkepError } from "../errors";
import { listed } from "../planning/sentence";
import { type DrainView, tolls } from "../planning/spare";
import { remakeTasks } from "./stack-objects";
import type { Swarm } from "./swarm";
import { until } from "./wait";

/** How long services may take to move their tasks. An update waits between tasks as its service says. */
const MOVE_MS = 600_000;

/** What the swarm shows of its services while these members are about to be drained. */
export async function drainView(swarm: Swarm, draining: readonly string[]): Promise<DrainView> {
    const [services, tasks, nodes] = await Promise.all([
        swarm.services({}),
        swarm.tasks({}),
        swarm.members(),
    ]);
    return { services, tasks, nodes, draining };
}

/**
 * Makes sure that every service can do without its tasks on these members, all at once. Pauses the members if a service
 * has to move tasks before. Throws SERVICE_CANNOT_SPARE, before anything is touched, if one cannot.
 */
export async function makeRoom(swarm: Swarm, ids: readonly string[]): Promise<void> {
    const { ctx } = swarm;
    const view = await drainView(swarm, ids);
    const found = tolls(view);
    const refused = found.flatMap(({ problem }) => problem ?? []);
    if (refused.length > 0) throw new SkepError(refused);
    const moving = found.filter(({ way }) => way === "move");
    if (moving.length === 0) return;
    for (const id of ids)
        await swarm.updateNode(id, (spec) => ({
            ...spec,
            Availability: spec.Availability === "active" ? "pause" : spec.Availability,
        }));
    const names = listed(moving.map(({ service }) => service));
    ctx.log(`${names} would lose too many tasks at once: moving them by an update of its own`);
    const isMoving = ({ ID }: { ID: string }) => moving.some(({ id }) => id === ID);
    for (const service of view.services.filter(isMoving)) await remakeTasks(swarm, service);
    const hasMoved = async () => {
        const left = tolls(await drainView(swarm, ids)).filter(({ id }) => isMoving({ ID: id }));
        return left.every(({ way }) => way === "drain");
    };
    await until(`the tasks of ${names} to move`, hasMoved, MOVE_MS, ctx);
}
