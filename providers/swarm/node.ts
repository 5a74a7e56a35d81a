// A host's membership of the swarm: the host joins, gets its labels, and leaves in the order that keeps the swarm's
// quorum. The resource is the host's place in the swarm: a host that lost its membership gets another one, and stays this
// resource.
import { SkepError } from "../../errors";
import { isReady, type NodeSpec, type SwarmNode } from "../../planning/engine-api";
import type { Availability } from "../../planning/members";
import type { Role } from "../../planning/placement";
import { reasonOf } from "../../planning/sentence";
import { HostFailure, ifAnswered } from "../../swarm/failures";
import { Host } from "../../swarm/host";
import { admit, giveRole, managersFor, untilReady } from "../../swarm/join";
import { remove } from "../../swarm/leave";
import { Swarm } from "../../swarm/swarm";
import { NotConverged, type Context, type Props, type Resource } from "../runtime/types";
import { inputsOf, type InSwarm, type OnHost } from "./inputs";

const COMPUTED = ["nodeId", "engineVersion", "address", "settled"] as const;
const ROLES = ["manager", "worker"];
const AVAILABILITIES = ["active", "pause", "drain"];

type Inputs = InSwarm &
    OnHost & {
        hostname: string;
        role: Role;
        availability: Availability;
        labels: Record<string, string>;
        /** How long a drain waits for tasks, in seconds. States of earlier versions of Skep have none. */
        drainSeconds?: number;
    };
type Outs = { nodeId: string; engineVersion: string; address: string; settled: boolean };
type State = Inputs & Outs;

export const node: Resource = {
    required: ["clusterId", "managers", "host", "hostId", "hostname", "role"],
    defaults: { availability: "active", labels: {} },
    computed: COMPUTED,
    stable: ["address"],
    ignoreInDiff: ["managers", "host", "drainSeconds"],
    refreshBeforeUpdate: true,

    check({ role, availability }: Props) {
        return [...oneOf("role", role, ROLES), ...oneOf("availability", availability, AVAILABILITIES)];
    },

    /** A host that is not a ready member is brought back, although none of its inputs changed. */
    drift: ({ settled }: Partial<State>) => (settled === false ? ["settled"] : []),

    create: async (inputs: Inputs, ctx) => ({ id: inputs.hostname, outs: await bringIn(inputs, {}, ctx) }),

    update: (_id, olds: State, inputs: Inputs, ctx) => bringIn(inputs, olds, ctx),

    async read(id, state: State, ctx) {
        const swarm = await Swarm.of(state.managers, state.clusterId, ctx).ifSeen();
        const seen = swarm && (await look(swarm, state));
        const inputs = { ...inputsOf(state, COMPUTED), ...seen?.inputs };
        return { id, outs: { ...state, ...inputs, ...seen?.outs }, inputs };
    },

    async delete(_id, { managers, clusterId, host, nodeId, drainSeconds }: State, ctx) {
        await remove(Swarm.of(managers, clusterId, ctx, drainSeconds), Host.of(host), nodeId);
    },
};

function oneOf(property: string, value: unknown, allowed: readonly string[]) {
    if (typeof value !== "string" || allowed.includes(value)) return [];
    return [{ property, reason: `${property} is ${value}, not one of ${allowed.join(", ")}` }];
}

/** Makes the host a member, gives it its role, availability and labels, and waits until it is ready in that role. */
async function bringIn(inputs: Inputs, olds: Partial<State>, ctx: Context): Promise<Outs> {
    const { clusterId, hostname, role } = inputs;
    const host = Host.of(inputs.host);
    const swarm = Swarm.of(inputs.managers, clusterId, ctx, inputs.drainSeconds);
    const nodeId = await admit(swarm, host, { hostname, role, formerId: olds.nodeId ?? "" });
    try {
        await giveRole(swarm, host, nodeId, role);
        const managing = managersFor(swarm, host, role);
        await managing.updateNode(nodeId, (spec) => wanted(spec, olds, inputs));
        return outsOf(await untilReady(managing, nodeId, role, `${hostname} to be ready as ${role}`));
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        const address = olds.address || host.address;
        const unsettled = { nodeId, engineVersion: "", address, settled: false };
        throw new NotConverged(hostname, unsettled, [error.message]);
    }
}

/**
 * The member's specification with its availability and labels. Labels that someone else added stay; labels that the
 * program dropped go.
 */
function wanted(spec: NodeSpec, olds: Partial<State>, { availability, labels }: Inputs): NodeSpec {
    const kept = { ...spec.Labels };
    for (const label of Object.keys(olds.labels ?? {})) if (!(label in labels)) delete kept[label];
    return { ...spec, Availability: availability, Labels: { ...kept, ...labels } };
}

/** What the swarm and the host itself say; undefined if they cannot be seen now. Reading never fails. */
async function look(swarm: Swarm, state: State) {
    try {
        const [found, member] = await Promise.all([
            swarm.node(state.nodeId),
            ifAnswered(Host.of(state.host).membership()),
        ]);
        if (!found) return { inputs: {}, outs: { settled: false } };
        const inputs = observed(found, state);
        const isHere = !member || member.nodeId === state.nodeId;
        return { inputs, outs: { ...outsOf(found), settled: isHere && isReady(found, inputs.role) } };
    } catch (error) {
        if (!(error instanceof HostFailure)) throw error;
        swarm.ctx.log(`${state.hostname} could not be looked at: ${reasonOf(error)}`, "warning");
        return undefined;
    }
}

/** The swarm's values of the inputs that can drift. Of the labels, only those that the program gave. */
function observed({ Spec }: SwarmNode, { labels = {} }: State) {
    const managed = Object.entries(Spec.Labels ?? {}).filter(([label]) => label in labels);
    return { role: Spec.Role, availability: Spec.Availability, labels: Object.fromEntries(managed) };
}

function outsOf({ ID, Description, Status }: SwarmNode): Outs {
    return {
        nodeId: ID,
        engineVersion: Description?.Engine?.EngineVersion ?? "",
        address: Status?.Addr ?? "",
        settled: true,
    };
}
