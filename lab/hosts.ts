// The lab's hosts on this machine's engine: what state they are in, and how stopped ones are started before anything asks
// them.

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { SkepError, skepError } from "../errors";
import type { PublishedPort } from "../planning/ports";
import type { Progress } from "../scripts/setup/progress";
import { dockerClient } from "../scripts/setup/docker";
import { knownProblem } from "../scripts/setup/known-failures";
import { objectsOf } from "./project";

const BOOT_SECONDS = 90;
const SETTLE_SECONDS = 60;
const POLL_MILLISECONDS = 300;
/**
 * How long a host must run after its restart policy started it, until it counts as back for good. Docker counts its
 * failures that long.
 */
const STEADY_MILLISECONDS = 10_000;
/**
 * The time between a container's creation and its start, in which it gets its network and its files. After that, nobody
 * works on it any more.
 */
const MAKING_MILLISECONDS = 30_000;
const ALREADY_STARTED = 304;

/** A container of this stack that this copy of the project made. */
export interface LabHost {
    /** As in `worker-1`. */
    name: string;
    container: string;
    /** In Docker's words. A `created` host was never started. */
    state: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
    /** Whether it may change by itself at any moment. Its ports are not reliable meanwhile. */
    isUnsettled: boolean;
    restarts: number;
    /** The ports that it publishes on 127.0.0.1 while it runs. */
    published: PublishedPort[];
}

/** All hosts of the stack, running or not, sorted by name. */
export async function labHosts(stack: string): Promise<LabHost[]> {
    const docker = dockerClient();
    const listed = await docker.listContainers({ all: true, filters: objectsOf(stack) });
    const found = await Promise.all(listed.map(({ Id }) => inspected(docker.getContainer(Id))));
    return found
        .flatMap((info) => (info ? [labHost(stack, info)] : []))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function inspected(container: Docker.Container): Promise<Docker.ContainerInspectInfo | undefined> {
    const GONE = 404;
    return container.inspect().catch((error: { statusCode?: number }) => {
        if (error.statusCode === GONE) return undefined;
        throw error;
    });
}

/** One host, from what the engine says about it. `now` is in milliseconds. No I/O. */
export function labHost(stack: string, info: Docker.ContainerInspectInfo, now = Date.now()): LabHost {
    const { Created, HostConfig, Id, Name, State } = info;
    const bindings = (HostConfig.PortBindings ?? {}) as Record<string, { HostPort: string }[]>;
    const since = (time: string) => now - new Date(time).getTime();
    const isNew = since(State.StartedAt) < STEADY_MILLISECONDS;
    return {
        name: Name.replace(`/skep-${stack}-`, ""),
        container: Id,
        state: State.Status as LabHost["state"],
        isUnsettled:
            State.Restarting ||
            (State.Running && info.RestartCount > 0 && isNew) ||
            (State.Status === "created" && since(Created) < MAKING_MILLISECONDS),
        restarts: info.RestartCount,
        published: Object.entries(bindings).flatMap(([port, places]) =>
            places.map(({ HostPort }) => ({ internal: parseInt(port), external: Number(HostPort) })),
        ),
    };
}

/**
 * Waits until no host of the stack is restarting or about to be started, and returns the hosts. The engine reports no
 * ports for a host that waits for its next start, and a plan from that moment would recreate the host. Throws
 * HOST_RESTARTING after 60 s.
 */
export async function settleHosts(stack: string, progress: Progress): Promise<LabHost[]> {
    const hosts = await labHosts(stack);
    const unsettled = hosts.filter((host) => host.isUnsettled);
    if (unsettled.length === 0) return hosts;
    const names = unsettled.map(({ name }) => name).join(", ");
    return progress.step(`Waiting for hosts that are starting: ${names}`, async () => {
        const end = Date.now() + SETTLE_SECONDS * 1000;
        for (;;) {
            const now = await labHosts(stack);
            const left = now.filter((host) => host.isUnsettled);
            if (left.length === 0) return now;
            if (Date.now() > end) throw restartsAgain(stack, left);
            await sleep(POLL_MILLISECONDS);
        }
    });
}

function restartsAgain(stack: string, hosts: readonly LabHost[]): SkepError {
    return new SkepError(
        hosts.map(({ name, restarts }) => ({
            id: "HOST_RESTARTING",
            problem: `${name} does not stay up: it has been started again ${restarts} times, and what it publishes is not known meanwhile.`,
            advice: `See why with: docker logs --tail 50 skep-${stack}-${name}; to have it made anew: docker rm -f skep-${stack}-${name}, then up`,
        })),
    );
}

/**
 * Starts the stack's hosts that are not running, and waits until they have booted. Removes hosts that were created but
 * never started, because a port was taken or the network was missing: the next step creates them as they are asked now.
 * Throws HOST_BOOT.
 */
export async function startStoppedHosts(stack: string, progress: Progress): Promise<void> {
    const docker = dockerClient();
    const hosts = (await labHosts(stack)).filter(({ state }) => state !== "running");
    for (const { name, container } of hosts.filter(({ state }) => state === "created")) {
        // Not by force: a host that another command has started since stays.
        await docker.getContainer(container).remove({ v: true });
        progress.note(`${name} was made and never started: it is made anew`);
    }
    const stopped = hosts.filter(({ state }) => state !== "created");
    if (stopped.length === 0) return;
    const names = stopped.map(({ name }) => name).join(", ");
    await progress.step(`Starting hosts that are stopped: ${names}`, () =>
        Promise.all(stopped.map(({ container, state }) => start(docker.getContainer(container), state))),
    );
}

async function start(container: Docker.Container, state: LabHost["state"]): Promise<void> {
    const starting = state === "paused" ? container.unpause() : container.start();
    await starting.catch((error: Error & { statusCode?: number }) => {
        if (error.statusCode === ALREADY_STARTED) return;
        const known = knownProblem(error.message);
        throw known
            ? new SkepError([known])
            : skepError(
                  "HOST_BOOT",
                  `A lab host could not be started: ${error.message}.`,
                  "Correct what it says, then run up again.",
              );
    });
    const end = Date.now() + BOOT_SECONDS * 1000;
    while (!(await hasBooted(container))) {
        if (Date.now() > end) {
            const { Name } = await container.inspect();
            throw skepError(
                "HOST_BOOT",
                `${Name.slice(1)} was started and has not booted within ${BOOT_SECONDS} seconds.`,
                `Look at it with: docker exec ${Name.slice(1)} journalctl -b -p warning`,
            );
        }
        await sleep(POLL_MILLISECONDS);
    }
}

/**
 * Whether the host has booted. A "degraded" one has, too: the next step reports a failed unit, such as an engine without
 * disk space.
 */
export async function hasBooted(container: Docker.Container): Promise<boolean> {
    return /running|degraded/.test(await output(container, ["systemctl", "is-system-running"]));
}

/** The output of a command on a host; empty if the host cannot run it yet. */
export async function output(container: Docker.Container, command: string[]): Promise<string> {
    try {
        const exec = await container.exec({ Cmd: command, AttachStdout: true });
        let text = "";
        for await (const chunk of await exec.start({})) text += String(chunk);
        return text;
    } catch {
        return ""; // it cannot run commands yet
    }
}
