// Runs a script on this machine, in a process group of its own, which can be ended as a whole.
import { spawn, type ChildProcess } from "node:child_process";
import type { Context, Props } from "../../../providers/runtime/types";
import { OutputCapture, type Captured } from "./output";
import type { Run } from "./resource";

const DEFAULT_INTERPRETER = ["/bin/sh", "-c"];
/** Between SIGTERM and SIGKILL for a cancelled script. */
const TERM_GRACE_MS = 1000;

export const runLocal: Run = async (inputs, script, previous, ctx) => {
    if (ctx.signal.aborted) throw new Error("cancelled");
    const child = start(inputs, script, previous);
    const output = new OutputCapture(inputs, script, ctx);
    child.stdout?.on("data", (chunk: Buffer) => output.write("stdout", chunk));
    child.stderr?.on("data", (chunk: Buffer) => output.write("stderr", chunk));
    // A script that does not read its stdin causes an error here.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(inputs.stdin ?? "");
    return ended(child, output, ctx);
};

function start(inputs: Props, script: string, previous: Props): ChildProcess {
    const [program = "/bin/sh", ...args] = inputs.interpreter?.length
        ? inputs.interpreter
        : DEFAULT_INTERPRETER;
    return spawn(program, [...args, script], {
        cwd: inputs.dir ?? process.cwd(),
        env: { ...process.env, ...inputs.environment, ...previous },
        stdio: "pipe",
        detached: true,
    });
}

function ended(child: ChildProcess, output: OutputCapture, ctx: Context): Promise<Captured> {
    return new Promise((resolve, reject) => {
        const stop = () => stopGroup(child);
        ctx.signal.addEventListener("abort", stop, { once: true });
        child.on("error", (error) => reject(output.failure(error.message)));
        child.on("close", (code, signal) => {
            ctx.signal.removeEventListener("abort", stop);
            const captured = output.finish();
            if (code === 0) return resolve(captured);
            const how = signal ? `signal: ${signal}` : `exit status ${code}`;
            reject(output.failure(ctx.signal.aborted ? `cancelled (${how})` : how));
        });
    });
}

function stopGroup(child: ChildProcess): void {
    signalGroup(child, "SIGTERM");
    const kill = setTimeout(() => signalGroup(child, "SIGKILL"), TERM_GRACE_MS);
    child.on("close", () => clearTimeout(kill));
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
    if (pid === undefined) return;
    try {
        process.kill(-pid, signal);
    } catch {
        // The group has already ended.
    }
}
