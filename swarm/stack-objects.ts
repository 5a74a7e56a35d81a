// What a stack is made of: secrets, configs, services, networks; made, found by their label, and removed.
import { skepError } from "../errors";
import { shellQuote } from "../planning/shell";
import type { Context, Props } from "./context";
import { filters, ifExists, WRITE_MS } from "./engine";
import { EngineError, oneLine } from "./failures";
import { hostScript } from "./scripts";
import type { Remote } from "./ssh";
import { until } from "./wait";

const LABEL = "com.docker.stack.namespace";
const DEPLOY_MS = 120_000;
const GONE_MS = 60_000;
type Kind = "secrets" | "configs";

/** Makes the secrets and configs that are not there yet: their names say what they hold, so they never change. */
export async function createMissing(engine: Remote, { name, secrets, configs }: Props): Promise<void> {
    await createKind(engine, "secrets", name, secrets ?? {});
    await createKind(engine, "configs", name, configs ?? {});
}

async function createKind(engine: Remote, kind: Kind, stack: string, values: Record<string, string>) {
    const present = (await engine.call<Props[]>("GET", `/${kind}`)).map(({ Spec }) => Spec.Name);
    for (const [name, value] of Object.entries(values)) {
        if (present.includes(name)) continue;
        const Data = Buffer.from(value).toString("base64");
        const body = { Name: name, Labels: { [LABEL]: stack }, Data };
        await engine.call("POST", `/${kind}/create`, body, WRITE_MS);
    }
}

/** Removes secrets and configs of the stack that no longer belong to it; what is still in use stays. */
export async function removeUnused(engine: Remote, { name, secrets, configs }: Props): Promise<void> {
    await removeKind(engine, "secrets", name, Object.keys(secrets ?? {}));
    await removeKind(engine, "configs", name, Object.keys(configs ?? {}));
}

async function removeKind(engine: Remote, kind: Kind, stack: string, keep: readonly string[]): Promise<void> {
    for (const { ID, Spec } of await labelled(engine, kind, stack)) {
        if (keep.includes(Spec.Name)) continue;
        await ifExists(engine.call("DELETE", `/${kind}/${ID}`, undefined, WRITE_MS)).catch(ignoreInUse);
    }
}

function ignoreInUse(error: unknown): undefined {
    if (error instanceof EngineError && /in use/.test(error.reason)) return undefined;
    throw error;
}

/**
 * Runs docker's own `stack deploy` on a manager. A stack without a registry's password has its images on its nodes already:
 * no registry is asked for them, since another one could know an image by the same name.
 */
export async function deploy(engine: Remote, { name, compose, registryAuth }: Props): Promise<void> {
    const stdin = `${JSON.stringify(dockerConfig(registryAuth))}\n${compose}`;
    const resolve = registryAuth ? "changed" : "never";
    const script = shellQuote(hostScript("deploy"));
    const command = ["sh", "-c", script, "deploy", shellQuote(name), resolve].join(" ");
    const { code, stderr } = await engine.exec(command, stdin, DEPLOY_MS);
    if (code === 0) return;
    throw skepError(
        "STACK_DEPLOY_FAILED",
        `docker stack deploy of ${name} failed on ${engine.name}: ${oneLine(stderr)}.`,
        "Correct the compose file or the swarm, then run the same command again.",
    );
}

function dockerConfig(auth: Props | undefined): Props {
    if (!auth) return {};
    const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString("base64");
    return { auths: { [auth.server]: { auth: credentials } } };
}

/** Removes all that carries the stack's label, in the order that lets go of it. Volumes stay. */
export async function removeAll(engine: Remote, stack: string, ctx: Context): Promise<void> {
    for (const { ID } of await labelled(engine, "services", stack)) {
        await ifExists(engine.call("DELETE", `/services/${ID}`, undefined, WRITE_MS));
    }
    // Tasks on a dead member stay listed for a day.
    const noTasks = async () => {
        const nodes = await engine.call<Props[]>("GET", "/nodes");
        const alive = nodes.filter(({ Status }) => Status?.State === "ready").map(({ ID }) => ID);
        return !(await labelled(engine, "tasks", stack)).some(({ NodeID }) => alive.includes(NodeID));
    };
    await until(`the tasks of ${stack} to end`, noTasks, GONE_MS, ctx);
    const noNetworks = async () => {
        const networks = await labelled(engine, "networks", stack);
        for (const network of networks) await ifExists(engine.call("DELETE", `/networks/${network.Id}`));
        return networks.length === 0;
    };
    await until(`the networks of ${stack} to go`, noNetworks, GONE_MS, { ...ctx, pollMs: 1000 });
    await removeKind(engine, "secrets", stack, []);
    await removeKind(engine, "configs", stack, []);
}

function labelled(engine: Remote, kind: string, stack: string): Promise<Props[]> {
    return engine.call<Props[]>("GET", `/${kind}?${filters({ label: [`${LABEL}=${stack}`] })}`);
}
