// The lock that Pulumi keeps on a stack while it works. If a killed run left it, it is removed; holder.ts tells whether
// the run was killed.

import type * as auto from "@pulumi/pulumi/automation";
import { skepError } from "../../errors";
import type { Progress } from "../../scripts/setup/progress";
import { here, type Holder, isDead, readNote, removeNotes } from "./holder";

/** A run whose command was killed needs a moment to notice that and to end. */
const WAIT_MILLISECONDS = 15_000;
const POLL_MILLISECONDS = 500;

/**
 * Removes the lock that a killed command of this copy of the project left on a stack. Throws STACK_BUSY, after a short
 * wait, for every other lock. `message` is Pulumi's.
 */
export async function freeLock(stack: auto.Stack, message: string, progress: Progress): Promise<void> {
    const holders = holdersIn(message);
    const live = () => holders.filter((one) => !isDead(one, readNote(stack.name, one.pid), here()));
    const end = Date.now() + WAIT_MILLISECONDS;
    while (live().length > 0 && Date.now() < end)
        await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    const [holder] = live();
    if (holder || holders.length === 0)
        throw skepError(
            "STACK_BUSY",
            `Another command works on the stack "${stack.name}"${holder ? ` since ${holder.since}: process ${holder.pid} on ${holder.host}` : ""}.`,
            `Wait until it has ended. If it runs no more, in this shell: eval "$(npm run -s skep -- env --stack ${stack.name})", then pulumi cancel.`,
        );
    await stack.cancel();
    removeNotes(stack.name);
    progress.note(`Took away the lock of a command that was killed (begun ${holders[0]?.since})`);
}

/** The holders in Pulumi's message, one line each: "created by root@host (pid 123) at 2026-11-24T20:00:00Z". */
export function holdersIn(message: string): Holder[] {
    const lines = message.matchAll(/created by \S+?@(\S+) \(pid (\d+)\) at (\S+)/g);
    return [...lines].map(([, host = "", pid, since = ""]) => ({ host, pid: Number(pid), since }));
}
