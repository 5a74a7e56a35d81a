// How a member goes: drained, demoted, left, removed; or, when its host is dead, removed by the others.
import type { Context, Props } from "./context";
import { filters, ifExists, manager, managerSoon, membership, updateNode, WRITE_MS } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";
import { remote, type Remote } from "./ssh";
import { takeTurn } from "./turns";
import { pause, until } from "./wait";

const DRAIN_MS = 30_000;
const DEMOTE_MS = 60_000;
const REMOVE_MS = 60_000;
const CERTIFICATE_MS = 15_000;
/** How long a demoted manager's key stays encrypted. */
const CERTIFICATE_SWAP_MS = 1200;
const NODE_KEY = "/var/lib/docker/swarm/certificates/swarm-node.key";

/** Takes the member out of the swarm for good. */
export async function remove(nodeId: string, state: Props, ctx: Context): Promise<void> {
    const host: HostInput = state.host;
    const others = otherManagers(state);
    const engine = await managerSoon(others, state.clusterId, ctx).catch(() => undefined);
    if (!engine) return leaveAlone(others, state, ctx);

    const found = await ifExists(engine.call("GET", `/nodes/${nodeId}`));
    if (!found) return leave(host);
    if (!(await isMember(host, nodeId))) {
        await removeDead(found, state, ctx);
        return leave(host);
    }
    await drain(nodeId, host, engine, ctx);
    if (found.Spec.Role === "manager") await demote(nodeId, state, ctx);
    await leave(host);
    await removeNode(nodeId, true, state, ctx);
}

/** The managers but the host itself. */
export function otherManagers({ managers, host }: Props): HostInput[] {
    return managers.filter(({ address }: HostInput) => address !== host.address);
}

/** A replaced host answers at the same address, but it is not this member; nor is one that is locked, for now. */
async function isMember(host: HostInput, nodeId: string): Promise<boolean> {
    const member = await membership(host).catch(() => undefined);
    return member?.nodeId === nodeId;
}

/** The last manager takes the swarm with it. Members that only lost sight of their managers must not be left. */
async function leaveAlone(others: readonly HostInput[], state: Props, ctx: Context): Promise<void> {
    const seen = await Promise.all(others.map((other) => membership(other).catch(() => undefined)));
    const isGone = seen.every((member) => member?.state === "inactive");
    if (!isGone) await managerSoon(others, state.clusterId, ctx, 0); // says what is out of reach
    await leave(state.host);
}

/** Its tasks go elsewhere; those that take too long are not waited for. */
export async function drain(nodeId: string, host: HostInput, engine: Remote, ctx: Context): Promise<void> {
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

/**
 * Takes a living manager's vote. Done when the host no longer manages and its key is no longer locked: leaving earlier can
 * hang. `wanted` is how many managers there shall be in the end, where that is known.
 */
export async function demote(nodeId: string, inputs: Props, ctx: Context, wanted?: number): Promise<void> {
    const { host, clusterId } = inputs;
    const step = { kind: "demote", id: nodeId, wanted } as const;
    const vote = {
        managers: otherManagers(inputs),
        clusterId,
        step,
        what: `${host.name} stops being a manager`,
    };
    await takeTurn(vote, ctx, async (engine, turn) => {
        await updateNode(engine, nodeId, asWorker, turn.signal);
        await untilNoVoter(nodeId, inputs, turn);
        const demoted = async () => !(await membership(host)).isManager;
        await until(`${host.name} to stop being a manager`, demoted, DEMOTE_MS, turn);
        await pause(CERTIFICATE_SWAP_MS);
        const swapped = async () => {
            const { code, stdout } = await remote(host).exec(`sudo -n head -n 1 ${NODE_KEY}`);
            return code !== 0 || /BEGIN (EC )?PRIVATE KEY/.test(stdout);
        };
        await until(`${host.name} to get a worker's certificate`, swapped, CERTIFICATE_MS, turn);
    });
}

const asWorker = (spec: Props): Props => ({ ...spec, Role: "worker" });

async function untilNoVoter(nodeId: string, inputs: Props, ctx: Context): Promise<void> {
    const others = otherManagers(inputs);
    const gone = async () => {
        // The leader may have been the one that goes: whoever answers now is asked.
        const engine = await manager(others, inputs.clusterId);
        const node = await ifExists(engine.call("GET", `/nodes/${nodeId}`));
        return !node?.ManagerStatus;
    };
    await until(`the vote of ${inputs.host.name} to end`, gone, DEMOTE_MS, ctx);
}

/** Takes the vote of a member whose host is gone, then the member itself, by its node id. */
export async function removeDead(node: Props, inputs: Props, ctx: Context, force = false): Promise<void> {
    const id: string = node.ID;
    if (node.ManagerStatus || node.Spec.Role === "manager") {
        const step = { kind: "demote", id } as const;
        const what = `the dead ${inputs.host.name} loses its vote`;
        const vote = { managers: otherManagers(inputs), clusterId: inputs.clusterId, step, what };
        await takeTurn(vote, ctx, async (engine, turn) => {
            await updateNode(engine, id, asWorker, turn.signal);
            await untilNoVoter(id, inputs, turn);
        });
    }
    await removeNode(id, force, inputs, ctx);
}

/** Takes a member out of the list, once it is down; the swarm needs a moment until it lets a former manager go. */
async function removeNode(nodeId: string, force: boolean, inputs: Props, ctx: Context): Promise<void> {
    const path = `/nodes/${nodeId}${force ? "?force=1" : ""}`;
    const removed = async () => {
        const engine = await manager(otherManagers(inputs), inputs.clusterId);
        await ifExists(engine.call("DELETE", path, undefined, WRITE_MS));
        return true;
    };
    await until(`the removal of member ${nodeId}`, removed, REMOVE_MS, ctx);
}

/** Whatever the host is still a member of, it is no more; a host that does not answer is left as it is. */
async function leave(host: HostInput): Promise<void> {
    const member = await membership(host).catch(() => undefined);
    if (!member || member.state === "inactive") return;
    const engine = remote(host);
    await engine
        .call("POST", "/swarm/leave", undefined, WRITE_MS)
        .catch(() => engine.call("POST", "/swarm/leave?force=1", undefined, WRITE_MS));
}
