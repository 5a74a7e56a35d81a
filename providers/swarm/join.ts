// How a host becomes a member: adopted, unlocked, or joined with a token that is fetched at that moment.
import { skepError } from "../../errors";
import type { Context, Props } from "../runtime/types";
import { filters, ifExists, membership, updateNode, WRITE_MS, type Membership } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";
import { remote, type Remote } from "./ssh";
import { pause, until } from "./wait";

const JOIN_MS = 40_000;
const REMOVE_MS = 60_000;

/** Makes the host a member of the cluster, if it is none yet; answers with its node id. */
export async function admit(inputs: Props, engine: Remote, ctx: Context): Promise<string> {
    const host: HostInput = inputs.host;
    let member = await reachable(host);
    if (member.state === "locked") member = await unlock(host, engine);
    if (member.state === "active") return adopted(host, member, engine);
    if (member.state !== "inactive") await abandon(host, ctx);
    await removeDead(member.hostname, engine, ctx);
    await join(inputs, host, engine);
    const joined = async () => {
        const now = await membership(host);
        return now.state === "active" && now.nodeId;
    };
    return until(`${host.name} to join the swarm`, joined, JOIN_MS, ctx);
}

async function reachable(host: HostInput): Promise<Membership> {
    try {
        return await membership(host);
    } catch (error) {
        throw skepError(
            "NODE_HOST_UNREACHABLE",
            `The engine of ${host.name} does not answer: ${reasonOf(error)}.`,
            "Start the host and its docker service, then run the same command again.",
        );
    }
}

async function adopted(host: HostInput, { nodeId }: Membership, engine: Remote): Promise<string> {
    if (await ifExists(engine.call("GET", `/nodes/${nodeId}`))) return nodeId;
    throw skepError(
        "NODE_IN_OTHER_SWARM",
        `${host.name} is a member of another swarm.`,
        "Let it leave that swarm with `docker swarm leave --force`.",
    );
}

async function unlock(host: HostInput, engine: Remote): Promise<Membership> {
    const { UnlockKey } = await engine.call("GET", "/swarm/unlockkey");
    try {
        await remote(host).call("POST", "/swarm/unlock", { UnlockKey }, WRITE_MS);
    } catch {
        throw skepError(
            "NODE_LOCKED",
            `${host.name} is locked, and the swarm's present unlock key does not open it.`,
            "Unlock it there with the key it was locked with, or let it leave with `docker swarm leave --force`.",
        );
    }
    return membership(host);
}

/** A join that did not end goes on in the background; only leaving stops it. */
async function abandon(host: HostInput, ctx: Context): Promise<void> {
    await remote(host).call("POST", "/swarm/leave?force=1", undefined, WRITE_MS);
    const free = async () => (await membership(host)).state === "inactive";
    await until(`${host.name} to give up an earlier join`, free, WRITE_MS, ctx);
}

async function join({ role }: Props, host: HostInput, engine: Remote): Promise<void> {
    const { JoinTokens } = await engine.call("GET", "/swarm");
    const body = {
        ListenAddr: "0.0.0.0:2377",
        AdvertiseAddr: host.address,
        RemoteAddrs: await managerAddresses(engine),
        JoinToken: role === "manager" ? JoinTokens.Manager : JoinTokens.Worker,
    };
    await remote(host).call("POST", "/swarm/join", body, JOIN_MS);
}

async function managerAddresses(engine: Remote): Promise<string[]> {
    const nodes = await engine.call<Props[]>("GET", "/nodes");
    const reachable = nodes.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === "reachable");
    const addresses = reachable.map(({ ManagerStatus }) => String(ManagerStatus.Addr));
    const usable = addresses.filter((address) => !address.startsWith("0.0.0.0"));
    return usable.length > 0 ? usable : [`${engine.host.address}:2377`];
}

/** A dead manager of the same name would stay a voter for ever, and make the name ambiguous (moby#30847). */
async function removeDead(hostname: string, engine: Remote, ctx: Context): Promise<void> {
    const same = await engine.call<Props[]>("GET", `/nodes?${filters({ name: [hostname] })}`);
    const dead = same.filter(
        (node) => node.Description?.Hostname === hostname && (isDown(node) || isCutOff(node)),
    );
    for (const { ID } of dead) {
        ctx.log(`removing the dead member ${ID} of the same name`);
        await removeDeadNode(ID, engine, ctx);
    }
}

const isDown = ({ Status }: Props) => Status?.State === "down";
const isCutOff = ({ ManagerStatus }: Props) => ManagerStatus?.Reachability === "unreachable";

/** Demotes and removes a member whose host is gone, by its node id. */
export async function removeDeadNode(nodeId: string, engine: Remote, ctx: Context): Promise<void> {
    await updateNode(engine, nodeId, (spec) => ({ ...spec, Role: "worker" }), ctx.signal);
    await pause(500, ctx.signal);
    const down = async () => {
        const node = await ifExists(engine.call("GET", `/nodes/${nodeId}`));
        return !node || isDown(node);
    };
    await until(`the dead member ${nodeId} to be seen as down`, down, REMOVE_MS, ctx);
    await removeNode(nodeId, false, engine, ctx);
}

/** Takes a member out of the list; the swarm needs a moment until it lets a former manager go. */
export async function removeNode(nodeId: string, force: boolean, engine: Remote, ctx: Context) {
    const path = `/nodes/${nodeId}${force ? "?force=1" : ""}`;
    const removed = async () => {
        await ifExists(engine.call("DELETE", path, undefined, WRITE_MS));
        return true;
    };
    await until(`the removal of member ${nodeId}`, removed, REMOVE_MS, ctx);
}
