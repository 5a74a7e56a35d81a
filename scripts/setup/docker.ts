// A Docker engine that answers: the one that runs, else Debian's, installed and started here.
// Images are images.ts's concern; the engines inside lab hosts are no concern of setup.

import { spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import Docker from "dockerode";
import { skepError } from "../../errors";
import type { Progress } from "../progress";
import { cacheFolder, withLock } from "./cache";
import { becomeRoot, hasApt, installPackages, run } from "./commands";

const START_SECONDS = 60;
const ANSWER_SECONDS = 5;

/** The engine's API: at DOCKER_HOST, or at the usual socket. */
export function dockerClient(): Docker {
    return process.env.DOCKER_HOST ? new Docker() : new Docker({ socketPath: "/var/run/docker.sock" });
}

/** Makes sure that a Docker engine answers, and returns its client. */
export async function ensureDocker(progress: Progress): Promise<Docker> {
    const docker = dockerClient();
    const problem = await pingProblem(docker);
    if (problem === undefined) return docker;
    if (process.env.DOCKER_HOST)
        throw skepError(
            "DOCKER_UNREACHABLE",
            `No Docker engine answers at DOCKER_HOST (${process.env.DOCKER_HOST}): ${problem}.`,
            "Start it, or unset DOCKER_HOST to use this machine's own.",
        );
    if (problem === "EACCES")
        throw skepError(
            "DOCKER_FORBIDDEN",
            "This user may not use Docker's socket.",
            "Add the user to the group docker (sudo usermod -aG docker $USER), log in again and try again.",
        );
    if (!hasApt())
        throw skepError(
            "DOCKER_MISSING",
            "No Docker engine runs on this machine.",
            "Install and start Docker Engine or Docker Desktop, and try again.",
        );
    if (!existsSync("/usr/bin/dockerd") && !existsSync("/usr/sbin/dockerd"))
        await installPackages(progress, ["docker.io"], "The lab");
    const root = await becomeRoot("Docker must be started.");
    if (!root)
        throw skepError(
            "DOCKER_STOPPED",
            "No Docker engine runs on this machine.",
            "Start it (sudo systemctl start docker) and try again.",
        );
    await withLock(
        "docker",
        async () => {
            if ((await pingProblem(docker)) !== undefined)
                await progress.step("Starting Docker", () => start(docker, root));
        },
        progress,
    );
    return docker;
}

/** Why the engine does not answer: an error code, or undefined when it does. */
async function pingProblem(docker: Docker): Promise<string | undefined> {
    try {
        // The types of ping do not know its options.
        const ping = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
        await ping({ abortSignal: AbortSignal.timeout(ANSWER_SECONDS * 1000) });
        return undefined;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? (error as Error).name;
    }
}

async function start(docker: Docker, root: readonly string[]): Promise<void> {
    const log = existsSync("/run/systemd/system") ? await startUnit(root) : await startDaemon(root);
    const deadline = Date.now() + START_SECONDS * 1000;
    let problem = await pingProblem(docker);
    while (problem !== undefined) {
        if (problem === "EACCES")
            throw skepError(
                "DOCKER_FORBIDDEN",
                "Docker runs now, but this user may not use its socket.",
                "Add the user to the group docker, log in again and try again.",
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

async function startUnit(root: readonly string[]): Promise<string> {
    const [file = "", ...args] = [...root, "systemctl", "start", "docker"];
    await run(file, args, {
        what: "starting docker.service",
        timeoutSeconds: START_SECONDS,
        advice: "journalctl -u docker says why.",
    });
    return "journalctl -u docker";
}

/** Without systemd as PID 1 nothing starts the engine: it becomes a background process that outlives setup. */
async function startDaemon(root: readonly string[]): Promise<string> {
    const log = join(cacheFolder(), "dockerd.log");
    await mkdir(cacheFolder(), { recursive: true });
    const output = openSync(log, "a");
    const [file = "", ...args] = [...root, "dockerd", ...(await mtuOption())];
    spawn(file, args, { detached: true, stdio: ["ignore", output, output], cwd: "/" }).unref();
    return log;
}

const USUAL_MTU = 1500;

/** Containers' packets must fit the machine's uplink: where that is narrower than usual, large downloads would hang. */
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
