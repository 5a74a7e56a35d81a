// The objects that make up a swarm stack: secrets, configs, services and networks. They are created, found by their
// label, and removed.
import { skepError } from "../errors";
import type { SwarmNode, SwarmService, SwarmTask } from "../planning/engine-api";
import { oneLine } from "../planning/sentence";
import { shellQuote } from "../planning/shell";
import { EngineError, ifExists } from "./failures";
import { type Host, WRITE_MS } from "./host";
import { hostScript } from "./scripts";
import { filters, type Swarm } from "./swarm";
import { until } from "./wait";

/** Docker puts it on everything that belongs to a stack. */
export const STACK_LABEL = "com.docker.stack.namespace";
const DEPLOY_MS = 120_000;
const GONE_MS = 60_000;
type Kind = "secrets" | "configs";

/** A swarm stack to deploy. */
export interface StackParts {
    name: string;
    /** The compose file for `docker stack deploy`. */
    compose: string;
    /** Values of swarm secrets by name. */
    secrets?: Record<string, string>;
    /** Values of swarm configs by name. */
    configs?: Record<string, string>;
    /** Login for the registry that the images come from. */
    registryAuth?: { server: string; username: string; password: string };
}

/** The filter for everything that belongs to the stack. */
export function ofStack(stack: string): Record<string, string[]> {
    return { label: [`${STACK_LABEL}=${stack}`] };
}

/** The stack's services and tasks, and all members of the swarm. */
export async function around(
    swarm: Swarm,
    stack: string,
): Promise<{ services: SwarmService[]; tasks: SwarmTask[]; nodes: SwarmNode[] }> {
    const [services, tasks, nodes] = await Promise.all([
        swarm.services(ofStack(stack)),
        swarm.tasks(ofStack(stack)),
        swarm.members(),
    ]);
    return { services, tasks, nodes };
}

/**
 * Creates the secrets and configs that do not exist yet. Their names depend on their values, so existing ones never
 * change.
 */
export async function createMissing(swarm: Swarm, { name, secrets, configs }: StackParts): Promise<void> {
    await createKind(swarm, "secrets", name, secrets);
    await createKind(swarm, "configs", name, configs);
}

async function createKind(swarm: Swarm, kind: Kind, stack: string, values: Record<string, string> = {}) {
    const present = (await swarm.call<Named[]>("GET", `/${kind}`)).map(({ Spec }) => Spec.Name);
    for (const [name, value] of Object.entries(values)) {
        if (present.includes(name)) continue;
        const Data = Buffer.from(value).toString("base64");
        const body = { Name: name, Labels: { [STACK_LABEL]: stack }, Data };
        await swarm.call("POST", `/${kind}/create`, { body, timeoutMs: WRITE_MS });
    }
}

/** Removes the stack's secrets and configs that it no longer names. Those still in use stay. */
export async function removeUnused(swarm: Swarm, { name, secrets, configs }: StackParts): Promise<void> {
    await removeKind(swarm, "secrets", name, Object.keys(secrets ?? {}));
    await removeKind(swarm, "configs", name, Object.keys(configs ?? {}));
}

interface Named {
    ID: string;
    Spec: { Name: string };
}

async function removeKind(swarm: Swarm, kind: Kind, stack: string, keep: readonly string[]): Promise<void> {
    for (const { ID, Spec } of await swarm.call<Named[]>("GET", `/${kind}?${filters(ofStack(stack))}`)) {
        if (keep.includes(Spec.Name)) continue;
        await ifExists(swarm.call("DELETE", `/${kind}/${ID}`, { timeoutMs: WRITE_MS })).catch(ignoreInUse);
    }
}

function ignoreInUse(error: unknown): undefined {
    if (error instanceof EngineError && /in use/.test(error.reason)) return undefined;
    throw error;
}

/**
 * Runs `docker stack deploy` on a manager. If the stack has no registry login, its nodes already have its images, and no
 * registry is asked for them: another registry could know another image by the same name. Throws STACK_DEPLOY_FAILED.
 */
export async function deploy(
    manager: Pick<Host, "name" | "exec">,
    { name, compose, registryAuth }: StackParts,
    signal: AbortSignal,
): Promise<void> {
    const stdin = `${JSON.stringify(dockerConfig(registryAuth))}\n${compose}`;
    const resolve = registryAuth ? "changed" : "never";
    const script = shellQuote(hostScript("deploy"));
    const command = ["sh", "-c", script, "deploy", shellQuote(name), resolve].join(" ");
    const { code, stderr } = await manager.exec(command, { stdin, timeoutMs: DEPLOY_MS, signal });
    if (code === 0) return;
    throw skepError(
        "STACK_DEPLOY_FAILED",
        `docker stack deploy of ${name} failed on ${manager.name}: ${oneLine(stderr)}.`,
        "Correct the compose file or the swarm, then run the same command again.",
    );
}

function dockerConfig(auth: StackParts["registryAuth"]): object {
    if (!auth) return {};
    const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString("base64");
    return { auths: { [auth.server]: { auth: credentials } } };
}

/** Recreates the service's tasks by the service's own update settings. Each task is placed where the fewest are. */
export function remakeTasks(swarm: Swarm, { ID, Spec }: SwarmService): Promise<void> {
    return swarm.change(
        `the update of service ${Spec.Name}`,
        `/services/${ID}`,
        (spec: SwarmService["Spec"]) => ({
            ...spec,
            TaskTemplate: { ...spec.TaskTemplate, ForceUpdate: (spec.TaskTemplate.ForceUpdate ?? 0) + 1 },
        }),
    );
}

/** Removes everything with the stack's label, in the order in which the engine allows it. Volumes stay. */
export async function removeAll(swarm: Swarm, stack: string): Promise<void> {
    for (const { ID } of await swarm.services(ofStack(stack)))
        await ifExists(swarm.call("DELETE", `/services/${ID}`, { timeoutMs: WRITE_MS }));
    // Tasks on a dead member stay listed for a day, so only tasks on living members count.
    const noTasks = async () => {
        const { tasks, nodes } = await around(swarm, stack);
        const alive = nodes.filter(({ Status }) => Status?.State === "ready").map(({ ID }) => ID);
        return !tasks.some(({ NodeID = "" }) => alive.includes(NodeID));
    };
    await until(`the tasks of ${stack} to end`, noTasks, GONE_MS, swarm.ctx);
    const noNetworks = async () => {
        const networks = await swarm.call<{ Id: string }[]>("GET", `/networks?${filters(ofStack(stack))}`);
        for (const { Id } of networks) await ifExists(swarm.call("DELETE", `/networks/${Id}`));
        return networks.length === 0;
    };
    // Tasks that just ended still hold their networks for a moment, and the engine refuses to remove those.
    const passes = (error: unknown) => error instanceof EngineError;
    const wait = { ...swarm.ctx, pollMs: 1000, passes };
    await until(`the networks of ${stack} to go`, noNetworks, GONE_MS, wait);
    await removeKind(swarm, "secrets", stack, []);
    await removeKind(swarm, "configs", stack, []);
}
