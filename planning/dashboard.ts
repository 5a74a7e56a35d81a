// What the dashboard shows of a swarm: a snapshot made ready for eyes, and what happened between two of them. No I/O.

import type { SwarmNode, SwarmTask } from "./engine-api";
import type { Finding } from "./finding";
import type { Quorum } from "./quorum";
import type { HostSight, Snapshot, SwarmSight } from "./snapshot";
import { type ServiceStatus, type StackStatus, statusOf, type Wanted } from "./status";

/** A task, where it is, and how far it has come. */
export interface TaskView {
    /** What it runs for: the service with the replica's number, or with the node. A task that takes its place has the same. */
    place: string;
    service: string;
    /** `running`, `starting` or `failed`. */
    phase: "running" | "starting" | "failed";
    /** The state in the swarm's own word, such as `preparing`. */
    state: string;
    /** Why it failed; empty otherwise. */
    error: string;
    /** The moment at which it took this state, in milliseconds since 1970. */
    since: number;
}

export interface HostView {
    name: string;
    zone: string;
    role: "manager" | "worker";
    address: string;
    leader: boolean;
    /** What it is: in words that a person reads. */
    state:
        | "ready"
        | "drained"
        | "paused"
        | "locked"
        | "down"
        | "no answer"
        | "no member"
        | "engine up"
        | "engine silent";
    engine: string;
    /** Percent of all its processors, of its memory and of its disk; undefined if its shell does not answer. */
    load?: number;
    memory?: number;
    disk?: number;
    tasks: TaskView[];
    /** Why its engine or its shell gave no answer. */
    problems: string[];
}

/** Something that happened, or that is not as the stack says. */
export interface EventView {
    /** In milliseconds since 1970. */
    at: number;
    text: string;
    kind: "good" | "bad" | "plain";
}

export interface DashboardView {
    stack: string;
    at: number;
    zones: { name: string; hosts: HostView[] }[];
    quorum: Pick<Quorum, "voters" | "reachable" | "text">;
    /** Whether unlock keys are needed after a restart; undefined as long as no manager says so. */
    autolock?: boolean;
    services: Pick<ServiceStatus, "name" | "running" | "wanted" | "image">[];
    /** Tasks that swarm can place nowhere. */
    unplaced: TaskView[];
    /** What is not well, and what differs from the stack: the same as `skep status` finds. */
    findings: Pick<Finding, "severity" | "problem">[];
    /** Whether no manager answers. Tasks and services are then those of `lastSeen`. */
    blind: boolean;
    /** When a manager last answered, in milliseconds since 1970; undefined if none did: tasks and services are unknown. */
    lastSeen?: number;
}

const RUNNING = ["running"];
const FAILED = ["failed", "rejected", "orphaned"];
const ENDED = ["shutdown", "remove", "complete"];
/** A failed task is shown for so long, in milliseconds. */
const FAILURE_MS = 60_000;
/** How many events a page shows. */
export const EVENTS = 40;

/**
 * The view of a snapshot of a swarm that should be as `wanted` says. `last` is what a manager said when one last answered:
 * without a majority, the page shows that.
 */
export function dashboardView(
    stack: string,
    snapshot: Snapshot,
    wanted: Wanted,
    last?: { swarm: SwarmSight; at: number },
): DashboardView {
    const { quorum, findings } = statusOf(snapshot, wanted);
    const swarm = snapshot.swarm ?? last?.swarm;
    const tasks = swarm ? shownTasks(swarm) : [];
    const hosts = snapshot.hosts.map((host) => hostView(host, snapshot, swarm, tasks));
    const zones = [...new Set(hosts.map(({ zone }) => zone))].map((name) => ({
        name,
        hosts: hosts.filter(({ zone }) => zone === name),
    }));
    return {
        stack,
        at: snapshot.at,
        zones,
        quorum: { voters: quorum.voters, reachable: quorum.reachable, text: quorum.text },
        ...(swarm && { autolock: swarm.autolock }),
        services: swarm ? servicesIn(statusOf({ ...snapshot, swarm }, wanted).stacks ?? []) : [],
        unplaced: tasks.filter(({ nodeId }) => nodeId === "").map(({ task }) => task),
        findings: findings.map(({ severity, problem }) => ({ severity, problem })),
        blind: snapshot.swarm === undefined,
        ...(swarm && { lastSeen: snapshot.swarm ? snapshot.at : last?.at }),
    };
}

function hostView(
    { name, zone, role, address, nodeId, engine, shell, problems }: HostSight,
    { swarm: seen }: Snapshot,
    swarm: SwarmSight | undefined,
    tasks: readonly PlacedTask[],
): HostView {
    const node = swarm?.nodes.find(({ ID }) => ID === nodeId);
    const percent = (part: number, whole: number) => (whole > 0 ? Math.round((100 * part) / whole) : 0);
    const used = ({ totalKib, freeKib }: { totalKib: number; freeKib: number }) =>
        percent(totalKib - freeKib, totalKib);
    return {
        name,
        zone,
        role: node?.Spec.Role ?? role,
        address,
        leader: seen !== undefined && node?.ManagerStatus?.Leader === true,
        state: stateOf({ engine, shell }, node, swarm !== undefined),
        engine: engine?.version ?? "",
        ...(shell && {
            ...(engine && { load: percent(shell.load, engine.cpus) }),
            memory: used(shell.memory),
            ...(shell.disk && { disk: used(shell.disk) }),
        }),
        tasks: tasks.filter((task) => task.nodeId === nodeId).map(({ task }) => task),
        problems: problems.map(({ problem }) => problem),
    };
}

