// Whether a stack's services run as specified, and what each of them lacks. No I/O.
import { createHash } from "node:crypto";
import { formatProblem } from "../errors";
import { canonical } from "./canonical";
import type { SwarmNode, SwarmService, SwarmTask } from "./engine-api";
import { allowedNodes, roomOn, takesTasks } from "./places";
import { oneLine } from "./sentence";
import { explained } from "./task-errors";

const UNDER_WAY = ["updating", "rollback_started"];
const FAILED = ["paused", "rollback_paused", "rollback_completed"];
/** A task that swarm has ended keeps such a desired state. Swarm puts no other one in its place. */
const ENDED = ["shutdown", "remove", "orphaned"];
/** How long swarm watches a new task by default, in nanoseconds. */
const MONITOR_NS = 5e9;

/** What a task does on its node before it starts. An engine that is stuck leaves its tasks there, without an error. */
const BEFORE_START = ["assigned", "accepted", "preparing"];
/** From when on such a task is named, in milliseconds. */
const SLOW_MS = 60_000;

/** A stack as its swarm shows it at one moment. */
export interface StackView {
    services: readonly SwarmService[];
    tasks: readonly SwarmTask[];
    /** All members of the swarm, in whatever state. */
    nodes: readonly SwarmNode[];
    /** The moment by the clock of an engine, in milliseconds since 1970. */
    now: number;
}

/** How far a service has come. With neither `pending` nor `failed`, it runs as specified. */
export interface Standing {
    name: string;
    /** How many of its tasks run or have done their work. */
    done: number;
    pending?: string;
    failed?: string;
    /** Set if swarm starts no further task by itself, although tasks are missing. */
    gaveUp?: true;
}

/** The standings of all services of a stack. */
export function standings(view: StackView): Standing[] {
    return view.services.map((service) => standing(service, view));
}

/**
 * What is wrong with the tasks of each service that is not as specified, by the service's name. A task that has just
 * started counts, unless the one before it failed: a node's restart is no fault, a task that dies again and again is one.
 */
export function shortfalls(view: StackView): Record<string, string> {
    const found = view.services.flatMap((service): [string, string][] => {
        const { name, failed, pending } = standing(service, view, { trustsNew: true });
        const reason = failed ?? pending;
        return reason === undefined ? [] : [[name, reason]];
    });
    return Object.fromEntries(found);
}

/**
 * A service's standing, from its update status and its tasks. Tasks that swarm can place nowhere because nodes are down,
 * paused or drained are not missed. With `trustsNew`, a running task counts before it has run for the service's monitor
 * time, if none before it failed.
 */
export function standing(
    service: SwarmService,
    view: Omit<StackView, "services">,
    { trustsNew = false } = {},
): Standing {
    const name = service.Spec.Name;
    const tasks = view.tasks.filter(({ ServiceID }) => ServiceID === service.ID);
    const state = service.UpdateStatus?.State ?? "";
    const current = tasks.filter((task) => isCurrent(task, service));
    const stays = (task: SwarmTask) => hasStayed(task, current, service, view.now, trustsNew);
    const { done, desired, alive } = countsOf(service, current, view.nodes, stays);
    // Swarm pauses an update when a new task ends early, also if ending is what it is for.
    if (state === "paused" && done >= desired && mayEnd(service)) return { name, done };
    if (FAILED.includes(state)) return { name, done, failed: failure(service, tasks, view.nodes) };
    const updating = UNDER_WAY.includes(state);
    if (!updating && done >= desired) return { name, done };
    const newest = newestError(tasks, view.nodes) ?? endings(service, current, view.nodes);
    const slow = slowest(current, view);
    return {
        name,
        done,
        pending: [
            `${name}: ${done} of ${desired} tasks run${updating ? ", its update is under way" : ""}`,
            ...(newest ? [`newest error: ${newest}`] : []),
            ...(slow ? [slow] : []),
        ].join("; "),
        ...(!updating && alive < desired && { gaveUp: true }),
    };
}

