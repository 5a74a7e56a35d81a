// Whether the process that holds the lock on a stack still lives. Pulumi's lock names a host and a process number, which
// is not enough: two containers may have the same host name, and each numbers its own processes. So a command writes a
// note beside the stack: which process of Pulumi it has started, on which boot of which machine, and in which container.

import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { workFolder } from "../../config/folders";
import { writeWhole } from "../../scripts/setup/cache";
import { processes } from "../processes";

/** Pulumi takes the lock about 100 milliseconds after its start. The note is there before. */
const POLL_MILLISECONDS = 20;
/** How long after its start Pulumi may take the lock, on a slow backend. */
const LOCKING_MILLISECONDS = 60_000;
/** How far a lock's time may be off: it has whole seconds. Clocks of one machine agree. */
const ROUNDING_MILLISECONDS = 2_000;
const NOTE_FILE = /^holder-\d+\.json$/;

const noteSchema = z.object({
    host: z.string(),
    pid: z.number(),
    /** When the note was written, in milliseconds since 1970. */
    at: z.number(),
    /**
     * The id of the machine's boot, and the namespace of process numbers, of which each container has its own. Empty if
     * there is no /proc.
     */
    boot: z.string(),
    namespace: z.string(),
    /** When the process began, in the kernel's ticks. Another process may get its number later. */
    started: z.string(),
});
type Note = z.infer<typeof noteSchema>;

/** The holder of a lock, as Pulumi names it. */
export interface Holder {
    host: string;
    pid: number;
    /** When the lock was taken, as in 2026-11-24T20:00:00Z. */
    since: string;
}

/** The machine and the container of this process. A test passes its own. */
export interface Here {
    host: string;
    boot: string;
    namespace: string;
    /** When the machine was started, in milliseconds since 1970. */
    bootedAt: number;
    /** When that process began; undefined if there is none. */
    startOf(pid: number): string | undefined;
}

/** This machine and container. */
export function here(): Here {
    return {
        host: hostname(),
        boot: text("/proc/sys/kernel/random/boot_id"),
        namespace: link("/proc/self/ns/pid"),
        bootedAt: Date.now() - uptime() * 1000,
        startOf,
    };
}

/**
 * Whether the holder is certainly dead. To know that, a command needs its own note about the holder: without one, the
 * same host name and number may belong to another container. A note from another boot counts if the lock is older than
 * this boot, since no process outlives a boot.
 */
export function isDead({ host, pid, since }: Holder, note: Note | undefined, now: Here): boolean {
    // Systems without /proc have no containers of their own, so host name and number are enough.
    if (now.boot === "") return host === now.host && now.startOf(pid) === undefined;
    const locked = new Date(since).getTime();
    const isOurs =
        note?.host === host &&
        note.pid === pid &&
        locked >= note.at - ROUNDING_MILLISECONDS &&
        locked <= note.at + LOCKING_MILLISECONDS;
    if (!isOurs || host !== now.host) return false;
    if (note.boot !== now.boot) return locked < now.bootedAt;
    return note.namespace === now.namespace && now.startOf(pid) !== note.started;
}

/** The note about this process of Pulumi; undefined if its command ended in order, or ran elsewhere. */
export function readNote(stack: string, pid: number): Note | undefined {
    try {
        return noteSchema.parse(JSON.parse(readFileSync(noteFile(stack, pid), "utf8")));
    } catch {
        return undefined; // no note, or one that a kill cut short: nothing is certain then
    }
}

/**
 * Runs `work`, which starts Pulumi on the stack; a note says which process that is. It goes when the work succeeds: a Pulumi
 * that is killed leaves its lock, and only the note tells the next command that the holder is dead.
 */
export async function noted<T>(stack: string, work: () => Promise<T>): Promise<T> {
    const before = new Set(pulumis());
    const ended = new AbortController();
    const noting = writeNote(stack, before, ended.signal);
    let done: T;
    try {
        done = await work();
    } finally {
        ended.abort();
        await noting;
    }
    removeNotes(stack);
    return done;
}

/** Removes all notes of a stack that nobody has locked. */
export function removeNotes(stack: string): void {
    const folder = workFolder(stack);
    const files = existsSync(folder) ? readdirSync(folder) : [];
    for (const file of files.filter((name) => NOTE_FILE.test(name)))
        rmSync(join(folder, file), { force: true });
}

/** Notes the process as soon as it is to be seen, and gives up at `signal`. */
async function writeNote(stack: string, before: ReadonlySet<number>, signal: AbortSignal): Promise<void> {
    const { host, boot, namespace } = here();
    while (boot !== "" && !signal.aborted) {
        const pid = pulumis().find((id) => !before.has(id));
        const started = pid === undefined ? undefined : startOf(pid);
        if (pid !== undefined && started !== undefined) {
            const note: Note = { host, pid, at: Date.now(), boot, namespace, started };
            return writeWhole(noteFile(stack, pid), JSON.stringify(note));
        }
        await sleep(POLL_MILLISECONDS);
    }
}

/** The numbers of the Pulumi processes that this process has started. */
function pulumis(): number[] {
    return processes().flatMap(({ id, parent, name }) =>
        parent === process.pid && name === "pulumi" ? [id] : [],
    );
}

function startOf(pid: number): string | undefined {
    const found = processes().find(({ id, isZombie }) => id === pid && !isZombie);
    return found?.started ?? (existsSync("/proc/self") ? undefined : answers(pid));
}

/** For systems that do not list processes: a text if a process has this number, else undefined. */
function answers(pid: number): string | undefined {
    try {
        process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM" ? "another user's" : undefined;
    }
    return "there";
}

/** One file for each process: a second command on the stack must not overwrite the note about the first. */
function noteFile(stack: string, pid: number): string {
    return join(workFolder(stack), `holder-${pid}.json`);
}

function text(file: string): string {
    try {
        return readFileSync(file, "utf8").trim();
    } catch {
        return "";
    }
}

function link(file: string): string {
    try {
        return readlinkSync(file);
    } catch {
        return "";
    }
}
