// The wait until all services of a swarm stack run as specified.
import { formatProblem } from "../errors";
import { newestFailed, standing, standings, type StackView, type Standing } from "../planning/convergence";
import type { SwarmService } from "../planning/engine-api";
import { oneLine, reasonOf } from "../planning/sentence";
import { HostFailure, mayPass } from "./failures";
import { lastLines } from "./logs";
import { around } from "./stack-objects";
import type { Swarm } from "./swarm";
import { pause } from "./wait";

const POLL_MS = 1000;
/** How often in a row the stack must look the same: between a deploy and the first new task, nothing looks wrong. */
const STEADY_POLLS = 2;
/** Swarm has given a service up if it starts no task for so many looks: it needs a moment for the first ones. */
const HOPELESS_POLLS = 5;

/** Of how many services, and how many lines of each, an error shows what their failed tasks wrote. */
const MOST_SERVICES = 3;
const LAST_LINES = 3;

/** The stack that is waited for. */
export interface Awaited {
    name: string;
    /** How many seconds may pass without a further task that runs. */
    timeoutSeconds: number;
}

/** The stack is deployed and does not run. Each reason is a line for the user. */
export class NotRunning extends Error {
    constructor(readonly reasons: readonly string[]) {
        super(reasons.join("; "));
        this.name = "NotRunning";
    }
}

/**
 * Waits until all services of the stack run, as long as it makes progress. Throws NotRunning if it makes none for its
 * time, if an update failed, if swarm gives a service up, or when interrupted.
 */
export async function converge(swarm: Swarm, { name, timeoutSeconds }: Awaited): Promise<void> {
    const now = swarm.during({ patienceMs: 0 });
    let most = 0;
    let end = 0;
    let good = 0;
    let hopeless = 0;
    while (good < STEADY_POLLS) {
        if (swarm.ctx.signal.aborted) throw new NotRunning([interrupted(name)]);
        let reasons: string[];
        try {
            const { services, found } = await look(now, name);
            reasons = services.length === 0 ? [`the stack ${name} has no services`] : pendingIn(found);
            const done = found.reduce((sum, standing) => sum + standing.done, 0);
            if (end === 0 || done > most) end = Date.now() + timeoutSeconds * 1000 + pauseOf(services);
            most = Math.max(most, done);
            hopeless = found.some(({ gaveUp }) => gaveUp) ? hopeless + 1 : 0;
        } catch (error) {
            if (!mayPass(error)) throw error instanceof HostFailure ? new NotRunning([error.message]) : error;
            if (end === 0) end = Date.now() + timeoutSeconds * 1000;
            reasons = [reasonOf(error)];
        }
        good = reasons.length === 0 ? good + 1 : 0;
        if (hopeless >= HOPELESS_POLLS)
            throw new NotRunning([notRunning(`Swarm starts no further task of the stack ${name}`, reasons)]);
        if (good === 0 && Date.now() > end)
            throw new NotRunning([
                notRunning(
                    `For ${timeoutSeconds} s no further task of the stack ${name} has come up`,
                    reasons,
                ),
            ]);
        await pause(POLL_MS, swarm.ctx.signal);
    }
}

/** The ids of services that lack tasks and for which swarm starts none by itself. */
export function abandonedIn(view: StackView): string[] {
    return view.services.filter((service) => standing(service, view).gaveUp).map(({ ID }) => ID);
}

/**
 * Which of these services swarm has given up for good. One whose nodes have just joined or left lacks tasks for a moment
 * only.
 */
export async function stillAbandoned(
    swarm: Swarm,
    name: string,
    ids: readonly string[],
): Promise<SwarmService[]> {
    let still: SwarmService[] = [];
    for (let looks = 0; looks < HOPELESS_POLLS && ids.length > 0; looks++) {
        if (looks > 0) await pause(POLL_MS, swarm.ctx.signal);
        const view = await around(swarm, name);
        ids = abandonedIn(view).filter((id) => ids.includes(id));
        still = view.services.filter(({ ID }) => ids.includes(ID));
    }
    return still;
}

/** What the newest failed task of each service that lacks tasks wrote last, a line for the user each. */
export async function lastWords(swarm: Swarm, name: string): Promise<string[]> {
    const view = await around(swarm.during({ patienceMs: 0 }), name).catch((error: unknown) => {
        if (!mayPass(error)) throw error;
        return undefined;
    });
    if (!view) return [];
    const lacking = view.services.filter((service) => {
        const { pending, failed } = standing(service, view);
        return pending ?? failed;
    });
    const words = lacking.slice(0, MOST_SERVICES).map(async (service) => {
        const task = newestFailed(view.tasks.filter(({ ServiceID }) => ServiceID === service.ID));
        const lines = task?.ID ? await lastLines(swarm, service, task.ID, LAST_LINES) : [];
        const said = lines.map(oneLine).filter((line) => line !== "");
        return said.length === 0 ? [] : [`${service.Spec.Name} wrote before it failed: ${said.join(" / ")}`];
    });
    return (await Promise.all(words)).flat();
}

async function look(swarm: Swarm, name: string) {
    const view = await around(swarm, name);
    const found = standings(view);
    const failed = found.flatMap(({ failed }) => failed ?? []);
    if (failed.length > 0) throw new NotRunning(failed);
    return { services: view.services, found };
}

function pendingIn(found: readonly Standing[]): string[] {
    return found.flatMap(({ pending }) => pending ?? []);
}

/** The longest time, in milliseconds, for which updates of these services stand still by their own settings. */
function pauseOf(services: readonly SwarmService[]): number {
    const pauses = services.map(
        ({ Spec }) => (Spec.UpdateConfig?.Delay ?? 0) + (Spec.UpdateConfig?.Monitor ?? 0),
    );
    return Math.max(0, ...pauses) / 1e6;
}

function notRunning(problem: string, reasons: readonly string[]): string {
    return formatProblem({
        id: "STACK_NOT_RUNNING",
        problem: `${problem}: ${reasons.map(oneLine).join("; ")}.`,
        advice: "Correct what the line names, or wait, then run the same command again: it goes on waiting.",
    });
}

function interrupted(name: string): string {
    return formatProblem({
        id: "CANCELLED",
        problem: `Interrupted before all of the stack ${name} ran.`,
        advice: "Run the same command again.",
    });
}
