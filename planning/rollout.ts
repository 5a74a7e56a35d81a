// In which order the engines of a swarm change: one manager at a time, the leader last, then workers, several of one zone
// at once if the settings say so. No I/O: who asks passes what it sees now, and asks again after each batch.
//
// Docker's own advice has the managers first (moby/moby#33869): a newer manager runs older workers, and not always the other
// way round. The leader comes last, so that at most one election is due to the rollout.

import type { Role } from "./placement";

/**
 * What has to be done to a host's engine. `hold`: nothing that its tasks notice. `reload`: the engine reads its settings
 * again and goes on. `restart` and `packages`: it stops for a while, so its tasks move away first.
 */
export type EngineWork = "hold" | "reload" | "restart" | "packages";

/** A host of the swarm, as the rollout sees it now. */
export interface RolloutHost {
    name: string;
    zone: string;
    role: Role;
    /** Whether it leads the managers now. */
    isLeader: boolean;
    /** What is left to do; undefined if its engine is as it should be. */
    work?: EngineWork;
}

/** How many workers change at once: a number, or a share of all workers. */
export type AtOnce = number | `${number}%`;

/** Whether a host's tasks have to move away for this. */
export function interrupts(work: EngineWork | undefined): boolean {
    return work === "restart" || work === "packages";
}

/** How many of so many workers may change at once: at least one, and of a share the whole part. */
export function workersAtOnce(atOnce: AtOnce, workers: number): number {
    const most = typeof atOnce === "number" ? atOnce : (workers * Number.parseFloat(atOnce)) / 100;
    return Math.max(1, Math.floor(most));
}

/** The hosts that change next, at once; empty when all are as they should be. */
export function nextBatch<T extends RolloutHost>(hosts: readonly T[], atOnce: AtOnce): T[] {
    const due = hosts.filter(({ work }) => work !== undefined);
    // What no task notices needs no order.
    const quiet = due.filter(({ work }) => work === "hold");
    if (quiet.length > 0) return quiet;
    const managers = due.filter(({ role }) => role === "manager");
    const manager = managers.find(({ isLeader }) => !isLeader) ?? managers[0];
    if (manager) return [manager];
    const most = workersAtOnce(atOnce, hosts.filter(({ role }) => role === "worker").length);
    return due.filter(({ zone }) => zone === due[0]?.zone).slice(0, most);
}

/** All batches in their order, if nothing goes wrong and the leader stays. */
export function batches<T extends RolloutHost>(hosts: readonly T[], atOnce: AtOnce): T[][] {
    const next = nextBatch(hosts, atOnce);
    if (next.length === 0) return [];
    const left = hosts.map((host) => (next.includes(host) ? { ...host, work: undefined } : host));
    return [next, ...batches(left, atOnce)];
}

/**
 * What a rollout does, as one line: "manager-2, manager-3, manager-1 (leader), worker-1 + worker-2; 7 tasks move; about
 * 3 min". `tasks` are the tasks that run now, by host.
 */
export function planLine(
    order: readonly (readonly RolloutHost[])[],
    tasks: Readonly<Record<string, number>>,
): string {
    const hosts = order.map((batch) =>
        batch.map(({ name, isLeader }) => (isLeader ? `${name} (leader)` : name)).join(" + "),
    );
    const moving = order
        .flat()
        .filter(({ work }) => interrupts(work))
        .reduce((sum, { name }) => sum + (tasks[name] ?? 0), 0);
    const seconds = secondsFor(order);
    const time = seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
    return `${hosts.join(", ")}; ${moving} ${moving === 1 ? "task moves" : "tasks move"}; about ${time}`;
}

/** What a host takes, in seconds: measured in a lab of six hosts on two cores, drain and the checks after it included. */
const SECONDS: Readonly<Record<EngineWork, number>> = { hold: 2, reload: 5, restart: 20, packages: 35 };

/** About how many seconds the batches take, without the pauses that the settings ask for. */
export function secondsFor(order: readonly (readonly RolloutHost[])[]): number {
    const longest = order.map((batch) => Math.max(...batch.map(({ work }) => SECONDS[work ?? "hold"])));
    return longest.reduce((sum, seconds) => sum + seconds, 0);
}
