// The lab's hosts on this machine's engine: those that are stopped are started before anything asks them.

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { SkepError, skepError } from "../../errors";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import type { Progress } from "../progress";
import { dockerClient } from "../setup/docker";
import { knownProblem } from "./known";
import { projectId } from "./project";

const BOOT_SECONDS = 90;
const POLL_MILLISECONDS = 300;

/** Starts the stack's hosts that are not running and waits until they have booted; their names. */
export async function startStoppedHosts(stack: string, progress: Progress): Promise<string[]> {
    const docker = dockerClient();
    const filters = { label: [`${STACK_LABEL}=${stack}`, `${PROJECT_LABEL}=${projectId()}`] };
    const stopped = (await docker.listContainers({ all: true, filters })).filter(
        ({ State }) => State !== "running",
    );
    if (stopped.length === 0) return [];
    const names = stopped.map(({ Id, Names }) => Names[0]?.replace(`/skep-${stack}-`, "") ?? Id).sort();
    await progress.step(`Starting hosts that are stopped: ${names.join(", ")}`, () =>
        Promise.all(stopped.map(({ Id, State }) => start(docker.getContainer(Id), State))),
    );
    return names;
}

async function start(container: Docker.Container, state: string): Promise<void> {
    await (state === "paused" ? container.unpause() : container.start()).catch((error: Error) => {
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
    // "degraded" is booted, too: a failed unit, such as an engine that has no disk left, is the next step's to tell.
    while (!/running|degraded/.test(await output(container, ["systemctl", "is-system-running"]))) {
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

async function output(container: Docker.Container, command: string[]): Promise<string> {
    try {
        const exec = await container.exec({ Cmd: command, AttachStdout: true });
        let text = "";
        for await (const chunk of await exec.start({})) text += String(chunk);
        return text;
    } catch {
        return ""; // not far enough for any command
    }
}
