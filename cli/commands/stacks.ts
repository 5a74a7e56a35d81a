// `skep stack`: the swarm stacks, their tasks and logs, and the way back after a change.

import { skepError } from "../../errors";
import { shortfalls } from "../../planning/convergence";
import { ageText } from "../../planning/durations";
import type { SwarmNode, SwarmService, SwarmTask } from "../../planning/engine-api";
import { oneLine } from "../../planning/sentence";
import { stackOf } from "../../planning/status-findings";
import { type LogEntry, serviceLog } from "../../swarm/logs";
import { around, rollBack } from "../../swarm/stack-objects";
import { confirmed } from "../confirm";
import type { Options } from "../options";
import { printJson, printNext } from "../print";
import { nameUnknown, onStanding, type Standing } from "../stack/standing";
import { ownStacks } from "../stack/wanted";
import { tableLines } from "../text";
import { type LogsOptions, rangeOf, show, untilInterrupted } from "./logs";

/** How long the rollback of a service may take, in milliseconds. */
const ROLLBACK_MS = 600_000;
/** What swarm wants of a task that it has not ended. */
const MEANT = ["running", "ready", "complete"];

/** Prints the swarm's stacks: how far each has come, and whether Skep deploys it. */
export function listStacks(options: Options): Promise<void> {
    return onStanding(options, (standing) => listOf(standing, options));
}

/** The same on a swarm whose hosts are known. */
export async function listOf({ swarm, outputs, progress }: Standing, options: Options): Promise<void> {
    const own = ownStacks(outputs);
    const view = await progress.step("Asking a manager", () => around(swarm));
    const names = [...new Set([...own, ...view.services.map(stackOf)])].filter(Boolean).sort();
    const stacks = names.map((name) => {
        const services = view.services.filter((service) => stackOf(service) === name);
        const lacking = Object.values(shortfalls({ ...view, services }));
        const runs = services.length > 0 && lacking.length === 0;
        return { name, managed: own.includes(name), services: services.length, runs, lacking };
    });
    if (options.json) return printJson({ stacks });
    const rows = stacks.map(({ name, managed, services, runs, lacking }) => [
        name,
        String(services),
        managed ? "Skep" : "somebody else",
        runs ? "runs" : services === 0 ? "is gone" : oneLine(lacking.join("; ")),
    ]);
    for (const line of tableLines(["STACK", "SERVICES", "DEPLOYED BY", "STATE"], rows)) console.log(line);
    printNext(options, `stack ps ${names[0] ?? "NAME"}`);
}

export interface TasksOptions extends Options {
    /** Also tasks that have ended. */
    all?: boolean;
}

/** Prints a stack's tasks: where each is, how long it has been so, and why it failed. Throws NAME_UNKNOWN. */
export function listTasks(name: string, options: TasksOptions): Promise<void> {
    return onStanding(options, (standing) => tasksOf(standing, name, options));
}

/** The same on a swarm whose hosts are known. */
export async function tasksOf(standing: Standing, name: string, options: TasksOptions): Promise<void> {
    const { tasks, nodes, now, services } = await standing.progress.step("Asking a manager", () =>
        stackNamed(standing, name),
    );
    const rows = tasks
        .map((task) => taskRow(task, services, nodes))
        .sort(
            (one, other) =>
                one.name.localeCompare(other.name, "en", { numeric: true }) ||
                other.since.localeCompare(one.since),
        );
    // Of a replica whose tasks have all ended, the newest one says how.
    const meant = new Set(rows.filter(({ isMeant }) => isMeant).map((row) => row.name));
    const isNow = (row: (typeof rows)[number], i: number) =>
        meant.has(row.name) ? row.isMeant : rows[i - 1]?.name !== row.name;
    const shown = rows.filter((row, i) => options.all || isNow(row, i)).map(({ isMeant: _, ...row }) => row);
    if (options.json) return printJson({ stack: name, tasks: shown });
    const cells = shown.map((task) => [
        task.name,
        task.node,
        task.state,
        ageText(Date.parse(task.since), now),
        oneLine(task.error),
    ]);
    for (const line of tableLines(["TASK", "NODE", "STATE", "FOR", "ERROR"], cells)) console.log(line);
    printNext(options, `stack logs ${name}`);
}