function failure(
    { Spec, UpdateStatus }: SwarmService,
    tasks: readonly SwarmTask[],
    nodes: readonly SwarmNode[],
) {
    const details = [UpdateStatus?.Message, newestError(tasks, nodes)].filter(Boolean).join("; ");
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

/**
 * Whether a running task has run for as long as swarm would watch it in an update. Swarm itself has watched the tasks of
 * an update, and a health check has passed before its task counts as running.
 */
function hasStayed(
    task: SwarmTask,
    tasks: readonly SwarmTask[],
    { Spec, UpdateStatus }: SwarmService,
    now: number,
    trustsNew: boolean,
): boolean {
    if (hasHealthCheck(Spec)) return true;
    const failedBefore = tasks.some(
        (other) => placeOf(other) === placeOf(task) && ["failed", "rejected"].includes(stateOf(other)),
    );
    if (!failedBefore && (trustsNew || UpdateStatus?.State === "completed")) return true;
    const ranForMs = now - Date.parse(task.Status?.Timestamp ?? "");
    const monitorMs = (Spec.UpdateConfig?.Monitor || MONITOR_NS) / 1e6;
    // A node whose clock is ahead gives a time in the future, and one without a time cannot be judged.
    return !(ranForMs >= 0 && ranForMs < monitorMs);
}

/** Whether the specification has a health check. Docker's description of its API spells the key in another way. */
function hasHealthCheck({ TaskTemplate }: SwarmService["Spec"]): boolean {
    const { Healthcheck } = (TaskTemplate.ContainerSpec ?? {}) as { Healthcheck?: { Test?: string[] } };
    return (Healthcheck?.Test ?? []).length > 0;
}

/** What a task runs for: one replica of the service, or one node. */
function placeOf({ Slot, NodeID }: SwarmTask): string {
    return Slot ? `replica ${Slot}` : `node ${NodeID}`;
}

/** How many places have done what they should, how many should, and how many have a task that runs or is to run. */
function countsOf(
    service: SwarmService,
    tasks: readonly SwarmTask[],
    nodes: readonly SwarmNode[],
    stays: (task: SwarmTask) => boolean,
): { done: number; desired: number; alive: number } {
    const { Replicated, ReplicatedJob } = service.Spec.Mode ?? {};
    const isComplete = (task: SwarmTask) => mayEnd(service) && stateOf(task) === "complete";
    const isUp = (task: SwarmTask) => task.DesiredState === "running" && stateOf(task) === "running";
    const doneTasks = tasks.filter((task) => isComplete(task) || (isUp(task) && stays(task)));
    const aliveTasks = tasks.filter((task) => isComplete(task) || !ENDED.includes(task.DesiredState ?? ""));
    if (ReplicatedJob || Replicated) {
        const wanted = ReplicatedJob ? (ReplicatedJob.TotalCompletions ?? 1) : (Replicated?.Replicas ?? 1);
        const elsewhere = tasks.filter((task) => isUp(task) && !isOn(task, nodes.filter(takesTasks)));
        const desired = wanted - unplaceable(service, wanted, elsewhere.length, nodes);
        return { done: placesOf(doneTasks).size, desired, alive: placesOf(aliveTasks).size };
    }
    const allowed = allowedNodes(service, nodes.filter(takesTasks));
    const on = (some: readonly SwarmTask[]) => placesOf(some.filter((task) => isOn(task, allowed))).size;
    return { done: on(doneTasks), desired: allowed.length, alive: on(aliveTasks) };
}

/** Whether a task that ends with success has done its work. */
function mayEnd({ Spec }: SwarmService): boolean {
    if (Spec.Mode?.ReplicatedJob ?? Spec.Mode?.GlobalJob) return true;
    return ["none", "on-failure"].includes(Spec.TaskTemplate.RestartPolicy?.Condition ?? "any");
}

/**
 * How many replicas swarm can place nowhere now, and could if all nodes were ready and active. A service that would find
 * no place then either is at fault itself. `elsewhere` is the number of tasks that run on paused nodes.
 */
function unplaceable(
    service: SwarmService,
    wanted: number,
    elsewhere: number,
    nodes: readonly SwarmNode[],
): number {
    const allowed = allowedNodes(service, nodes);
    const fitting = (room: number) => Math.min(wanted, room);
    const now = roomOn(service, allowed.filter(takesTasks)) + elsewhere;
    return Math.max(fitting(roomOn(service, allowed)) - fitting(now), 0);
}

function isOn({ NodeID }: SwarmTask, nodes: readonly SwarmNode[]): boolean {
    return nodes.some(({ ID }) => ID === NodeID);
}

function placesOf(tasks: readonly SwarmTask[]): Set<string> {
    return new Set(tasks.map(placeOf));
}

function stateOf({ Status }: SwarmTask): string {
    return Status?.State ?? "";
}

/** The task that failed last; without one, the one that ended last though it should stay. */
export function newestFailed(tasks: readonly SwarmTask[]): SwarmTask | undefined {
    const newest = (some: readonly SwarmTask[]) =>
        [...some].sort((a, b) => String(b.Status?.Timestamp).localeCompare(String(a.Status?.Timestamp)))[0];
    return (
        newest(tasks.filter(({ Status }) => Status?.Err)) ??
        newest(tasks.filter((task) => stateOf(task) === "complete"))
    );
}

/** What is wrong with tasks that end without an error again and again, though they should stay. */
function endings(
    service: SwarmService,
    tasks: readonly SwarmTask[],
    nodes: readonly SwarmNode[],
): string | undefined {
    if (mayEnd(service)) return undefined;
    const ended = tasks.filter((task) => stateOf(task) === "complete");
    // One may have been ended for an update, or with its node.
    const again = ended.filter((task) =>
        ended.some((other) => other !== task && placeOf(other) === placeOf(task)),
    );
    const last = newestFailed(again);
    if (!last) return undefined;
    const why = hasHealthCheck(service.Spec) ? "or its health check fails" : "so it is no server";
    return `a task ends with exit code 0 again and again: its command ends, ${why}${placeName(last, nodes)}`;
}

function placeName(task: SwarmTask, nodes: readonly SwarmNode[]): string {
    const node = nodeName(task, nodes);
    return node ? ` (on ${node})` : "";
}

/** The name of the node that a task is on; undefined if the node is no member any more. */
function nodeName({ NodeID }: SwarmTask, nodes: readonly SwarmNode[]): string | undefined {
    return nodes.find(({ ID }) => ID === NodeID)?.Description?.Hostname;
}

/** The newest error of a task, in the words of its engine, with the node that it happened on. */
function newestError(tasks: readonly SwarmTask[], nodes: readonly SwarmNode[]): string | undefined {
    const newest = newestFailed(tasks);
    return newest?.Status?.Err && `${explained(newest.Status.Err)}${placeName(newest, nodes)}`;
}

/** The task that has waited longest on its node without an error, if that is long, and since when. */
function slowest(
    tasks: readonly SwarmTask[],
    { nodes, now }: Omit<StackView, "services">,
): string | undefined {
    const waiting = tasks
        .filter((task) => !ENDED.includes(task.DesiredState ?? "") && BEFORE_START.includes(stateOf(task)))
        .map((task) => ({ ...task, ms: now - Date.parse(task.Status?.Timestamp ?? "") }))
        .filter(({ ms }) => ms >= SLOW_MS)
        .sort((one, other) => other.ms - one.ms);
    const [task] = waiting;
    const node = task && (nodeName(task, nodes) ?? task.NodeID);
    return task && `a task on ${node} is ${stateOf(task)} since ${Math.round(task.ms / 1000)} s`;
}

/**
 * A short text that changes exactly when the service's specification does. A forced update counts as none: it makes the
 * tasks anew, and they are as before.
 */
export function digestOf({ Spec }: { Spec: object & { TaskTemplate?: object } }): string {
    const spec = { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, ForceUpdate: 0 } };
    return createHash("sha256").update(canonical(spec)).digest("hex").slice(0, 16);
}
