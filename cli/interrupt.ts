// Ctrl-C and its like: the first one lets what runs end in order, and whatever has not ended in time is ended hard. What
// there is to do in order is registered by whoever runs something: an operation of the engine, for instance.

import { constants } from "node:os";
import { skepError } from "../errors";
import { kill, processes } from "./processes";

/** An interrupt ends the command within 10 seconds; this leaves a little for the rest. */
const GRACE_MILLISECONDS = 8_000;
/** A terminal's Ctrl-C comes twice: from the terminal, and from the process that started this one. */
const SAME_MILLISECONDS = 300;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

let caught: NodeJS.Signals | undefined;
let caughtAt = 0;
const endings = new Set<() => void>();

/** Takes over these signals for the rest of the process. `hint` says how to go on. */
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
        // What is still there gets no second chance: all that a command does is safe to do again.
        for (const pid of descendants(process.pid)) kill(pid);
        process.stderr.write(`Interrupted. ${hint}\n`);
        process.exit(interruptedCode());
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
}

/** Runs `work`, with `ending` called when an interrupt asks it to end; its failure then is the interrupt's. */
export async function interruptible<T>(ending: () => void, work: () => Promise<T>): Promise<T> {
    endings.add(ending);
    try {
        return await work();
    } catch (error) {
        throw caught === undefined ? error : interrupted();
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

/** What a process ended by the signal that was caught ends with; nothing without one. */
export function interruptedCode(): number | undefined {
    return caught && 128 + constants.signals[caught];
}

/**
 * All processes below one in its session, the deepest first. A Docker engine that set-up started has a session of its
 * own, and stays. Only Linux lists processes as files; elsewhere the engine's own end is waited for and nothing more.
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
