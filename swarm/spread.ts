// Which of a stack's services have their tasks in fewer places than they could be, and how they are spread again.
import { isUneven, type SpreadNode } from "../planning/spread";
import type { Props } from "./context";
import { WRITE_MS } from "./engine";
import { EngineError } from "./failures";
import type { Remote } from "./ssh";
import { until } from "./wait";

const UPDATE_MS = 30_000;

/**
 * By service name, where the tasks of those stand that could be spread more evenly. `nodes` are the members that take
 * tasks. Services that are tied to certain nodes are left to whoever tied them.
 */
export function unevenServices(
    services: readonly Props[],
    tasks: readonly Props[],
    nodes: readonly Props[],
): Record<string, string> {
    const uneven = services.flatMap(({ ID, Spec }) => {
        const placement: Props = Spec.TaskTemplate.Placement ?? {};
        if (!Spec.Mode?.Replicated || (placement.Constraints ?? []).length > 0) return [];
        const places = tasks
            .filter(({ ServiceID, DesiredState }) => ServiceID === ID && DesiredState === "running")
            .map(({ NodeID }) => String(NodeID ?? ""))
            .sort();
        const members = nodes.map((node): SpreadNode => ({ id: node.ID, groups: groupsOf(node, placement) }));
        const most: number | undefined = placement.MaxReplicas || undefined;
        return isUneven(places, members, most) ? [[Spec.Name as string, places.join(" ")]] : [];
    });
    return Object.fromEntries(uneven) as Record<string, string>;
}

function groupsOf({ Spec, Description }: Props, { Preferences }: Props): string[] {
    return (Preferences ?? []).map(({ Spread }: Props) => {
        const descriptor = String(Spread?.SpreadDescriptor ?? "");
        const [, kind, label = ""] = /^(node|engine)\.labels\.(.+)$/i.exec(descriptor) ?? [];
        const labels: Props = (kind === "engine" ? Description?.Engine?.Labels : Spec.Labels) ?? {};
        return String(labels[label] ?? "");
    });
}

/** Has the service's tasks made anew in the way of its own updates, which places each one where the fewest are. */
export async function remakeTasks(engine: Remote, serviceId: string, signal: AbortSignal): Promise<void> {
    const attempt = async () => {
        const { Spec, Version } = await engine.call("GET", `/services/${serviceId}`);
        Spec.TaskTemplate.ForceUpdate = (Spec.TaskTemplate.ForceUpdate ?? 0) + 1;
        await engine.call("POST", `/services/${serviceId}/update?version=${Version.Index}`, Spec, WRITE_MS);
        return true;
    };
    const giveUp = (error: unknown) => error instanceof EngineError && error.statusCode < 500;
    await until(`the update of service ${serviceId}`, attempt, UPDATE_MS, { signal, giveUp });
}

/** Into how many steps the service's update settings cut an update of all of its tasks. */
export function updateSteps({ Spec }: Props): number {
    const replicas: number = Spec.Mode?.Replicated?.Replicas ?? 1;
    const atOnce: number = Spec.UpdateConfig?.Parallelism ?? 1;
    return Math.ceil(replicas / (atOnce || replicas || 1));
}
