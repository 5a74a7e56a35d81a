// Places inside the swarm's networks: the network of a service's task, or a container of Skep's own that does nothing but
// stand on a network. A command enters one with the host's own programs, so no image of tools is needed.
import { randomBytes } from "node:crypto";
import { SkepError, skepError } from "../errors";
import type { SwarmService, SwarmTask } from "../planning/engine-api";
import { takesTasks } from "../planning/places";
import { reasonOf } from "../planning/sentence";
import { shellQuote } from "../planning/shell";
import type { PlacedHost } from "./checks/check";
import { ifExists } from "./failures";
import { WRITE_MS } from "./host";
import { overlays, type SwarmNetwork } from "./networks";
import { hostScript } from "./scripts";
import type { Swarm } from "./swarm";
import { until } from "./wait";

const LABEL = "io.skep.net";
const STEP_MS = 30_000;
const START_MS = 40_000;
/** An interrupted command ends within 8 seconds. */
const CLOSE_MS = 7000;
/** How long the container stands at most: one that a killed command left ends by itself. */
const STANDS_SECONDS = 4 * 3600;

/** A container whose network a command can enter, and its host. */
export interface Place<H extends PlacedHost = PlacedHost> {
    host: H;
    container: string;
}

/** The overlay networks that a service can be on. */
export async function networksOf(swarm: Swarm): Promise<SwarmNetwork[]> {
    return (await overlays(swarm)).filter(({ Ingress }) => !Ingress);
}

/** A running task of the service, on this host if one is given. Throws NET_NO_TASK. */
export async function taskPlace<H extends PlacedHost>(
    swarm: Swarm,
    { ID, Spec }: SwarmService,
    hosts: readonly H[],
    only?: H,
): Promise<Place<H>> {
    const [tasks, members] = await Promise.all([swarm.tasks({ service: [ID] }), swarm.members()]);
    const ready = members.filter(({ Status }) => Status?.State === "ready").map((node) => node.ID);
    const places = tasks.flatMap((task) => {
        const host = hosts.find(({ nodeId }) => nodeId === task.NodeID && ready.includes(nodeId));
        const container = runningIn(task);
        return host && container !== undefined ? [{ host, container }] : [];
    });
    const found = places.find(({ host }) => !only || host.nodeId === only.nodeId);
    if (found) return found;
    const elsewhere = places.map(({ host }) => host.host.name).join(", ");
    throw skepError(
        "NET_NO_TASK",
        `No task of ${Spec.Name} runs ${only ? `on ${only.host.name}` : "on a host that answers"}.`,
        elsewhere === ""
            ? `See docker service ps ${Spec.Name} on a manager.`
            : `Tasks of it run on ${elsewhere}.`,
    );
}

/**
 * Puts a container on the network, on this host or on the first that takes tasks, for `work`. It is gone afterwards. It is a
 * service's task, because nothing else may stand on a network that is not attachable. Throws NET_NO_NODE.
 */
export async function onNetwork<H extends PlacedHost, T>(
    swarm: Swarm,
    { Id, Name }: SwarmNetwork,
    hosts: readonly H[],
    only: H | undefined,
    work: (place: Place<H>) => Promise<T>,
): Promise<T> {
    await removeEnded(swarm);
    const host = await hostFor(swarm, hosts, only);
    const name = `skep-net-${randomBytes(4).toString("hex")}`;
    // Nothing answers at port 1, so the engine's attempt to pull it fails at once.
    const image = `localhost:1/${name}:1`;
    try {
        const { folders } = await step<{ folders: string[] }>(swarm, host, "open", image);
        const body = serviceSpec(name, image, folders, Id, host.nodeId);
        const { ID } = await swarm.call<{ ID: string }>("POST", "/services/create", {
            body,
            timeoutMs: WRITE_MS,
        });
        return await work({ host, container: await started(swarm, ID, Name) });
    } finally {
        await close(swarm, host, name, image);
    }
}