function taskRow(task: SwarmTask, services: readonly SwarmService[], nodes: readonly SwarmNode[]) {
    const { Slot, NodeID, Status } = task;
    const service = services.find(({ ID }) => ID === task.ServiceID)?.Spec.Name ?? "";
    const node = nodes.find(({ ID }) => ID === NodeID)?.Description?.Hostname ?? "";
    return {
        name: Slot ? `${service}.${Slot}` : `${service}.${node}`,
        node,
        state: Status?.State ?? "new",
        since: Status?.Timestamp ?? "",
        error: Status?.Err ?? "",
        isMeant: MEANT.includes(task.DesiredState ?? ""),
    };
}

/** Prints the logs of all services of a stack, by time; with `--follow` as they come. Throws NAME_UNKNOWN. */
export async function stackLogs(name: string, options: LogsOptions): Promise<void> {
    await untilInterrupted(options, (standing) => stackLogsOf(standing, name, options));
}

/** The same on a swarm whose hosts are known. */
export async function stackLogsOf(standing: Standing, name: string, options: LogsOptions): Promise<void> {
    const { services } = await stackNamed(standing, name);
    const range = rangeOf(options);
    const all = await Promise.all(
        services.map(async (service) => {
            const entries: LogEntry[] = [];
            for await (const entry of serviceLog(standing.swarm, service, range))
                if (range.follow) show(entry, standing, options);
                else entries.push(entry);
            return entries;
        }),
    );
    const sorted = all.flat().sort((one, other) => one.time.localeCompare(other.time));
    if (options.json) printJson(sorted);
    else for (const entry of sorted) show(entry, standing, options);
}

/**
 * Takes services of a stack back to what they were before their last change. Throws NAME_UNKNOWN, and STACK_NO_ROLLBACK
 * for one that has never changed.
 */
export function rollbackStack(name: string, services: readonly string[], options: Options): Promise<void> {
    return onStanding(options, (standing) => rollbackOf(standing, name, services, options));
}

/** The same on a swarm whose hosts are known. */
export async function rollbackOf(
    standing: Standing,
    name: string,
    wanted: readonly string[],
    options: Options,
): Promise<void> {
    const { swarm, progress, ctx } = standing;
    const { services } = await progress.step("Asking a manager", () => stackNamed(standing, name));
    const names = services.map(({ Spec }) => Spec.Name);
    const full = wanted.map((service) => (service.startsWith(`${name}_`) ? service : `${name}_${service}`));
    const unknown = full.find((service) => !names.includes(service));
    if (unknown !== undefined)
        throw nameUnknown(`The stack ${name} has no service ${unknown}.`, unknown, names);
    const back = services.filter(
        ({ Spec, PreviousSpec }) => PreviousSpec && (full.length === 0 || full.includes(Spec.Name)),
    );
    const never = full.find((service) => !back.some(({ Spec }) => Spec.Name === service));
    if (back.length === 0 || never !== undefined)
        throw skepError(
            "STACK_NO_ROLLBACK",
            `${never ?? `No service of ${name}`} has changed since it was made, so there is nothing to go back to.`,
            "Change the compose file and run up.",
        );
    const backNames = back.map(({ Spec }) => Spec.Name);
    if (!(await confirmed(`Take ${backNames.join(", ")} back to what was before the last change?`, options)))
        return;
    await progress.step(`Rolling ${name} back`, async () => {
        await Promise.all(back.map((service) => rollBack(swarm, service, ROLLBACK_MS)));
    });
    if (options.json) return printJson({ stack: name, services: backNames });
    ctx.log(
        "The compose file still says otherwise: the next up brings its state again. Take the file back too.",
    );
    printNext(options, `stack ps ${name}`);
}

/** A stack that has services. Throws NAME_UNKNOWN. */
async function stackNamed({ swarm, stack, outputs }: Standing, name: string) {
    const view = await around(swarm, name);
    if (view.services.length > 0) return view;
    const all = [...new Set([...ownStacks(outputs), ...(await swarm.services({})).map(stackOf)])].filter(
        Boolean,
    );
    throw nameUnknown(`The swarm of "${stack}" has no stack "${name}".`, name, all);
}
