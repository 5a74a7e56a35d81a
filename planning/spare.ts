// Whether services can do without the hosts that are about to be drained. A drain stops all tasks of a host at once, so a
// service with several tasks there may lose more than it can spare. No I/O.
import type { SwarmNode, SwarmService, SwarmTask } from "./engine-api";
import { allowedNodes, roomOn, takesTasks } from "./places";
import type { Problem } from "../errors";

/** The label of a service that says how many of its tasks always run. Default: its replicas less its update parallelism. */
export const MIN_AVAILABLE = "io.skep.minAvailable";

/** A swarm's services at one moment, and the members that are about to be drained. */
export interface DrainView {
    services: readonly SwarmService[];
    tasks: readonly SwarmTask[];
    nodes: readonly SwarmNode[];
    /** Node ids of the hosts that are drained together. */
    draining: readonly string[];
}

/** What a drain does to a replicated service. */
export interface Toll {
    id: string;
    service: string;
    /** Its tasks on the hosts that are drained. */
    here: number;
    /** Its tasks elsewhere. */
    elsewhere: number;
    /** How many of its tasks always have to run. */
    least: number;
    /**
     * `drain`: the drain alone leaves enough. `move`: the service has to move its tasks by an update of its own before.
     * `refuse`: neither works.
     */
    way: "drain" | "move" | "refuse";
    /** Why neither works. */
    problem?: Problem;
}

/** How many tasks of the service always have to run. A label that is no whole number counts as none. */
export function leastOf({ Spec }: SwarmService): number {
    const replicas = Spec.Mode?.Replicated?.Replicas ?? 1;
    const label = Spec.Labels?.[MIN_AVAILABLE]?.trim();
    if (label !== undefined && /^\d+$/.test(label)) return Math.min(Number(label), replicas);
    // Parallelism 0 means all at once.
    const parallelism = Spec.UpdateConfig?.Parallelism ?? 1;
    return Math.max(0, replicas - (parallelism === 0 ? replicas : parallelism));
}

/** What the drain does to each replicated service with tasks on the hosts. Global services lose those tasks in any case. */
export function tolls(view: DrainView): Toll[] {
    return view.services.flatMap((service) => {
        if (!service.Spec.Mode?.Replicated) return [];
        const running = view.tasks.filter(
            ({ ServiceID, DesiredState, Status }) =>
                ServiceID === service.ID && DesiredState === "running" && Status?.State === "running",
        );
        const here = running.filter(({ NodeID = "" }) => view.draining.includes(NodeID)).length;
        return here === 0 ? [] : [tollOf(service, here, running.length - here, view)];
    });
}

function tollOf(service: SwarmService, here: number, elsewhere: number, view: DrainView): Toll {
    const least = leastOf(service);
    const toll = { id: service.ID, service: service.Spec.Name, here, elsewhere, least };
    const isAlone = !view.nodes.some((node) => !view.draining.includes(node.ID) && takesTasks(node));
    // Where no other node takes tasks, a service is away in any case, unless its label forbids that.
    if (elsewhere >= least || (isAlone && service.Spec.Labels?.[MIN_AVAILABLE] === undefined))
        return { ...toll, way: "drain" };
    const reason = cannotMove(service, view, least, elsewhere);
    if (reason === undefined) return { ...toll, way: "move" };
    const problem: Problem = {
        id: "SERVICE_CANNOT_SPARE",
        problem: `${service.Spec.Name} needs ${least} running ${least === 1 ? "task" : "tasks"}, and ${elsewhere} would be left: ${reason}.`,
        advice: `Give it more replicas or more places, or set its label ${MIN_AVAILABLE} to ${elsewhere}.`,
    };
    return { ...toll, way: "refuse", problem };
}

/** Why the service cannot give up its places on the hosts one after another and keep enough running. */
function cannotMove(
    service: SwarmService,
    { nodes, draining }: DrainView,
    least: number,
    elsewhere: number,
): string | undefined {
    const { UpdateConfig, Mode, EndpointSpec } = service.Spec;
    const replicas = Mode?.Replicated?.Replicas ?? 1;
    const others = nodes.filter((node) => !draining.includes(node.ID) && takesTasks(node));
    const allowed = allowedNodes(service, others);
    const room = roomOn(service, allowed);
    if (allowed.length === 0) return "no other node that takes tasks meets its constraints";
    if (room < replicas)
        return `its other nodes have room for ${room} of ${replicas} (max_replicas_per_node)`;
    const startsFirst = UpdateConfig?.Order === "start-first";
    const hasHostPorts = (EndpointSpec?.Ports ?? []).some(({ PublishMode }) => PublishMode === "host");
    if (startsFirst && hasHostPorts && allowed.length <= elsewhere)
        return "it starts new tasks first, and every other node has its port taken";
    const parallelism = UpdateConfig?.Parallelism ?? 1;
    if (!startsFirst && replicas - (parallelism === 0 ? replicas : parallelism) < least)
        return "an update of it stops tasks before it starts others (order: stop-first)";
    return undefined;
}

/** Why the hosts may not be drained now, one problem for each service. */
export function drainRefused(view: DrainView): Problem[] {
    return tolls(view).flatMap(({ problem }) => problem ?? []);
}
