// Finds a Docker engine that answers: the one that the user means (providers/runtime/docker.ts), else Debian's, which is
// installed and started here. Not the engines in lab hosts.

import { existsSync } from "node:fs";
import type Docker from "dockerode";
import { skepError } from "../../errors";
import { type DockerEndpoint, USUAL_SOCKET } from "../../planning/docker-endpoint";
import {
    dockerClient,
    dockerEndpoint,
    ifThere,
    preferSocket,
    socketsHere,
} from "../../providers/runtime/docker";
import type { Progress } from "./progress";
import { withLock } from "./cache";
import { becomeRoot, hasApt, installPackages } from "./programs";
import { pingProblem, startDocker } from "./daemon";

const USUAL_HOST = `unix://${USUAL_SOCKET}`;

export { dockerClient };

/** The client of a Docker engine that answers and suits: for `hosts` it needs the network "bridge". */
export async function ensureDocker(progress: Progress, needed: "any" | "hosts" = "any"): Promise<Docker> {
    const docker = (await answeringEngine()) ?? (await ownEngine(progress));
    await refuseUnsuited(docker, needed);
    return docker;
}

/** As `ensureDocker`, but installs and starts nothing: undefined if this machine's own engine is not there or does not run. */
export async function findDocker(): Promise<Docker | undefined> {
    const docker = await answeringEngine();
    if (docker) await refuseUnsuited(docker, "hosts");
    return docker;
}

/** The engine that the user names, else one at a known socket; undefined when none answers. */
async function answeringEngine(): Promise<Docker | undefined> {
    const endpoint = dockerEndpoint();
    const isNamed = endpoint.from !== undefined;
    // The usual socket is this machine's own engine, which Skep starts, also when the user names it.
    if (isNamed && endpoint.host !== USUAL_HOST) return namedEngine(endpoint, endpoint.from);
    const silent: string[] = [];
    let isForbidden = false;
    for (const socket of isNamed ? [USUAL_SOCKET] : socketsHere()) {
        const docker = dockerClient({ host: `unix://${socket}` });
        const problem = await pingProblem(docker);
        if (problem === undefined) {
            preferSocket(socket);
            return docker;
        }
        if (socket !== USUAL_SOCKET) silent.push(socket);
        else isForbidden = problem === "EACCES";
    }
    if (isForbidden)
        throw skepError(
            "DOCKER_FORBIDDEN",
            "This user may not use Docker's socket.",
            "Add the user to the group docker (sudo usermod -aG docker $USER), log in again and try again.",
        );
    if (silent.length > 0)
        throw skepError(
            "DOCKER_STOPPED",
            `The Docker engine of this user does not run: nothing answers at ${silent.join(", ")}.`,
            "Start it (Docker Desktop, colima or the rootless engine); or remove the file, and Debian's engine is installed.",
        );
    return undefined;
}

async function namedEngine(endpoint: DockerEndpoint, from = ""): Promise<Docker> {
    const docker = dockerClient(endpoint);
    const problem = await pingProblem(docker);
    if (problem === undefined) return docker;
    throw skepError(
        "DOCKER_UNREACHABLE",
        `No Docker engine answers at ${from} (${endpoint.host}): ${problem}.`,
        from === "DOCKER_HOST"
            ? "Start it, or unset DOCKER_HOST to use this machine's own."
            : "Start it, or choose another one with docker context use NAME, or with DOCKER_HOST.",
    );
}

/** Installs this machine's own engine where it is missing, and starts it. */
async function ownEngine(progress: Progress): Promise<Docker> {
    const docker = dockerClient({ host: USUAL_HOST });
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
                await progress.step("Starting Docker", () => startDocker(docker, root));
        },
        progress,
    );
    return docker;
}

/** Refuses Podman, and for hosts an engine without the network "bridge". */
async function refuseUnsuited(docker: Docker, needed: "any" | "hosts"): Promise<void> {
    const { host } = dockerEndpoint();
    const { Components = [] } = (await docker.version()) as { Components?: { Name: string }[] };
    if (Components.some(({ Name }) => /podman/i.test(Name)))
        throw skepError(
            "DOCKER_UNSUITED",
            `Podman answers at ${host}: it has no network "bridge", on which Pulumi's docker plugin makes containers.`,
            "Install Docker Engine beside it, and name its socket with DOCKER_HOST.",
        );
    if (needed === "hosts" && !(await hasBridge(docker)))
        throw skepError(
            "DOCKER_UNSUITED",
            `The Docker engine at ${host} has no network "bridge", on which images are built and containers made.`,
            'Take "bridge": "none" out of its settings (/etc/docker/daemon.json) and restart it, or name another engine with DOCKER_HOST.',
        );
}

async function hasBridge(docker: Docker): Promise<boolean> {
    return (await ifThere(docker.getNetwork("bridge").inspect())) !== undefined;
}
