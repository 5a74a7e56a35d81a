// Ctrl-C and similar signals, and the time of `--timeout`. The first one lets what runs end in order, and whatever has not
// ended in time is killed. Whoever runs something, such as an operation of Pulumi, registers how to end it in order.

import { constants } from "node:os";
import { exitCodeOf, skepError } from "../errors";
import { kill, processes } from "./processes";

/** An interrupt ends the command within 10 seconds. This leaves a little for the rest. */
const GRACE_MILLISECONDS = 8_000;
/** A terminal's Ctrl-C arrives twice: from the terminal, and from the process that started this one. */
const SAME_MILLISECONDS = 300;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

let caught: NodeJS.Signals | undefined;
/** Set once the time of `--timeout` is over, in seconds. */
let timedOut: number | undefined;
let caughtAt = 0;
const endings = new Set<() => void>();

/**
 * Handles SIGNALS for the rest of the process. `hint` tells the user how to go on. After `timeout` seconds, the command ends
 * as after a signal; without it, it takes as long as its steps allow.
 */
export function watchInterrupts(hint: string, timeout?: number): void {
    const onSignal = (signal: NodeJS.Signals) => {
        const isFirst = caught === undefined;
        if (!isFirst && Date.now() - caughtAt < SAME_MILLISECONDS) return;
        caught ??= signal;
        caughtAt = Date.now();
        if (!isFirst || endings.size === 0) end();
        process.stderr.write(`• ${why()}: ending what runs, 10 seconds at most\n`);
        for (const ending of endings) ending();
        // A command that has ended in order waits no longer.
        setTimeout(end, GRACE_MILLISECONDS).unref();
    };
    const end = () => {
        // Kill what is still there: everything that a command does is safe to do again.
        for (const pid of descendants(process.pid)) kill(pid);
        process.stderr.write(`${why()}. ${hint}\n`);
        process.exit(interruptedCode());
    };
    const why = () => (timedOut === undefined ? "Interrupted" : `The ${timedOut} s of --timeout are over`);
    if (timeout !== undefined)
        setTimeout(() => {
            if (caught !== undefined) return;
            timedOut = timeout;
            onSignal("SIGTERM");
        }, timeout * 1000).unref();
    for (const signal of SIGNALS) process.on(signal, onSignal);
}

/**
 * Runs `work`, and calls `ending` when an interrupt asks it to end. If the work fails after that in a way that `ended`
 * takes for its end, throws INTERRUPTED or COMMAND_TIMEOUT: a bug stays a bug.
 */
export async function interruptible<T>(
    ending: () => void,
    ended: (error: unknown) => boolean,
    work: () => Promise<T>,
): Promise<T> {
    endings.add(ending);
    try {
        return await work();
    } catch (error) {
        throw caught !== undefined && ended(error) ? interrupted() : error;
    } finally {
        endings.delete(ending);
    }
}

function interrupted(): Error {
    if (timedOut !== undefined)
        return skepError(
            "COMMAND_TIMEOUT",
            `The command took longer than the ${timedOut} s of --timeout.`,
            "Run the same command again: it goes on from what is there.",
        );
    return skepError(
        "INTERRUPTED",
        "The command was interrupted, and what it had begun is kept.",
        "Run the same command again: it goes on from what is there.",
    );
}

/** The exit code of a process that a caught signal or the time ends; undefined if neither came. */
export function interruptedCode(): number | undefined {
    if (timedOut !== undefined) return exitCodeOf("COMMAND_TIMEOUT");
    return caught && 128 + constants.signals[caught];
}

/**
 * All descendants of a process in its session, the deepest first. A Docker engine that set-up started has a session of
 * its own, and stays. Only Linux lists processes as files; elsewhere the command waits for Pulumi's own end and does
 * nothing more.
 */
function descendants(pid: number): number[] {
    const all = processes();
    const session = all.find(({ id }) => id === pid)?.session;
    const below = (id: number): number[] =>
        all
            .filter((it) => it.parent === id && it.session === session)
            .flatMap((child) => [...below(child.id), child.id]);
    return below(pid);
}
