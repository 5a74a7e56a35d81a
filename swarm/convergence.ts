// Whether a stack's services run as they are specified. Pure, except for what it is given.
import { createHash } from "node:crypto";
import { formatProblem } from "../errors";
import type { Props } from "./context";
import { oneLine } from "./failures";

const UNDER_WAY = ["updating", "rollback_started"];
const FAILED = ["paused", "rollback_paused", "rollback_completed"];

/** How a service stands: nothing to say is good. */
export interface Standing {
    name: string;
    pending?: string;
    failed?: string;
}

/** A service's standing by its own update status and its tasks. `nodes` are the members that may run tasks. */
export function standing(service: Props, allTasks: readonly Props[], nodes: readonly Props[]): Standing {
    const name: string = service.Spec.Name;
    const tasks = allTasks.filter(({ ServiceID }) => ServiceID === service.ID);
    const status: Props = service.UpdateStatus ?? {};
    if (FAILED.includes(status.State)) return { name, failed: failure(name, status, tasks) };
    const updating = UNDER_WAY.includes(status.State);
    const current = tasks.filter((task) => isCurrent(task, service));
    const { done, desired } = counts(service, current, nodes);
    if (!updating && done >= desired) return { name };
    const newest = newestError(tasks);
    const progress = `${name}: ${done} of ${desired} tasks run${updating ? ", its update is under way" : ""}`;
    return { name, pending: newest ? `${progress}; newest error: ${newest}` : progress };
}

function failure(name: string, status: Props, tasks: readonly Props[]): string {
    const reason = newestError(tasks);
    const details = [status.Message, reason].filter(Boolean).join("; ");
    const verb = status.State === "paused" ? "was paused" : "was rolled back";
    return formatProblem({
        id: "STACK_UPDATE_FAILED",
        problem: `The update of ${name} ${verb} (${oneLine(details)}).`,
        advice: "Correct the service, then run the same command again.",
    });
}

/** Tasks of an earlier specification do not count: right after a deploy they still are the running ones. */
function isCurrent(task: Props, service: Props): boolean {
    const wanted = service.Spec.TaskTemplate;
    const sameForce = (task.Spec?.ForceUpdate ?? 0) === (wanted.ForceUpdate ?? 0);
    return sameForce && canonical(task.Spec?.ContainerSpec) === canonical(wanted.ContainerSpec);
}

function counts({ Spec }: Props, tasks: readonly Props[], nodes: readonly Props[]) {
    const mode: Props = Spec.Mode ?? {};
    const meant = tasks.filter(({ DesiredState }) => DesiredState === "running");
    const running = meant.filter(({ Status }) => Status?.State === "running").length;
    const complete = tasks.filter(({ Status }) => Status?.State === "complete").length;
    if (mode.Replicated) return { done: running, desired: mode.Replicated.Replicas ?? 1 };
    if (mode.ReplicatedJob) return { done: complete, desired: mode.ReplicatedJob.TotalCompletions ?? 1 };
    if (mode.GlobalJob) return { done: complete, desired: Math.max(tasks.length, 1) };
    const constrained = (Spec.TaskTemplate.Placement?.Constraints ?? []).length > 0;
    return { done: running, desired: constrained ? Math.max(meant.length, 1) : nodes.length };
}

/** What went wrong last, as the engine of that task says it. */
function newestError(tasks: readonly Props[]): string | undefined {
    const failed = tasks.filter(({ Status }) => Status?.Err);
    failed.sort((a, b) => String(b.Status.Timestamp).localeCompare(String(a.Status.Timestamp)));
    return failed[0]?.Status.Err;
}

/** A short text that changes exactly when the service's specification does. */
export function digestOf({ Spec }: Props): string {
    return createHash("sha256").update(canonical(Spec)).digest("hex").slice(0, 16);
}

/** One text for every order of keys. */
export function canonical(value: unknown): string {
    return JSON.stringify(value ?? null, (_key, item: unknown) =>
        item !== null && typeof item === "object" && !Array.isArray(item)
            ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
            : item,
    );
}
