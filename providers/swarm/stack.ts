// A swarm stack: its secrets and configs are created, docker's own command deploys it, and the provider waits until every
// task runs.
import { canonical } from "../../planning/canonical";
import { composeEntries } from "../../planning/compose";
import { digestOf, shortfalls } from "../../planning/convergence";
import type { SwarmService } from "../../planning/engine-api";
import { takesTasks } from "../../planning/places";
import { masked } from "../../planning/secrets";
import { unevenServices } from "../../planning/spread";
import { withOtherPorts } from "../../planning/task-ports";
import type { Context } from "../../swarm/context";
import { abandonedIn, converge, lastWords, NotRunning, stillAbandoned } from "../../swarm/converge";
import { ifAnswered } from "../../swarm/failures";
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
import { NotConverged, type Props, type Resource } from "../runtime/types";
import { inputsOf, itself, type InSwarm } from "./inputs";

const COMPUTED = ["services", "deployed", "uneven", "tolerated", "lacking"] as const;
/**
 * How often tasks are spread again. A node that was out of sight for a moment while tasks were placed gets none of them.
 */
const REBALANCE_ROUNDS = 2;

type Inputs = InSwarm &
    StackParts & {
        timeoutSeconds: number;
        rebalance?: string[];
        /** What a plan shows of each service, by its name. */
        summary?: Record<string, string>;
    };
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
    /** By service name, what is wrong with its tasks. */
    lacking: Record<string, string>;
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
    entries: {
        secrets: itself,
        configs: itself,
        registryAuth: itself,
        compose: (text) => composeEntries(String(text)),
    },

    check({ name }: Props) {
        if (typeof name !== "string" || /^[a-z0-9][a-z0-9_-]*$/.test(name)) return [];
        return [{ property: "name", reason: `${name} is no name for a stack: use a-z, 0-9, - and _` }];
    },

    drift(
        { services, deployed, uneven = {}, tolerated = {}, lacking = {} }: Partial<State>,
        { rebalance }: Partial<Inputs>,
    ) {
        const isUneven = Object.entries(uneven).some(([name, places]) => tolerated[name] !== places);
        return [
            ...(canonical(services) === canonical(deployed) ? [] : ["compose"]),
            ...(Object.keys(lacking).length === 0 ? [] : ["lacking"]),
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
        const expected = nodes.filter(({ Spec }) => Spec.Availability === "active");
        const uneven = state.rebalance ? unevenServices(services, tasks, expected) : {};
        const { deployed = {}, tolerated = {} } = state;
        const found = { services: digests(services), uneven, lacking: shortfalls(seen) };
        return { id, outs: { ...inputs, deployed, tolerated, ...found }, inputs };
    },

    async delete(id, { managers, clusterId }: State, ctx) {
        await removeAll(Swarm.of(managers, clusterId, ctx), id);
    },
};

async function bringUp(inputs: Inputs, ctx: Context): Promise<Outs> {
    const swarm = Swarm.of(inputs.managers, inputs.clusterId, ctx);
    const abandoned = abandonedIn(await around(swarm, inputs.name));
    await createMissing(swarm, inputs);
    for (const warning of await deploy(await swarm.manager(), inputs, ctx.signal))
        ctx.log(`docker says of ${inputs.name}: ${warning}`, "warning");
    await pausePoint(`stack:deployed:${inputs.name}`, ctx);
    await startAgain(swarm, inputs.name, abandoned);
    await untilRuns(swarm, inputs);
    await publishAnew(swarm, inputs);
    await removeUnused(swarm, inputs);
    const uneven = inputs.rebalance ? await rebalance(swarm, inputs) : {};
    const services = digests(await swarm.services(ofStack(inputs.name)));
    return { services, deployed: services, uneven, tolerated: uneven, lacking: {} };
}

/** Remakes the tasks of services that swarm had given up, unless the deploy has already made new ones. */
async function startAgain(swarm: Swarm, name: string, abandoned: readonly string[]): Promise<void> {
    for (const service of await stillAbandoned(swarm, name, abandoned)) {
        swarm.ctx.log(`starting the tasks of ${service.Spec.Name} again`);
        await remakeTasks(swarm, service);
    }
}

/** Recreates tasks that publish other ports on their nodes than their service says now. */
async function publishAnew(swarm: Swarm, inputs: Inputs): Promise<void> {
    const { services, tasks } = await around(swarm, inputs.name);
    for (const service of withOtherPorts(services, tasks)) {
        swarm.ctx.log(`starting the tasks of ${service.Spec.Name} anew, on its other ports`);
        await remakeTasks(swarm, service);
        await untilRuns(swarm, inputs);
    }
}

/**
 * Spreads uneven tasks again, one service after the other. Returns what stays uneven, which is not tried again before it
 * changes.
 */
async function rebalance(swarm: Swarm, inputs: Inputs): Promise<Record<string, string>> {
    const look = async () => {
        const { services, tasks, nodes } = await around(swarm, inputs.name);
        return { services, uneven: unevenServices(services, tasks, nodes.filter(takesTasks)) };
    };
    for (let round = 1; round <= REBALANCE_ROUNDS; round++) {
        const { services, uneven } = await look();
        for (const service of services.filter(({ Spec }) => Spec.Name in uneven)) {
            swarm.ctx.log(`spreading the tasks of ${service.Spec.Name} again`);
            await remakeTasks(swarm, service);
            await untilRuns(swarm, inputs);
        }
    }
    return (await look()).uneven;
}

/** A stack that was deployed but does not run stays in the state, and the next up tries again. */
async function untilRuns(swarm: Swarm, inputs: Inputs): Promise<void> {
    try {
        await converge(swarm, inputs);
    } catch (error) {
        if (!(error instanceof NotRunning)) throw error;
        const unsettled = { services: {}, deployed: { unsettled: "" } };
        for (const words of swarm.ctx.signal.aborted ? [] : await lastWords(swarm, inputs.name))
            swarm.ctx.log(masked(words, Object.values(inputs.secrets ?? {})), "warning");
        throw new NotConverged(inputs.name, unsettled, [...error.reasons]);
    }
}

function digests(services: readonly SwarmService[]): Record<string, string> {
    return Object.fromEntries(services.map((service) => [service.Spec.Name, digestOf(service)]));
}