function stateOf(
    { engine, shell }: Pick<HostSight, "engine" | "shell">,
    node: SwarmNode | undefined,
    isSeen: boolean,
): HostView["state"] {
    if (engine?.member.state === "locked") return "locked";
    if (!engine && node?.Status?.State === "down") return "down";
    if (!engine) return shell ? "engine silent" : "no answer";
    if (!isSeen) return "engine up";
    if (!node) return "no member";
    if (node.Status?.State !== "ready") return "down";
    return ({ active: "ready", drain: "drained", pause: "paused" } as const)[node.Spec.Availability];
}

interface PlacedTask {
    nodeId: string;
    task: TaskView;
}

/** The tasks that a page shows: the newest of each place on each node, and failures of the last minute. */
function shownTasks({ tasks, services, nodes, now }: SwarmSight): PlacedTask[] {
    const names = new Map(services.map(({ ID, Spec }) => [ID, Spec.Name]));
    const hosts = new Map(nodes.map(({ ID, Description }) => [ID, Description?.Hostname ?? ID]));
    const placed = tasks.flatMap((task): PlacedTask[] => {
        const service = names.get(task.ServiceID ?? "");
        const phase = phaseOf(task, now);
        if (service === undefined || phase === undefined) return [];
        const { NodeID: nodeId = "", Slot, Status } = task;
        const place = `${service}.${Slot ?? hosts.get(nodeId) ?? "?"}`;
        const since = Date.parse(Status?.Timestamp ?? "") || 0;
        const error = phase === "failed" ? (Status?.Err ?? "") : "";
        return [{ nodeId, task: { place, service, phase, state: Status?.State ?? "new", error, since } }];
    });
    // A place that runs again has got over its failure.
    const alive = new Set(placed.flatMap(({ task }) => (task.phase === "failed" ? [] : [task.place])));
    const newest = placed.sort((a, b) => b.task.since - a.task.since);
    const isFirst = ({ task }: PlacedTask, i: number) =>
        newest.findIndex((other) => other.task.place === task.place && other.task.phase === task.phase) === i;
    return newest
        .filter(
            (each, i) => isFirst(each, i) && (each.task.phase !== "failed" || !alive.has(each.task.place)),
        )
        .sort((a, b) => a.task.place.localeCompare(b.task.place, "en", { numeric: true }));
}

/** Undefined for a task that has ended, or is about to. */
function phaseOf({ DesiredState = "", Status }: SwarmTask, now: number): TaskView["phase"] | undefined {
    const state = Status?.State ?? "new";
    if (FAILED.includes(state))
        return now - Date.parse(Status?.Timestamp ?? "") < FAILURE_MS ? "failed" : undefined;
    if (ENDED.includes(state) || ENDED.includes(DesiredState)) return undefined;
    return RUNNING.includes(state) ? "running" : "starting";
}

function servicesIn(stacks: readonly StackStatus[]): DashboardView["services"] {
    return stacks
        .flatMap(({ services }) => services)
        .map(({ name, running, wanted, image }) => ({ name, running, wanted, image }))
        .sort((a, b) => a.name.localeCompare(b.name));
}

/** What happened between two views, in the words of a log. */
export function eventsBetween(before: DashboardView, after: DashboardView): EventView[] {
    const { at } = after;
    const event = (text: string, kind: EventView["kind"]): EventView => ({ at, text, kind });
    const found: EventView[] = [];
    const [was, is] = [hostsOf(before), hostsOf(after)];
    for (const [name, host] of is) {
        const old = was.get(name);
        if (old && old.state !== host.state)
            found.push(
                event(`${name} is ${host.state} (was ${old.state})`, host.state === "ready" ? "good" : "bad"),
            );
        if (old && !old.leader && host.leader) found.push(event(`${name} leads the swarm`, "plain"));
        if (old && old.role !== host.role) found.push(event(`${name} is a ${host.role} now`, "plain"));
    }
    if (!before.blind && after.blind) found.push(event("No manager answers any more", "bad"));
    if (before.blind && !after.blind) found.push(event("Managers answer again", "good"));
    const [ran, runs] = [tasksOf(before), tasksOf(after)];
    for (const [place, { host, task }] of runs) {
        const old = ran.get(place);
        if (old?.host === host && old.task.phase === task.phase) continue;
        const [how, kind] = {
            running: ["runs", "good"] as const,
            starting: ["starts", "plain"] as const,
            failed: [`failed (${task.error || task.state})`, "bad"] as const,
        }[task.phase];
        const from = old && old.host !== host ? `, before on ${old.host}` : "";
        found.push(event(`${task.place} ${how} on ${host}${from}`, kind));
    }
    for (const [place, { host, task }] of ran)
        if (!runs.has(place)) found.push(event(`${task.place} left ${host}`, "plain"));
    return found;
}

/** What tasks did last, for a page that has seen nothing yet; the newest first. */
export function latestEvents(view: DashboardView): EventView[] {
    return [...tasksOf(view).values()]
        .map(({ host, task: { place, state, since, phase } }): EventView => {
            const kind = ({ running: "good", starting: "plain", failed: "bad" } as const)[phase];
            return { at: since, text: `${place} is ${state} on ${host}`, kind };
        })
        .sort((a, b) => b.at - a.at)
        .slice(0, EVENTS);
}

function hostsOf({ zones }: DashboardView): Map<string, HostView> {
    return new Map(zones.flatMap(({ hosts }) => hosts.map((host) => [host.name, host] as const)));
}

function tasksOf({ zones, unplaced }: DashboardView): Map<string, { host: string; task: TaskView }> {
    const placed = zones.flatMap(({ hosts }) =>
        hosts.flatMap(({ name, tasks }) => tasks.map((task) => [task.place, { host: name, task }] as const)),
    );
    const waiting = unplaced.map((task) => [task.place, { host: "no host", task }] as const);
    return new Map([...waiting, ...placed]);
}