/** The command for a host's shell that runs `command`, or a shell, in the network of the place's container. */
export function enterCommand({ container }: Place, command: readonly string[]): string {
    const words = ["sudo", "-n", "sh", "-c", hostScript("enter"), "enter", container, ...command];
    return words.map(shellQuote).join(" ");
}

async function hostFor<H extends PlacedHost>(swarm: Swarm, hosts: readonly H[], only?: H): Promise<H> {
    const active = (await swarm.members()).filter(takesTasks).map(({ ID }) => ID);
    const found = (only ? [only] : hosts).find(({ nodeId }) => active.includes(nodeId));
    if (found) return found;
    throw skepError(
        "NET_NO_NODE",
        only ? `The node ${only.host.name} takes no tasks now.` : "No node takes tasks now.",
        "Choose another with --node, or enter the network of a task there: skep net SERVICE --node HOST.",
    );
}

function serviceSpec(
    name: string,
    image: string,
    folders: readonly string[],
    network: string,
    nodeId: string,
) {
    return {
        Name: name,
        Labels: { [LABEL]: "1" },
        Mode: { Replicated: { Replicas: 1 } },
        // Without virtual IPs, which some kernels lack.
        EndpointSpec: { Mode: "dnsrr" },
        TaskTemplate: {
            ContainerSpec: {
                Image: image,
                Command: ["/usr/bin/sleep", String(STANDS_SECONDS)],
                Mounts: folders.map((folder) => ({
                    Type: "bind",
                    Source: folder,
                    Target: folder,
                    ReadOnly: true,
                })),
                ReadOnly: true,
                User: "65534:65534",
                // sleep, as process 1, takes no other signal.
                StopSignal: "SIGKILL",
            },
            LogDriver: { Name: "none" },
            Networks: [{ Target: network }],
            Placement: { Constraints: [`node.id==${nodeId}`] },
            RestartPolicy: { Condition: "none" },
        },
    };
}

/** The container of the service's only task, once it runs. */
function started(swarm: Swarm, service: string, network: string): Promise<string> {
    const running = async () => {
        const [task] = await swarm.tasks({ service: [service] });
        const { State = "", Err = "" } = task?.Status ?? {};
        if (["failed", "rejected", "shutdown"].includes(State))
            throw skepError(
                "NET_NO_TASK",
                `The container on the network ${network} did not start: ${Err || State}.`,
                "Choose another node with --node.",
            );
        return task && runningIn(task);
    };
    return until(`a container on the network ${network}`, running, START_MS, swarm.ctx);
}

function runningIn({ Status }: SwarmTask): string | undefined {
    return Status?.State === "running" ? Status.ContainerStatus?.ContainerID : undefined;
}

/** Removes the service and its image, after an interrupt, too. What it cannot remove, it says. */
async function close(swarm: Swarm, host: PlacedHost, service: string, image: string): Promise<void> {
    const last = swarm.during({ signal: AbortSignal.timeout(CLOSE_MS), patienceMs: 0 });
    try {
        await ifExists(last.call("DELETE", `/services/${service}`, { timeoutMs: CLOSE_MS }));
        await step(last, host, "close", image);
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        swarm.ctx.log(
            `The service ${service} ends by itself within ${STANDS_SECONDS / 3600} hours: ${reasonOf(error)}`,
        );
    }
}

/** Removes services whose command was killed and whose container has ended since. */
async function removeEnded(swarm: Swarm): Promise<void> {
    for (const { ID } of await swarm.services({ label: [LABEL] })) {
        const tasks = await swarm.tasks({ service: [ID] });
        const hasEnded = tasks.length > 0 && tasks.every(({ Status }) => Status?.State === "complete");
        if (hasEnded) await ifExists(swarm.call("DELETE", `/services/${ID}`, { timeoutMs: WRITE_MS }));
    }
}

function step<T>(swarm: Swarm, { host }: PlacedHost, mode: string, image: string): Promise<T> {
    const { signal } = swarm.ctx;
    return host.script<T>(
        hostScript("bare", "net"),
        { MODE: mode, IMAGE: image },
        { timeoutMs: STEP_MS, signal },
    );
}
