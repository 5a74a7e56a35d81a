// A host's membership in the swarm: joined, labelled, kept, and left in the order that keeps the swarm's quorum. The
// resource is the host's place in the swarm: a host that lost its membership gets another one, and stays this resource.
import { NotConverged, type Context, type Props, type Resource } from "../runtime/types";
import {
    ifExists,
    inputsOf,
    isReady,
    managerSoon,
    membership,
    observer,
    updateNode,
} from "../../swarm/engine";
import { reasonOf } from "../../swarm/failures";
import type { HostInput } from "../../swarm/host";
import { admit, managersFor } from "../../swarm/join";
import { demote, remove } from "../../swarm/leave";
import type { Remote } from "../../swarm/ssh";
import { takeTurn } from "../../swarm/turns";
import { isBug, until } from "../../swarm/wait";

const READY_MS = 90_000;
const COMPUTED = ["nodeId", "engineVersion", "address", "settled"];
const ROLES = ["manager", "worker"];
const AVAILABILITIES = ["active", "pause", "drain"];

export const node: Resource = {
    required: ["clusterId", "managers", "host", "hostId", "hostname", "role"],
    defaults: { availability: "active", labels: {} },
    computed: COMPUTED,
    stable: ["address"],
    ignoreInDiff: ["managers", "host"],
    refreshBeforeUpdate: true,

    check({ role, availability }) {
        return [...oneOf("role", role, ROLES), ...oneOf("availability", availability, AVAILABILITIES)];
    },

    /** A host that is not the ready member it should be is brought back, though none of its inputs changed. */
    drift(state) {
        return state.settled === false ? ["settled"] : [];
    },

    create: async (inputs, ctx) => ({ id: inputs.hostname, outs: await bringIn(inputs, {}, ctx) }),

    update: (_id, olds, inputs, ctx) => bringIn(inputs, olds, ctx),

    async read(id, state, ctx) {
        const engine = await observer(state.managers, state.clusterId, ctx);
        const seen = engine && (await look(engine, state, ctx));
        const inputs = { ...inputsOf(state, COMPUTED), ...seen?.inputs };
        return { id, outs: { ...state, ...inputs, ...seen?.outs }, inputs };
    },

    async delete(_id, state, ctx) {
        await remove(state.nodeId, state, ctx);
    },
};

function oneOf(property: string, value: unknown, allowed: readonly string[]) {
    if (typeof value !== "string" || allowed.includes(value)) return [];
    return [{ property, reason: `${property} is ${value}, not one of ${allowed.join(", ")}` }];
}

/** Makes the host a member, gives it its role, availability and labels, and waits until it is what they say. */
async function bringIn(inputs: Props, olds: Props, ctx: Context): Promise<Props> {
    const nodeId = await admit(inputs, olds.nodeId ?? "", ctx);
    const unsettled = { nodeId, engineVersion: "", address: "", settled: false };
    const engine = () => managerSoon(managersFor(inputs), inputs.clusterId, ctx);
    try {
        await giveRole(nodeId, await engine(), inputs, ctx);
        await updateNode(await engine(), nodeId, (spec) => wanted(spec, olds, inputs), ctx.signal);
        const ready = async () => {
            const found = await (await engine()).call("GET", `/nodes/${nodeId}`);
            return isReady(found, inputs.role) && found;
        };
        return outsOf(await until(`${inputs.hostname} to be ready as ${inputs.role}`, ready, READY_MS, ctx));
    } catch (error) {
        if (isBug(error)) throw error;
        throw new NotConverged(inputs.hostname, unsettled, [(error as Error).message]);
    }
}

async function giveRole(nodeId: string, engine: Remote, inputs: Props, ctx: Context): Promise<void> {
    const { managers, clusterId, host, role } = inputs;
    const { Spec, ManagerStatus } = await engine.call("GET", `/nodes/${nodeId}`);
    const isDone = role === "manager" ? ManagerStatus : !ManagerStatus;
    if (Spec.Role === role && isDone) return;
    if (role === "worker") return demote(nodeId, inputs, ctx, managers.length);
    const step = { kind: "promote", id: nodeId } as const;
    const vote = { managers, clusterId, step, what: `${host.name} becomes a manager` };
    await takeTurn(vote, ctx, async (chosen, turn) => {
        await updateNode(chosen, nodeId, (spec) => ({ ...spec, Role: role }), turn.signal);
        const promoted = async () => isReady(await chosen.call("GET", `/nodes/${nodeId}`), role);
        await until(`${host.name} to become a manager`, promoted, READY_MS, turn);
    });
}

/** Labels that someone else added stay; those that the program dropped go. */
function wanted(spec: Props, olds: Props, { availability, labels }: Props): Props {
    const kept = { ...spec.Labels };
    for (const label of Object.keys(olds.labels ?? {})) if (!(label in labels)) delete kept[label];
    return { ...spec, Availability: availability, Labels: { ...kept, ...labels } };
}

/** What the swarm and the host itself say. What cannot be seen now stays as it was: looking never fails. */
async function look(engine: Remote, state: Props, ctx: Context) {
    const host: HostInput = state.host;
    try {
        const [found, member] = await Promise.all([
            ifExists(engine.call("GET", `/nodes/${state.nodeId}`)),
            membership(host).catch(() => undefined),
        ]);
        if (!found) return { inputs: {}, outs: { settled: false } };
        const inputs = observed(found, state);
        const isHere = !member || member.nodeId === state.nodeId;
        return { inputs, outs: { ...outsOf(found), settled: isHere && isReady(found, inputs.role) } };
    } catch (error) {
        ctx.log(`${state.hostname} could not be looked at: ${reasonOf(error)}`, "warning");
        return undefined;
    }
}

/** What the swarm has for the inputs that can drift; of the labels only those that the program gave. */
function observed({ Spec }: Props, state: Props): Props {
    const labels = Object.entries((Spec.Labels ?? {}) as Record<string, string>);
    const managed = labels.filter(([label]) => label in (state.labels ?? {}));
    return { role: Spec.Role, availability: Spec.Availability, labels: Object.fromEntries(managed) };
}

function outsOf(found: Props): Props {
    return {
        nodeId: found.ID,
        engineVersion: found.Description?.Engine?.EngineVersion ?? "",
        address: found.Status?.Addr ?? "",
        settled: true,
    };
}
