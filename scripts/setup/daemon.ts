// Starts Docker's daemon on this machine, with or without systemd.

import { spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type Docker from "dockerode";
import { skepError } from "../../errors";
import { cacheFolder } from "./cache";
import { run } from "./programs";

const START_SECONDS = 60;
const ANSWER_SECONDS = 5;

/** Why the engine does not answer: an error code, or undefined when it does. */
export async function pingProblem(docker: Docker): Promise<string | undefined> {
    try {
        // The types of ping do not know its options.
        const ping = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
        await ping({ abortSignal: AbortSignal.timeout(ANSWER_SECONDS * 1000) });
        return undefined;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? (error as Error).name;
    }
}

/** A daemon that starts: where its log is, and how its process ended, if it did. */
interface Starting {
    log: string;
    ended: () => string | undefined;
}

/** Starts the daemon (with `root` before each command) and waits until it answers. */
export async function startDocker(docker: Docker, root: readonly string[]): Promise<void> {
    const { log, ended } = existsSync("/run/systemd/system")
        ? await startUnit(root)
        : await startDaemon(root);
    const deadline = Date.now() + START_SECONDS * 1000;
    let problem = await pingProblem(docker);
    while (problem !== undefined) {
        if (problem === "EACCES")
            throw skepError(
                "DOCKER_FORBIDDEN",
                "Docker runs now, but this user may not use its socket.",
                "Add the user to the group docker, log in again and try again.",
            );
        const end = ended();
        if (end !== undefined)
            throw skepError(
                "DOCKER_START",
                `Docker ended at its start: ${end}.`,
                `Its log (${log}) says why.`,
            );
        if (Date.now() > deadline)
            throw skepError(
                "DOCKER_START",
                `Docker did not answer within ${START_SECONDS} seconds of its start.`,
                `Its log (${log}) says why.`,
            );
        await new Promise((resolve) => setTimeout(resolve, 300));
        problem = await pingProblem(docker);
    }
}

async function startUnit(root: readonly string[]): Promise<Starting> {
    const [file = "", ...args] = [...root, "systemctl", "start", "docker"];
    await run(file, args, {
        what: "starting docker.service",
        timeoutSeconds: START_SECONDS,
        advice: "journalctl -u docker says why.",
    });
    return { log: "journalctl -u docker", ended: () => undefined };
}

/** Without systemd the daemon becomes a background process that outlives setup. */
async function startDaemon(root: readonly string[]): Promise<Starting> {
    const stale = await stalePidFiles();
    if (stale.length > 0) {
        const [rm = "", ...files] = [...root, "rm", "-f", ...stale];
        await run(rm, files, {
            what: "removing the PID files of a Docker that was killed",
            timeoutSeconds: 10,
        });
    }
    const log = join(cacheFolder(), "dockerd.log");
    await mkdir(cacheFolder(), { recursive: true });
    const output = openSync(log, "a");
    const [file = "", ...args] = [...root, "dockerd", ...(await mtuOption())];
    const daemon = spawn(file, args, { detached: true, stdio: ["ignore", output, output], cwd: "/" });
    let end: string | undefined;
    daemon.once("error", (error) => (end = error.message));
    daemon.once("exit", (code, signal) => (end = signal ?? `exit code ${code ?? "unknown"}`));
    daemon.unref();
    return { log, ended: () => end };
}

/** The PID files of the daemon and its containerd, each with its program. */
const PID_FILES: readonly (readonly [file: string, program: string])[] = [
    ["/var/run/docker.pid", "dockerd"],
    ["/var/run/docker/containerd/containerd.pid", "containerd"],
];

/**
 * The PID files of daemons that no longer run. A killed daemon leaves its file; when another process has that PID since, or
 * the daemon is a zombie that nobody waits for, a new daemon takes it for a running one and ends.
 */
export async function stalePidFiles(files = PID_FILES): Promise<string[]> {
    const stale: string[] = [];
    for (const [file, program] of files) {
        const pid = await readFile(file, "utf8").catch(() => undefined);
        if (pid !== undefined && !(await isProgram(pid.trim(), program))) stale.push(file);
    }
    return stale;
}

/** Anybody may read the command line of a process; that of a zombie is empty. */
async function isProgram(pid: string, program: string): Promise<boolean> {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return basename(line.split("\0")[0] ?? "") === program;
}

const USUAL_MTU = 1500;

/** Containers take the MTU of this machine's uplink when it is below the usual one: large downloads would hang otherwise. */
async function mtuOption(): Promise<string[]> {
    const routes = await readFile("/proc/net/route", "utf8");
    const uplink = routes
        .split("\n")
        .map((line) => line.split("\t"))
        .find(([, destination]) => destination === "00000000")?.[0];
    if (!uplink) return [];
    const mtu = Number(await readFile(`/sys/class/net/${uplink}/mtu`, "utf8"));
    return mtu < USUAL_MTU ? [`--mtu=${mtu}`] : [];
}
