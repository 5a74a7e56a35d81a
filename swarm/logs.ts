// Logs: of a host's engine, from its journal, and of a service, through a manager.
import type { SwarmService, SwarmTask } from "../planning/engine-api";
import { reasonOf } from "../planning/sentence";
import { LogReader } from "../planning/service-log";
import type { Host } from "./host";
import type { Swarm } from "./swarm";
import { within } from "./wait";

/**
 * How long a manager may take for the next line of a log that is not followed, in milliseconds. It waits without end for
 * a node that does not answer and is not down yet.
 */
const SILENCE_MS = 10_000;

/** How long the last lines of a task that failed may take, in milliseconds. */
const LAST_LINES_MS = 5_000;

/** Which part of a log. */
export interface LogRange {
    /** How many of the last lines. Default: all. */
    tail?: number;
    /** Seconds since 1970. Default: from the beginning. */
    since?: number;
    /** Whether to wait for further lines. */
    follow: boolean;
}

/** A line of a log, and where it comes from. */
export interface LogEntry {
    /** In RFC 3339; empty for what a manager says about the log itself. */
    time: string;
    /** The node's name; empty for what a manager says. */
    node: string;
    /** The task, `SERVICE.REPLICA`, or the program on a host. */
    from: string;
    stream: "stdout" | "stderr";
    text: string;
}

interface JournalLine {
    __REALTIME_TIMESTAMP: string;
    SYSLOG_IDENTIFIER?: string;
    /** An array of bytes if it is no text. */
    MESSAGE?: string | number[];
}

/** The journal of a host's docker and containerd. */
export async function* journal(host: Host, range: LogRange, signal: AbortSignal): AsyncGenerator<LogEntry> {
    const { tail, since, follow } = range;
    const options = [
        ...(tail === undefined ? [] : [`--lines=${tail}`]),
        ...(since === undefined ? [] : [`--since=@${since}`]),
        ...(follow ? ["--follow"] : []),
    ];
    const command = ["sudo -n journalctl --unit=docker --unit=containerd --output=json --quiet", ...options];
    for await (const line of host.connection.lines(command.join(" "), signal)) {
        const { MESSAGE = "", SYSLOG_IDENTIFIER = "", ...entry } = JSON.parse(line) as JournalLine;
        yield {
            time: new Date(Number(entry.__REALTIME_TIMESTAMP) / 1000).toISOString(),
            node: host.name,
            from: SYSLOG_IDENTIFIER,
            stream: "stdout",
            text: typeof MESSAGE === "string" ? MESSAGE : Buffer.from(MESSAGE).toString("utf8"),
        };
    }
}

/**
 * The log of a service's tasks. What a manager cannot get, from a node that is down or does not answer, is said in a line
 * of its own.
 */
export async function* serviceLog(
    swarm: Swarm,
    { ID, Spec }: SwarmService,
    range: LogRange,
): AsyncGenerator<LogEntry> {
    const { tail, since, follow } = range;
    const [tasks, members] = await Promise.all([swarm.tasks({ service: [ID] }), swarm.members()]);
    const taskOf = new Map(tasks.map((task) => [task.ID, task]));
    const nodeOf = new Map(members.map((node) => [node.ID, node.Description?.Hostname ?? node.ID]));
    const query = new URLSearchParams({
        stdout: "1",
        stderr: "1",
        timestamps: "1",
        details: "1",
        follow: follow ? "1" : "0",
        tail: String(tail ?? "all"),
        ...(since !== undefined && { since: String(since) }),
    });
    const reader = new LogReader(hasTerminal(Spec));
    const manager = await swarm.manager();
    const stream = await manager.connection.stream(
        `/services/${ID}/logs?${query.toString()}`,
        swarm.ctx.signal,
    );
    const entries = (lines: ReturnType<LogReader["read"]>) =>
        lines.map(({ taskId, nodeId = "", ...line }): LogEntry => {
            const task = taskOf.get(taskId);
            const from = taskId === undefined ? "" : nameOf(Spec.Name, task);
            return { ...line, node: nodeOf.get(nodeId) ?? nodeId, from };
        });
    const heard = new Set<string>();
    const silence = new Error("silence");
    const timer = follow ? undefined : setTimeout(() => stream.destroy(silence), SILENCE_MS);
    try {
        for await (const piece of stream) {
            timer?.refresh();
            for (const entry of entries(reader.read(piece as Buffer))) {
                heard.add(entry.node);
                yield entry;
            }
        }
        yield* entries(reader.end());
    } catch (error) {
        const unheard = tasks
            .map(({ NodeID = "" }) => nodeOf.get(NodeID) ?? NodeID)
            .filter((name) => name && !heard.has(name));
        if (error === silence) yield missing([...new Set(unheard)].sort());
        else if (!swarm.ctx.signal.aborted) throw error;
    } finally {
        clearTimeout(timer);
        stream.destroy();
    }
}

/** The last lines that a task wrote, as far as a manager gets them soon; none if it cannot. */
export async function lastLines(
    swarm: Swarm,
    { Spec }: SwarmService,
    taskId: string,
    tail: number,
): Promise<string[]> {
    const signal = within(LAST_LINES_MS, swarm.ctx.signal);
    const query = new URLSearchParams({ stdout: "1", stderr: "1", tail: String(tail) });
    const reader = new LogReader(hasTerminal(Spec));
    const lines: string[] = [];
    try {
        const { connection } = await swarm.manager();
        const stream = await connection.stream(`/tasks/${taskId}/logs?${query.toString()}`, signal);
        for await (const piece of stream) lines.push(...reader.read(piece as Buffer).map(({ text }) => text));
        lines.push(...reader.end().map(({ text }) => text));
    } catch (error) {
        // What a task said explains a failure. That it cannot be had must not hide the failure.
        swarm.ctx.log(`the log of a task of ${Spec.Name} cannot be read: ${reasonOf(error)}`, "debug");
    }
    return lines;
}

/** The line that stands for what did not come. */
function missing(nodes: readonly string[]): LogEntry {
    const from = nodes.length === 0 ? "" : ` from ${nodes.join(", ")}`;
    const text = `nothing more came for ${SILENCE_MS / 1000} s: lines${from} may be missing, because a node does not answer`;
    return { time: "", node: "", from: "", stream: "stderr", text };
}

/** The service's task as docker names it. A task of a global service has no number. */
function nameOf(service: string, task: SwarmTask | undefined): string {
    return task?.Slot ? `${service}.${task.Slot}` : service;
}

function hasTerminal({ TaskTemplate }: SwarmService["Spec"]): boolean {
    return TaskTemplate.ContainerSpec?.TTY ?? false;
}
