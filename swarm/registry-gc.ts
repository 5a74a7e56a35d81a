// Garbage collection of the private registry. Its tasks are read-only meanwhile: an image that is pushed during a collection
// would lose its layers. They start anew afterwards: a registry remembers the layers that it had.
import { SkepError, skepError } from "../errors";
import type { SwarmService } from "../planning/engine-api";
import { reasonOf } from "../planning/sentence";
import type { PlacedHost } from "./checks/check";
import { converge, NotRunning } from "./converge";
import type { Host } from "./host";
import { hostScript } from "./scripts";
import type { Swarm } from "./swarm";

const STACK = "registry";
const SERVICE = "registry_registry";
/** Its configuration in its tasks: stacks/registry/compose.yaml. */
const CONFIG = "/run/secrets/config.yml";
/** The value is YAML: with a variable for `enabled` alone, the registry does not start. */
const READ_ONLY = "REGISTRY_STORAGE_MAINTENANCE_READONLY={enabled: true}";
/** A bucket with many images takes long. */
const COLLECT_MS = 4 * 3_600_000;
const STEP_MS = 20_000;
/** An interrupted command ends within 8 seconds. */
const HASTY_MS = 7000;
const CONVERGE_SECONDS = 180;

export interface Collected {
    /** How many layers, configurations and manifests went. */
    removed: number;
    /** How many bytes of the volume are free now; null if images are in a bucket. */
    freed: number | null;
}

/**
 * Removes what no image of the registry names any more. `say` is told what it does. Whatever happens, the registry's service
 * is left as Pulumi knows it, and its tasks without a collection. Throws REGISTRY_BUSY, GC_FAILED, or REGISTRY_READ_ONLY if
 * the service could not be set back.
 */
export async function collectGarbage(
    swarm: Swarm,
    hosts: readonly PlacedHost[],
    say: (text: string) => void,
): Promise<Collected> {
    return whileReadOnly(swarm, hosts, say, (host) => {
        say(`collecting on ${host.name}`);
        return step<Collected>(host, "collect", swarm.ctx.signal, COLLECT_MS);
    });
}

/**
 * Does `work` on a host with a task of the registry, which takes no pushes meanwhile. It restarts before and afterwards.
 * Throws REGISTRY_BUSY if a collection is at work, REGISTRY_NO_TASK, or REGISTRY_READ_ONLY if it could not be set back.
 */
export async function whileReadOnly<T>(
    swarm: Swarm,
    hosts: readonly PlacedHost[],
    say: (text: string) => void,
    work: (host: Host, service: SwarmService) => Promise<T>,
): Promise<T> {
    const service = await registryService(swarm);
    for (const host of await runningOn(swarm, service, hosts)) await step(host, "check", swarm.ctx.signal);
    try {
        say("making the registry read-only");
        await setReadOnly(swarm, service, true);
        await settled(swarm);
        const [host] = await runningOn(swarm, service, hosts);
        if (!host) throw noTask();
        return await work(host, service);
    } finally {
        say("making the registry writable");
        await setBack(swarm, service, hosts);
    }
}

/** The registry's service. Throws REGISTRY_NO_TASK if the swarm has none. */
export async function registryService(swarm: Swarm): Promise<SwarmService> {
    const found = (await swarm.services({ name: [SERVICE] })).find(({ Spec }) => Spec.Name === SERVICE);
    if (!found) throw noTask();
    return found;
}

/** The hosts on which a task of the registry runs. */
async function runningOn(swarm: Swarm, { ID }: SwarmService, hosts: readonly PlacedHost[]): Promise<Host[]> {
    const tasks = await swarm.tasks({ service: [ID] });
    const nodes = tasks.filter(({ Status }) => Status?.State === "running").map(({ NodeID }) => NodeID);
    return hosts.filter(({ nodeId }) => nodes.includes(nodeId)).map(({ host }) => host);
}

async function setBack(swarm: Swarm, service: SwarmService, hosts: readonly PlacedHost[]): Promise<void> {
    const isHasty = swarm.ctx.signal.aborted;
    const last = isHasty ? swarm.during({ signal: AbortSignal.timeout(HASTY_MS), patienceMs: 0 }) : swarm;
    try {
        // With several tasks, one is writable before another's collection has ended with its task.
        const running = await runningOn(last, service, hosts);
        await Promise.all(running.map((host) => step(host, "stop", last.ctx.signal)));
        await setReadOnly(last, service, false);
        if (!isHasty) await settled(last);
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        throw skepError(
            "REGISTRY_READ_ONLY",
            `The registry may still be read-only: ${reasonOf(error)}.`,
            "Run skep registry gc again, or up: either sets it back.",
        );
    }
}

/** Adds the variable to the service or takes it away, so that its other settings stay whoever changes them meanwhile. */
function setReadOnly(swarm: Swarm, { ID }: SwarmService, isOn: boolean): Promise<void> {
    return swarm.change("the change of the registry", `/services/${ID}`, (spec: SwarmService["Spec"]) => {
        const { Env = [], ...container } = spec.TaskTemplate.ContainerSpec ?? {};
        const kept = (Env as string[]).filter((each) => each !== READ_ONLY);
        const env = isOn ? [...kept, READ_ONLY] : kept;
        // Without variables, the service has no list of them.
        const ContainerSpec = { ...container, ...(env.length > 0 && { Env: env }) };
        return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ContainerSpec } };
    });
}

async function settled(swarm: Swarm): Promise<void> {
    try {
        await converge(swarm, { name: STACK, timeoutSeconds: CONVERGE_SECONDS });
    } catch (error) {
        if (!(error instanceof NotRunning)) throw error;
        throw skepError(
            "STACK_NOT_RUNNING",
            error.reasons.join("; ").replace(/^[A-Z_]+: /, ""),
            "Run up: it sets the registry back.",
        );
    }
}

function step<T>(host: Host, mode: string, signal: AbortSignal, timeoutMs = STEP_MS): Promise<T> {
    const variables = { MODE: mode, SERVICE, CONFIG };
    return host.script<T>(hostScript("collect"), variables, { timeoutMs, signal });
}

function noTask(): Error {
    return skepError(
        "REGISTRY_NO_TASK",
        "The registry has no task that runs on a host of this stack.",
        "See docker service ps registry_registry on a manager, then run up.",
    );
}
