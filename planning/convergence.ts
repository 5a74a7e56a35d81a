// Whether a stack's services run as specified. No I/O.
import { createHash } from "node:crypto";
import { formatProblem } from "../errors";
import { canonical } from "./canonical";
import type { SwarmNode, SwarmService, SwarmTask } from "./engine-api";
import { oneLine } from "./sentence";

const UNDER_WAY = ["updating", "rollback_started"];
const FAILED = ["paused", "rollback_paused", "rollback_completed"];

/** How far a service has come. With neither `pending` nor `failed`, it runs as specified. */
export interface Standing {
    name: string;
    pending?: string;
    failed?: string;
}

/** A service's standing, from its update status and its tasks. `nodes` are the members that may run tasks. */
export function standing(
    service: SwarmService,
    allTasks: readonly SwarmTask[],
    nodes: readonly SwarmNode[],
): Standing {
    const name = service.Spec.Name;
    const tasks = allTasks.filter(({ ServiceID }) => ServiceID === service.ID);
    const state = service.UpdateStatus?.State ?? "";
    if (FAILED.includes(state)) return { name, failed: failure(service, tasks) };
    const updating = UNDER_WAY.includes(state);
    const current = tasks.filter((task) => isCurrent(task, service));
    const { done, desired } = counts(service, current, nodes);
    if (!updating && done >= desired) return { name };
    const newest = newestError(tasks);
    const progress = `${name}: ${done} of ${desired} tasks run${updating ? ", its update is under way" : ""}`;
    return { name, pending: newest ? `${progress}; newest error: ${newest}` : progress };
}

function failure({ Spec, UpdateStatus }: SwarmService, tasks: readonly SwarmTask[]): string {
    const details = [UpdateStatus?.Message, newestError(tasks)].filter(Boolean).join("; ");
    const verb = UpdateStatus?.State === "paused" ? "was paused" : "was rolled back";
    return formatProblem({
        id: "STACK_UPDATE_FAILED",
        problem: `The update of ${Spec.Name} ${verb} (${oneLine(details)}).`,
        advice: "Correct the service, then run the same command again.",
    });
}

/**
 * Whether a task has the service's current specification. Tasks of an earlier one do not count: right after a deploy,
 * they are the ones that still run.
 */
function isCurrent(task: SwarmTask, { Spec }: SwarmService): boolean {
    const wanted = Spec.TaskTemplate;
    const sameForce = (task.Spec?.ForceUpdate ?? 0) === (wanted.ForceUpdate ?? 0);
    return sameForce && canonical(task.Spec?.ContainerSpec) === canonical(wanted.ContainerSpec);
}

function counts({ Spec }: SwarmService, tasks: readonly SwarmTask[], nodes: readonly SwarmNode[]) {
    const { Replicated, ReplicatedJob, GlobalJob } = Spec.Mode ?? {};
    const meant = tasks.filter(({ DesiredState }) => DesiredState === "running");
    const running = meant.filter(({ Status }) => Status?.State === "running").length;
    const complete = tasks.filter(({ Status }) => Status?.State === "complete").length;
    if (Replicated) return { done: running, desired: Replicated.Replicas ?? 1 };
    if (ReplicatedJob) return { done: complete, desired: ReplicatedJob.TotalCompletions ?? 1 };
    if (GlobalJob) return { done: complete, desired: Math.max(tasks.length, 1) };
    const constrained = (Spec.TaskTemplate.Placement?.Constraints ?? []).length > 0;
    return { done: running, desired: constrained ? Math.max(meant.length, 1) : nodes.length };
}

/** The newest error of a task, in the words of its engine. */
function newestError(tasks: readonly SwarmTask[]): string | undefined {
    const failed = tasks.flatMap(({ Status }) => (Status?.Err ? [Status] : []));
    failed.sort((a, b) => String(b.Timestamp).localeCompare(String(a.Timestamp)));
    return failed[0]?.Err;
}

/** A short text that changes exactly when the service's specification does. */
export function digestOf({ Spec }: { Spec: object }): string {
    return createHash("sha256").update(canonical(Spec)).digest("hex").slice(0, 16);
}
