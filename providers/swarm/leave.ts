// How a member goes: drained, demoted, left, removed; or, when its host is dead, removed by the others.
import type { Context, Props } from "../runtime/types";
import { filters, ifExists, manager, membership, updateNode, WRITE_MS, type Membership } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";
import { removeDeadNode, removeNode } from "./join";
import { refuseQuorumLoss } from "./quorum";
import { remote, type Remote } from "./ssh";
import { pause, until } from "./wait";

const DRAIN_MS = 30_000;
const DEMOTE_MS = 40_000;
const CERTIFICATE_MS = 15_000;
/** How long a demoted manager's key stays encrypted. */
const CERTIFICATE_SWAP_MS = 1200;
const NODE_KEY = "/var/lib/docker/swarm/certificates/swarm-node.key";

/** Takes the member out of the swarm for good. */
export async function remove(nodeId: string, state: Props, ctx: Context): Promise<void> {
    const host: HostInput = state.host;
    const member = await ownMembership(host, nodeId);
    const others = state.managers.filter(({ address }: HostInput) => address !== host.address);
    const engine = await anyManager(others, state.clusterId);
    if (!engine) return leaveAlone(host, member, state);

    const found = await ifExists(engine.call("GET", `/nodes/${nodeId}`));
    if (!found) return;
    if (found.Spec.Role === "manager") refuseQuorumLoss(await engine.call<Props[]>("GET", "/nodes"), nodeId);
    if (!member) return removeDeadNode(nodeId, engine, ctx);
    await drain(nodeId, host, engine, ctx);
    if (found.Spec.Role === "manager") await demote(nodeId, host, engine, ctx);
    await leave(host);
    await removeNode(nodeId, true, engine, ctx);
}

/** A replaced host answers at the same address, but it is not this member. */
async function ownMembership(host: HostInput, nodeId: string): Promise<Membership | undefined> {
    const member = await membership(host).catch(() => undefined);
    return member?.nodeId === nodeId ? member : undefined;
}

async function anyManager(hosts: readonly HostInput[], clusterId: string): Promise<Remote | undefined> {
    if (hosts.length === 0) return undefined;
    return manager(hosts, clusterId).catch(() => undefined);
}

/** The last manager takes the swarm with it. Members that only lost sight of their managers must not be left. */
async function leaveAlone(host: HostInput, member: Membership | undefined, state: Props): Promise<void> {
    if (!member) {
        if (state.managers.length > 1) await manager(state.managers, state.clusterId); // says what is unreachable
        return;
    }
    await remote(host).call("POST", "/swarm/leave?force=1", undefined, WRITE_MS);
}

async function drain(nodeId: string, host: HostInput, engine: Remote, ctx: Context): Promise<void> {
    await updateNode(engine, nodeId, (spec) => ({ ...spec, Availability: "drain" }), ctx.signal);
    const path = `/tasks?${filters({ node: [nodeId] })}`;
    const empty = async () => {
        const tasks = await engine.call<Props[]>("GET", path);
        return tasks.every(({ Status }) => !["running", "starting", "preparing"].includes(Status?.State));
    };
    await until(`${host.name} to be drained`, empty, DRAIN_MS, ctx).catch((error: Error) => {
        if (ctx.signal.aborted) throw error;
        ctx.log(`${reasonOf(error)}: going on without.`, "warning");
    });
}

/** Done when the member no longer manages and its key is no longer locked: leaving earlier can hang. */
async function demote(nodeId: string, host: HostInput, engine: Remote, ctx: Context): Promise<void> {
    await updateNode(engine, nodeId, (spec) => ({ ...spec, Role: "worker" }), ctx.signal);
    const demoted = async () => !(await membership(host)).isManager;
    await until(`${host.name} to stop being a manager`, demoted, DEMOTE_MS, ctx);
    await pause(CERTIFICATE_SWAP_MS);
    const swapped = async () => {
        const { code, stdout } = await remote(host).exec(`sudo -n head -n 1 ${NODE_KEY}`);
        return code !== 0 || /BEGIN (EC )?PRIVATE KEY/.test(stdout);
    };
    await until(`${host.name} to get a worker's certificate`, swapped, CERTIFICATE_MS, ctx);
}

async function leave(host: HostInput): Promise<void> {
    const engine = remote(host);
    await engine
        .call("POST", "/swarm/leave", undefined, WRITE_MS)
        .catch(() => engine.call("POST", "/swarm/leave?force=1", undefined, WRITE_MS));
}
