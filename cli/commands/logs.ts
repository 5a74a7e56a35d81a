// `skep logs`: the journal of a host's engine, or the log of a service, with the node and the task of each line.

import { serviceNamed, type SwarmService } from "../../planning/engine-api";
import { journal, type LogEntry, type LogRange, serviceLog } from "../../swarm/logs";
import { interruptedCode } from "../interrupt";
import type { Options } from "../options";
import { printJson } from "../print";
import { nameUnknown, onStanding, type Standing } from "../stack/standing";

/** How many lines are shown if the user says neither how many nor since when. */
const USUAL_TAIL = 100;

export interface LogsOptions extends Options {
    follow?: boolean;
    tail?: number;
    /** Seconds since 1970. */
    since?: number;
    timestamps?: boolean;
}

/** Prints the log of a host's engine or of a service. With `--follow`, until it is interrupted. Throws NAME_UNKNOWN. */
export async function logs(name: string, options: LogsOptions): Promise<void> {
    await untilInterrupted(options, (standing) => logsOf(standing, name, options));
}

/** Does `work` that the user may end by an interrupt: with `--follow`, nothing else ends it. */
export async function untilInterrupted(
    options: LogsOptions,
    work: (standing: Standing) => Promise<void>,
): Promise<void> {
    await onStanding(options, work);
    // An interrupt is how a person stops following: the command ends at once, and says nothing more.
    const code = interruptedCode();
    if (code !== undefined) process.exit(code);
}

/** The same on a swarm whose hosts are known. */
export async function logsOf(standing: Standing, name: string, options: LogsOptions): Promise<void> {
    const entries = await entriesOf(standing, name, rangeOf(options));
    const all: LogEntry[] = [];
    for await (const entry of entries)
        if (options.json) all.push(entry);
        else show(entry, standing, options);
    if (options.json) printJson(all);
}

/** Which part of a log the options ask for. */
export function rangeOf({ follow = false, tail, since }: LogsOptions): LogRange {
    return { follow, since, tail: tail ?? (since === undefined ? USUAL_TAIL : undefined) };
}

async function entriesOf(
    standing: Standing,
    name: string,
    range: LogRange,
): Promise<AsyncIterable<LogEntry>> {
    const { hosts, swarm } = standing;
    const host = hosts.find((each) => each.name === name);
    if (host) return journal(host.host, range, swarm.ctx.signal);
    return serviceLog(swarm, knownService(standing, await swarm.services({}), name), range);
}

/** The service with this name or id. Throws NAME_UNKNOWN with the most similar name of a host or service. */
function knownService(
    { stack, hosts }: Standing,
    services: readonly SwarmService[],
    name: string,
): SwarmService {
    const found = serviceNamed(services, name);
    if (found) return found;
    const names = services.map(({ Spec }) => Spec.Name);
    throw nameUnknown(
        `The stack "${stack}" has no host and no service "${name}".`,
        name,
        [...hosts.map((each) => each.name), ...names],
        `Its services are ${names.join(", ")}.`,
    );
}

/** Prints a line of a log. What a manager itself says is a note. */
export function show(entry: LogEntry, { progress }: Pick<Standing, "progress">, options: LogsOptions): void {
    if (entry.from === "") progress.note(entry.text);
    else console.log(lineOf(entry, options));
}

function lineOf({ node, from, time, text }: LogEntry, { timestamps }: LogsOptions): string {
    return `${timestamps ? `${time} ` : ""}${node}/${from} | ${text}`;
}
