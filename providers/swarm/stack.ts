// A swarm stack: its secrets and configs are created, docker's own command deploys it, and the provider waits until every
// task runs.
import { formatProblem } from "../../errors";
import { canonical } from "../../planning/canonical";
import { digestOf, standing } from "../../planning/convergence";
import type { SwarmNode, SwarmService } from "../../planning/engine-api";
import { oneLine, reasonOf } from "../../planning/sentence";
import { unevenServices, updateSteps } from "../../planning/spread";
import type { Context } from "../../swarm/context";
import { HostFailure, ifAnswered, mayPass } from "../../swarm/failures";
import {
    around,
    createMissing,
    deploy,
    ofStack,
    remakeTasks,
    removeAll,
    removeUnused,
    type StackParts,
} from "../../swarm/stack-objects";
import { pausePoint } from "../../swarm/pause-point";
import { Swarm } from "../../swarm/swarm";
import { pause } from "../../swarm/wait";
import { NotConverged, type Props, type Resource } from "../runtime/types";
import { inputsOf, type InSwarm } from "./inputs";

const COMPUTED = ["services", "deployed", "uneven", "tolerated"] as const;
const POLL_MS = 1000;
/** How often in a row the stack must look good: between a deploy and the first new task, nothing looks wrong. */
const STEADY_POLLS = 2;
/**
 * How often tasks are spread again. A node that was out of sight for a moment while tasks were placed gets none of them.
 */
const REBALANCE_ROUNDS = 2;

type Inputs = InSwarm & StackParts & { timeoutSeconds: number; rebalance?: string[] };
type Outs = {
    /** By service name, a digest of the service's specification: as it is, and as it was deployed. */
    services: Record<string, string>;
    deployed: Record<string, string>;
    /**
     * By service name, the nodes of tasks that could be spread more evenly: as they are, and as they were after the last
     * attempt to spread them.
     */
    uneven: Record<string, string>;
    tolerated: Record<string, string>;
};
type State = Inputs & Outs;

export const stack: Resource = {
    required: ["clusterId", "managers", "name", "compose"],
    defaults: { secrets: {}, configs: {}, timeoutSeconds: 180 },
    computed: COMPUTED,
    replaceOn: ["name"],
    deleteBeforeReplace: true,
    ignoreInDiff: ["managers", "timeoutSeconds"],
    refreshBeforeUpdate: true,

    check({ name }: Props) {
        if (typeof name !== "string" || /^[a-z0-9][a-z0-9_-]*$/.test(name)) return [];
        return [{ property: "name", reason: `${name} is no name for a stack: use a-z, 0-9, - and _` }];
    },

    drift(
        { services, deployed, uneven = {}, tolerated = {} }: Partial<State>,
        { rebalance }: Partial<Inputs>,
    ) {
        const isUneven = Object.entries(uneven).some(([name, places]) => tolerated[name] !== places);
        return [
            ...(canonical(services) === canonical(deployed) ? [] : ["compose"]),
            ...(rebalance && isUneven ? ["rebalance"] : []),
        ];
    },

    create: async (inputs: Inputs, ctx) => ({ id: inputs.name, outs: await bringUp(inputs, ctx) }),

    update: (_id, _olds, inputs: Inputs, ctx) => bringUp(inputs, ctx),

    async read(id, state: State, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        const swarm = await Swarm.of(state.managers, state.clusterId, ctx).ifSeen();
        // If the swarm cannot be seen, the state stays as it was: the cluster says why, and destroy must not wait for it.
        const seen = swarm && (await ifAnswered(around(swarm, id)));
        if (!seen) return { id, outs: state, inputs };
        const { services, tasks, nodes } = seen;
        if (services.length === 0) return {};
        // Nodes that are down now count, too: they are brought back before the stack is updated.
        const uneven = state.rebalance ? unevenServices(services, tasks, nodes.filter(takesTasks)) : {};
        const { deployed = {}, tolerated = {} } = state;
        return { id, outs: { ...inputs, deployed, services: digests(services), uneven, tolerated }, inputs };
    },

    async delete(id, { managers, clusterId }: State, ctx) {
        await removeAll(Swarm.of(managers, clusterId, ctx), id);
    },
};

