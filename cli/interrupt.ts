// Ctrl-C and similar signals. The first one lets what runs end in order, and whatever has not ended in time is killed.
// Whoever runs something, such as an operation of Pulumi, registers how to end it in order.

import { constants } from "node:os";
import { skepError } from "../errors";
import { kill, processes } from "./processes";

/** An interrupt ends the command within 10 seconds. This leaves a little for the rest. */
const GRACE_MILLISECONDS = 8_000;
/** A terminal's Ctrl-C arrives twice: from the terminal, and from the process that started this one. */
const SAME_MILLISECONDS = 300;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

let caught: NodeJS.Signals | undefined;
let caughtAt = 0;
const endings = new Set<() => void>();

/** Handles SIGNALS for the rest of the process. `hint` tells the user how to go on. */
export function watchInterrupts(hint: string): void {
    const onSignal = (signal: NodeJS.Signals) => {
        const isFirst = caught === undefined;
        if (!isFirst && Date.now() - caughtAt < SAME_MILLISECONDS) return;
        caught ??= signal;
        caughtAt = Date.now();
        if (!isFirst || endings.size === 0) end();
        process.stderr.write("• Interrupted: ending what runs, 10 seconds at most\n");
        for (const ending of endings) ending();
        setTimeout(end, GRACE_MILLISECONDS);
    };
    const end = () => {
        // Kill what is still there: everything that a command does is safe to do again.
        for (const pid of descendants(process.pid)) kill(pid);
        process.stderr.write(`Interrupted. ${hint}\n`);
        process.exit(interruptedCode());
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
}

/**
 * Runs `work`, and calls `ending` when an interrupt asks it to end. If the work fails after that in a way that `ended`
 * takes for its end, throws INTERRUPTED: a bug stays a bug.
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
    return skepError(
        "INTERRUPTED",
        "The command was interrupted, and what it had begun is kept.",
        "Run the same command again: it goes on from what is there.",
    );
}

/** The exit code of a process that the caught signal ends; undefined if no signal was caught. */
export function interruptedCode(): number | undefined {
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
