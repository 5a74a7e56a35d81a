// The objects that make up a swarm stack: secrets, configs, services and networks. They are created, found by their
// label, and removed.
import { skepError } from "../errors";
import type { StackView } from "../planning/convergence";
import type { SwarmService } from "../planning/engine-api";
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
    /** Labels and template drivers of secrets and configs that have any, by name. */
    marks?: Readonly<Record<string, Marks>>;
    /** Logins of the registries that the images come from, by name and port as in the names of images. */
    registryAuth?: Readonly<Record<string, RegistryLogin>>;
}

/** What a secret or a config has beside its value. */
export interface Marks {
    labels?: Readonly<Record<string, string>>;
    /** `golang`: the engine fills in the value for each task. */
    templateDriver?: string;
}

/** A login of a registry. */
export interface RegistryLogin {
    username: string;
    password: string;
}

/** The filter for everything that belongs to the stack. */
export function ofStack(stack: string): Record<string, string[]> {
    return { label: [`${STACK_LABEL}=${stack}`] };
}

/** The services and tasks of a stack, or of all, and all members of the swarm. */
export async function around(swarm: Swarm, stack?: string): Promise<StackView> {
    const filter = stack === undefined ? {} : ofStack(stack);
    const [services, tasks, nodes, now] = await Promise.all([
        swarm.services(filter),
        swarm.tasks(filter),
        swarm.members(),
        swarm.clock(),
    ]);
    return { services, tasks, nodes, now };
}

/**
 * Creates the secrets and configs that do not exist yet. Their names depend on their values, so existing ones never
 * change.
 */
export async function createMissing(swarm: Swarm, stack: StackParts): Promise<void> {
    await createKind(swarm, "secrets", stack);
    await createKind(swarm, "configs", stack);
}

async function createKind(swarm: Swarm, kind: Kind, { name: stack, marks = {}, ...parts }: StackParts) {
    const values = parts[kind] ?? {};
    const present = (await swarm.call<Named[]>("GET", `/${kind}`)).map(({ Spec }) => Spec.Name);
    for (const [name, value] of Object.entries(values)) {
        if (present.includes(name)) continue;
        const Data = Buffer.from(value).toString("base64");
        const { labels, templateDriver } = marks[name] ?? {};
        const body = {
            Name: name,
            Labels: { ...labels, [STACK_LABEL]: stack },
            Data,
            ...(templateDriver && { Templating: { Name: templateDriver } }),
        };
        await swarm.call("POST", `/${kind}/create`, { body, timeoutMs: WRITE_MS });
    }
}

/**
 * Removes the stack's secrets and configs that it no longer names. Those still in use stay, and so do those that a service
 * had before its last change: a rollback needs them.
 */
export async function removeUnused(swarm: Swarm, { name, secrets, configs }: StackParts): Promise<void> {
    const former = (await swarm.services(ofStack(name))).map(
        ({ PreviousSpec }) => PreviousSpec?.TaskTemplate.ContainerSpec,
    );
    const before = (kind: "Secrets" | "Configs") =>
        former.flatMap((spec) => (spec?.[kind] ?? []) as { SecretName?: string; ConfigName?: string }[]);
    const formerSecrets = before("Secrets").map(({ SecretName = "" }) => SecretName);
    const formerConfigs = before("Configs").map(({ ConfigName = "" }) => ConfigName);
    await removeKind(swarm, "secrets", name, [...Object.keys(secrets ?? {}), ...formerSecrets]);
    await removeKind(swarm, "configs", name, [...Object.keys(configs ?? {}), ...formerConfigs]);
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
 * registry is asked for them: another registry could know another image by the same name. Returns docker's warnings. Throws STACK_DEPLOY_FAILED.
 */
export async function deploy(
    manager: Pick<Host, "name" | "exec">,
    { name, compose, registryAuth }: StackParts,
    signal: AbortSignal,
): Promise<string[]> {
    const stdin = `${JSON.stringify(dockerConfig(registryAuth))}\n${compose}`;
    const resolve = registryAuth ? "changed" : "never";
    const script = shellQuote(hostScript("deploy"));
    const command = ["sh", "-c", script, "deploy", shellQuote(name), resolve].join(" ");
    const { code, stderr } = await manager.exec(command, { stdin, timeoutMs: DEPLOY_MS, signal });
    if (code === 0) return stderr.split("\n").filter((line) => line.trim() !== "");
    throw skepError(
        "STACK_DEPLOY_FAILED",
        `docker stack deploy of ${name} failed on ${manager.name}: ${oneLine(stderr)}.`,
        "Correct the compose file or the swarm, then run the same command again.",
    );
}

function dockerConfig(logins: StackParts["registryAuth"] = {}): object {
    const auths = Object.entries(logins).map(([server, { username, password }]) => [
        server,
        { auth: Buffer.from(`${username}:${password}`).toString("base64") },
    ]);
    return { auths: Object.fromEntries(auths) as object };
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

/**
 * Takes the service back to what it was before its last change, by its own rollback settings, and waits until its tasks
 * are. Throws STACK_UPDATE_FAILED if that fails, too.
 */
export async function rollBack(swarm: Swarm, { ID, Spec }: SwarmService, timeoutMs: number): Promise<void> {
    const status = async () => (await swarm.call<SwarmService>("GET", `/services/${ID}`)).UpdateStatus;
    const before = (await status())?.StartedAt;
    const attempt = async () => {
        const now = await swarm.call<SwarmService>("GET", `/services/${ID}`);
        const query = `version=${now.Version?.Index}&rollback=previous`;
        await swarm.call("POST", `/services/${ID}/update?${query}`, { body: now.Spec, timeoutMs: WRITE_MS });
        return true;
    };
    await until(`the rollback of service ${Spec.Name} to begin`, attempt, 2 * WRITE_MS, swarm.ctx);
    const ended = async () => {
        const { State = "", StartedAt } = (await status()) ?? {};
        return StartedAt !== before && ["rollback_completed", "rollback_paused"].includes(State)
            ? State
            : undefined;
    };
    const state = await until(`the rollback of service ${Spec.Name}`, ended, timeoutMs, swarm.ctx);
    if (state === "rollback_completed") return;
    throw skepError(
        "STACK_UPDATE_FAILED",
        `${Spec.Name} does not run with what it was before, either.`,
        "Correct the compose file, then run up.",
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