async function bringUp(inputs: Inputs, ctx: Context): Promise<Outs> {
    const swarm = Swarm.of(inputs.managers, inputs.clusterId, ctx);
    await createMissing(swarm, inputs);
    await deploy(await swarm.manager(), inputs, ctx.signal);
    await pausePoint(`stack:deployed:${inputs.name}`, ctx);
    await converge(swarm, inputs);
    await removeUnused(swarm, inputs);
    const uneven = inputs.rebalance ? await rebalance(swarm, inputs) : {};
    const services = digests(await swarm.services(ofStack(inputs.name)));
    return { services, deployed: services, uneven, tolerated: uneven };
}

/**
 * Spreads uneven tasks again, one service after the other. Returns what stays uneven, which is not tried again before it
 * changes.
 */
async function rebalance(swarm: Swarm, inputs: Inputs): Promise<Record<string, string>> {
    const look = async () => {
        const { services, tasks, nodes } = await around(swarm, inputs.name);
        return { services, uneven: unevenServices(services, tasks, nodes.filter(isEligible)) };
    };
    for (let round = 1; round <= REBALANCE_ROUNDS; round++) {
        const { services, uneven } = await look();
        for (const service of services.filter(({ Spec }) => Spec.Name in uneven)) {
            swarm.ctx.log(`spreading the tasks of ${service.Spec.Name} again`);
            await remakeTasks(swarm, service);
            const timeoutSeconds = inputs.timeoutSeconds * updateSteps(service);
            await converge(swarm, { ...inputs, timeoutSeconds });
        }
    }
    return (await look()).uneven;
}

/**
 * Waits until all services run. A stack that was deployed but does not run stays in the state, and the next up tries
 * again.
 */
async function converge(swarm: Swarm, inputs: Inputs): Promise<void> {
    const now = swarm.during({ patienceMs: 0 });
    const end = Date.now() + inputs.timeoutSeconds * 1000;
    let steady = 0;
    let reasons: string[] = [];
    while (steady < STEADY_POLLS) {
        if (steady === 0 && reasons.length > 0 && Date.now() > end)
            throw failure(inputs, [notConverged(inputs, reasons)]);
        if (swarm.ctx.signal.aborted) throw failure(inputs, [interrupted(inputs)]);
        try {
            reasons = await pendingReasons(now, inputs);
        } catch (error) {
            if (!mayPass(error))
                throw error instanceof HostFailure ? failure(inputs, [error.message]) : error;
            reasons = [reasonOf(error)];
        }
        steady = reasons.length === 0 ? steady + 1 : 0;
        await pause(POLL_MS, swarm.ctx.signal);
    }
}

async function pendingReasons(swarm: Swarm, inputs: Inputs): Promise<string[]> {
    const { services, tasks, nodes } = await around(swarm, inputs.name);
    const eligible = nodes.filter(isEligible);
    const standings = services.map((service) => standing(service, tasks, eligible));
    const failed = standings.flatMap(({ failed }) => failed ?? []);
    if (failed.length > 0) throw failure(inputs, failed);
    if (services.length === 0) return [`the stack ${inputs.name} has no services`];
    return standings.flatMap(({ pending }) => pending ?? []);
}

function notConverged({ name, timeoutSeconds }: Inputs, reasons: readonly string[]): string {
    return formatProblem({
        id: "STACK_NOT_RUNNING",
        problem: `After ${timeoutSeconds} s not all of the stack ${name} runs: ${reasons.map(oneLine).join("; ")}.`,
        advice: "Correct what the line names, or wait, then run the same command again: it goes on waiting.",
    });
}

function interrupted({ name }: Inputs): string {
    return formatProblem({
        id: "CANCELLED",
        problem: `Interrupted before all of the stack ${name} ran.`,
        advice: "Run the same command again.",
    });
}

function failure({ name }: Inputs, reasons: string[]): NotConverged {
    return new NotConverged(name, { services: {}, deployed: { unsettled: "" } }, reasons);
}

function takesTasks({ Spec }: SwarmNode): boolean {
    return Spec.Availability === "active";
}

function isEligible(node: SwarmNode): boolean {
    return takesTasks(node) && node.Status?.State === "ready";
}

function digests(services: readonly SwarmService[]): Record<string, string> {
    return Object.fromEntries(services.map((service) => [service.Spec.Name, digestOf(service)]));
}
