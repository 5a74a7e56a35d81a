// A host's membership in the swarm: joined, labelled, and left in the order that keeps the swarm's quorum.
import { NotConverged, type Context, type Props, type Resource } from "../runtime/types";
import { ifExists, inputsOf, manager, membership, updateNode } from "./engine";
import type { HostInput } from "./host";
import { admit } from "./join";
import { remove } from "./leave";
import { refuseQuorumLoss } from "./quorum";
import type { Remote } from "./ssh";
import { exclusively, until } from "./wait";

const READY_MS = 90_000;
const COMPUTED = ["nodeId", "engineVersion", "address", "settled"];
const ROLES = ["manager", "worker"];
const AVAILABILITIES = ["active", "pause", "drain"];

export const node: Resource = {
    required: ["clusterId", "managers", "host", "hostId", "hostname", "role"],
    defaults: { availability: "active", labels: {} },
    computed: COMPUTED,
    stable: ["nodeId", "address"],
    replaceOn: ["clusterId", "hostId"],
    deleteBeforeReplace: true,
    ignoreInDiff: ["managers", "host"],
    refreshBeforeUpdate: true,

    check({ role, availability }) {
        return [...oneOf("role", role, ROLES), ...oneOf("availability", availability, AVAILABILITIES)];
    },

    /** A member that never became ready is waited for again, though none of its inputs changed. */
    drift(state) {
        return state.settled === false ? ["availability"] : [];
    },

    async create(inputs, ctx) {
        const id = await serialised(inputs, inputs.role === "manager", ctx, async () => {
            const engine = await managerFor(inputs);
            const nodeId = await admit(inputs, engine, ctx);
            await settle(nodeId, engine, {}, inputs, ctx);
            return nodeId;
        });
        const engine = await manager(inputs.managers, inputs.clusterId);
        return { id, outs: outsOf(await engine.call("GET", `/nodes/${id}`)) };
    },

    async update(id, olds, inputs, ctx) {
        const voterChange = olds.role !== inputs.role;
        return serialised(inputs, voterChange, ctx, async () => {
            const engine = await managerFor(inputs);
            await settle(id, engine, olds, inputs, ctx);
            return outsOf(await engine.call("GET", `/nodes/${id}`));
        });
    },

    async read(id, state) {
        const engine = await manager(state.managers, state.clusterId);
        const found = await ifExists(engine.call("GET", `/nodes/${id}`));
        if (!found) return {};
        const inputs = { ...inputsOf(state, COMPUTED), ...observed(found, state) };
        const settled = state.settled !== false || isReady(found, inputs.role);
        return { id, outs: { ...inputs, ...outsOf(found), settled }, inputs };
    },

    async delete(id, state, ctx) {
        await serialised(state, state.role === "manager", ctx, () => remove(id, state, ctx));
    },
};

function oneOf(property: string, value: unknown, allowed: readonly string[]) {
    if (typeof value !== "string" || allowed.includes(value)) return [];
    return [{ property, reason: `${property} is ${value}, not one of ${allowed.join(", ")}` }];
}

/** Voters change one at a time; workers need not wait for each other. */
function serialised<T>(
    { clusterId }: Props,
    isVoterChange: boolean,
    { signal }: Context,
    work: () => Promise<T>,
): Promise<T> {
    return isVoterChange ? exclusively(clusterId, work, signal) : work();
}

/** A host that is to be no manager cannot be asked to see that through. */
function managerFor({ managers, host, clusterId, role }: Props): Promise<Remote> {
    const others = managers.filter(({ address }: HostInput) => address !== host.address);
    return manager(role === "worker" ? others : managers, clusterId);
}

async function refuseUnsafeDemotion(id: string, engine: Remote, { role }: Props): Promise<void> {
    if (role !== "worker") return;
    const nodes = await engine.call<Props[]>("GET", "/nodes");
    if (nodes.some(({ ID, Spec }) => ID === id && Spec.Role === "manager")) refuseQuorumLoss(nodes, id);
}

/** Gives the member its role, availability and labels, and waits until it is what they say. */
async function settle(id: string, engine: Remote, olds: Props, inputs: Props, ctx: Context): Promise<void> {
    await refuseUnsafeDemotion(id, engine, inputs);
    const partial = { nodeId: id, engineVersion: "", address: "", settled: false };
    try {
        await updateNode(engine, id, (spec) => wanted(spec, olds, inputs), ctx.signal);
        const ready = async () => isReady(await engine.call("GET", `/nodes/${id}`), inputs.role);
        await until(`${inputs.hostname} to be ready as ${inputs.role}`, ready, READY_MS, ctx);
        if (inputs.role === "worker") await untilDemoted(inputs.host, inputs.hostname, ctx);
    } catch (error) {
        throw new NotConverged(id, partial, [(error as Error).message]);
    }
}

async function untilDemoted(host: HostInput, name: string, ctx: Context): Promise<void> {
    const demoted = async () => !(await membership(host)).isManager;
    await until(`${name} to stop being a manager`, demoted, READY_MS, ctx);
}

/** Labels that someone else added stay; those that the program dropped go. */
function wanted(spec: Props, olds: Props, { role, availability, labels }: Props): Props {
    const kept = { ...spec.Labels };
    for (const label of Object.keys(olds.labels ?? {})) if (!(label in labels)) delete kept[label];
    return { ...spec, Role: role, Availability: availability, Labels: { ...kept, ...labels } };
}

/** What the swarm has for the inputs that can drift; of the labels only those that the program gave. */
function observed({ Spec }: Props, state: Props): Props {
    const labels = Object.entries((Spec.Labels ?? {}) as Record<string, string>);
    const managed = labels.filter(([label]) => label in (state.labels ?? {}));
    return { role: Spec.Role, availability: Spec.Availability, labels: Object.fromEntries(managed) };
}

function isReady({ Status, ManagerStatus }: Props, role: string): boolean {
    if (Status?.State !== "ready") return false;
    return role === "manager" ? ManagerStatus?.Reachability === "reachable" : !ManagerStatus;
}

function outsOf(found: Props): Props {
    return {
        nodeId: found.ID,
        engineVersion: found.Description?.Engine?.EngineVersion ?? "",
        address: found.Status?.Addr ?? "",
        settled: true,
    };
}
