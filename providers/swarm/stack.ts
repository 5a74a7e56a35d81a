// A stack: its secrets and configs, deployed by docker's own command, waited for until every task runs.
import { formatProblem } from "../../errors";
import { NotConverged, type Context, type Props, type Resource } from "../runtime/types";
import { canonical, digestOf, standing } from "../../swarm/convergence";
import { filters, inputsOf, manager, managerSoon, observer } from "../../swarm/engine";
import { oneLine, reasonOf } from "../../swarm/failures";
import { remakeTasks, unevenServices, updateSteps } from "../../swarm/spread";
import { pausePoint } from "../../swarm/pause-point";
import type { Remote } from "../../swarm/ssh";
import { createMissing, deploy, removeAll, removeUnused } from "../../swarm/stack-objects";
import { pause } from "../../swarm/wait";

const COMPUTED = ["services", "deployed", "uneven", "tolerated"];
const POLL_MS = 1000;
/** Good twice in a row: between a deploy and the first new task nothing looks wrong. */
const STEADY_POLLS = 2;
/** A node that was out of sight for a moment while tasks were placed gets none of them. */
const REBALANCE_ROUNDS = 2;

export const stack: Resource = {
    required: ["clusterId", "managers", "name", "compose"],
    defaults: { secrets: {}, configs: {}, timeoutSeconds: 180 },
    computed: COMPUTED,
    replaceOn: ["name"],
    deleteBeforeReplace: true,
    ignoreInDiff: ["managers", "timeoutSeconds"],
    refreshBeforeUpdate: true,

    check({ name }) {
        if (typeof name !== "string" || /^[a-z0-9][a-z0-9_-]*$/.test(name)) return [];
        return [{ property: "name", reason: `${name} is no name for a stack: use a-z, 0-9, - and _` }];
    },

    drift({ services, deployed, uneven, tolerated }, { rebalance }) {
        const isUneven = Object.entries(uneven ?? {}).some(([name, places]) => tolerated?.[name] !== places);
        return [
            ...(canonical(services) === canonical(deployed) ? [] : ["compose"]),
            ...(rebalance && isUneven ? ["rebalance"] : []),
        ];
    },

    async create(inputs, ctx) {
        return { id: inputs.name, outs: await bringUp(inputs, ctx) };
    },

    update: (_id, _olds, inputs, ctx) => bringUp(inputs, ctx),

    async read(id, state, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        const services = await servicesNow(state, id, ctx);
        // What cannot be seen stays as it was: the cluster says why, and destroy must not wait for it.
        if (!services) return { id, outs: state, inputs };
        if (services.length === 0) return {};
        const uneven = state.rebalance ? await unevenNow(services, state, id, ctx) : {};
        const { deployed = {}, tolerated = {} } = state;
        const outs = { ...inputs, deployed, services: digests(services), uneven, tolerated };
        return { id, outs, inputs };
    },

    async delete(id, state, ctx) {
        const engine = await managerSoon(state.managers, state.clusterId, ctx);
        await removeAll(engine, id, ctx);
    },
};

async function servicesNow(state: Props, id: string, ctx: Context): Promise<Props[] | undefined> {
    const engine = await observer(state.managers, state.clusterId, ctx);
    return engine && servicesOf(engine, id).catch(() => undefined);
}

/** Over all nodes that are to take tasks: those that are down now are brought back before the stack is updated. */
async function unevenNow(
    services: Props[],
    state: Props,
    id: string,
    ctx: Context,
): Promise<Record<string, string>> {
    const engine = await observer(state.managers, state.clusterId, ctx);
    const seen = engine && (await around(engine, id).catch(() => undefined));
    return seen ? unevenServices(services, seen.tasks, seen.nodes.filter(takesTasks)) : (state.uneven ?? {});
}

async function bringUp(inputs: Props, ctx: Context): Promise<Props> {
    const engine = await managerSoon(inputs.managers, inputs.clusterId, ctx);
    await createMissing(engine, inputs);
    await deploy(engine, inputs);
    await pausePoint(`stack:deployed:${inputs.name}`, ctx);
    await converge(engine, inputs, ctx);
    await removeUnused(engine, inputs);
    const uneven = inputs.rebalance ? await rebalance(engine, inputs, ctx) : {};
    const services = digests(await servicesOf(engine, inputs.name));
    return { services, deployed: services, uneven, tolerated: uneven };
}

