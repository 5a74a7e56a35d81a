// The lock that the engine keeps on a stack while it works: when a killed run left it, it is taken away.

import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import type * as auto from "@pulumi/pulumi/automation";
import { skepError } from "../../errors";
import type { Progress } from "../../scripts/setup/progress";

/** A run whose own command was killed needs a moment to notice and to end. */
const WAIT_MILLISECONDS = 15_000;
const POLL_MILLISECONDS = 500;

interface Holder {
    host: string;
    pid: number;
    since: string;
}

/** Frees a stack that nobody works on any more; refuses, after a short wait, when somebody does. `message` is the engine's. */
export async function freeLock(stack: auto.Stack, message: string, progress: Progress): Promise<void> {
    const holders = holdersIn(message);
    const live = () => holders.filter(({ host, pid }) => host !== hostname() || isEngine(pid));
    const end = Date.now() + WAIT_MILLISECONDS;
    while (live().length > 0 && Date.now() < end)
        await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    const [holder] = live();
    if (holder || holders.length === 0)
        throw skepError(
            "STACK_BUSY",
            `Another command works on the stack "${stack.name}"${holder ? ` since ${holder.since}: process ${holder.pid} on ${holder.host}` : ""}.`,
            "Wait until it has ended; if it runs no more: npm run skep -- env shows what `pulumi cancel` needs.",
        );
    await stack.cancel();
    progress.note(`Took away the lock of a command that was killed (begun ${holders[0]?.since})`);
}

/** The engine names them in one line each: "created by root@host (pid 123) at 2026-11-24T20:00:00Z". */
export function holdersIn(message: string): Holder[] {
    const lines = message.matchAll(/created by \S+?@(\S+) \(pid (\d+)\) at (\S+)/g);
    return [...lines].map(([, host = "", pid, since = ""]) => ({ host, pid: Number(pid), since }));
}

/** Whether this process is an engine; its number may have gone to another program since. */
function isEngine(pid: number): boolean {
    try {
        process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
    const name = `/proc/${pid}/comm`;
    return !existsSync("/proc/self") || (existsSync(name) && readFileSync(name, "utf8").includes("pulumi"));
}