/** Spreads again what is uneven, one service after the other; what stays so is not tried again before it moves. */
async function rebalance(engine: Remote, inputs: Props, ctx: Context): Promise<Record<string, string>> {
    const look = async () => {
        const [services, { tasks, nodes }] = await Promise.all([
            servicesOf(engine, inputs.name),
            around(engine, inputs.name),
        ]);
        return { services, uneven: unevenServices(services, tasks, nodes.filter(isEligible)) };
    };
    for (let round = 1; round <= REBALANCE_ROUNDS; round++) {
        const { services, uneven } = await look();
        for (const service of services.filter(({ Spec }) => Spec.Name in uneven)) {
            ctx.log(`spreading the tasks of ${service.Spec.Name} again`);
            await remakeTasks(engine, service.ID, ctx.signal);
            const timeoutSeconds = inputs.timeoutSeconds * updateSteps(service);
            await converge(engine, { ...inputs, timeoutSeconds }, ctx);
        }
    }
    return (await look()).uneven;
}

/** Waits until all services run. What was deployed but does not run is kept in state, and tried again. */
async function converge(engine: Remote, inputs: Props, ctx: Context): Promise<void> {
    const end = Date.now() + inputs.timeoutSeconds * 1000;
    let steady = 0;
    let reasons: string[] = [];
    while (steady < STEADY_POLLS) {
        if (steady === 0 && reasons.length > 0 && Date.now() > end)
            fail(inputs, [notConverged(inputs, reasons)]);
        if (ctx.signal.aborted) fail(inputs, [interrupted(inputs)]);
        try {
            reasons = await pendingReasons(engine, inputs);
        } catch (error) {
            if (error instanceof NotConverged) throw error;
            reasons = [reasonOf(error)];
            engine = await manager(inputs.managers, inputs.clusterId).catch(() => engine);
        }
        steady = reasons.length === 0 ? steady + 1 : 0;
        await pause(POLL_MS, ctx.signal);
    }
}

async function pendingReasons(engine: Remote, inputs: Props): Promise<string[]> {
    const [services, { tasks, nodes }] = await Promise.all([
        servicesOf(engine, inputs.name),
        around(engine, inputs.name),
    ]);
    const eligible = nodes.filter(isEligible);
    const standings = services.map((service) => standing(service, tasks, eligible));
    const failed = standings.flatMap(({ failed }) => failed ?? []);
    if (failed.length > 0) fail(inputs, failed);
    if (services.length === 0) return [`the stack ${inputs.name} has no services`];
    return standings.flatMap(({ pending }) => pending ?? []);
}

function notConverged({ name, timeoutSeconds }: Props, reasons: readonly string[]): string {
    return formatProblem({
        id: "STACK_NOT_RUNNING",
        problem: `After ${timeoutSeconds} s not all of the stack ${name} runs: ${reasons.map(oneLine).join("; ")}.`,
        advice: "Correct what the line names, or wait, then run the same command again: it goes on waiting.",
    });
}

function interrupted({ name }: Props): string {
    return formatProblem({
        id: "CANCELLED",
        problem: `Interrupted before all of the stack ${name} ran.`,
        advice: "Run the same command again.",
    });
}

function fail({ name }: Props, reasons: string[]): never {
    throw new NotConverged(name, { services: {}, deployed: { unsettled: "" } }, reasons);
}

function servicesOf(engine: Remote, name: string): Promise<Props[]> {
    return engine.call<Props[]>("GET", `/services?${filters({ label: [namespace(name)] })}`);
}

/** The stack's tasks, and all members of the swarm. */
async function around(engine: Remote, name: string) {
    const [tasks, nodes] = await Promise.all([
        engine.call<Props[]>("GET", `/tasks?${filters({ label: [namespace(name)] })}`),
        engine.call<Props[]>("GET", "/nodes"),
    ]);
    return { tasks, nodes };
}

function takesTasks({ Spec }: Props): boolean {
    return Spec.Availability === "active";
}

function isEligible(node: Props): boolean {
    return takesTasks(node) && node.Status?.State === "ready";
}

function namespace(name: string): string {
    return `com.docker.stack.namespace=${name}`;
}

function digests(services: readonly Props[]): Record<string, string> {
    return Object.fromEntries(services.map((service) => [service.Spec.Name, digestOf(service)]));
}
