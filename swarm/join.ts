// How a host becomes a member: adopted, unlocked, or joined with a token that is fetched at that moment.
import { skepError } from "../errors";
import type { Context, Props } from "./context";
import { filters, ifExists, managerSoon, membership, WRITE_MS, type Membership } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";
import { drain, removeDead } from "./leave";
import { pausePoint } from "./pause-point";
import { hostScript } from "./scripts";
import { remote, type Remote } from "./ssh";
import { until } from "./wait";
import { takeTurn } from "./turns";

const BOOT_MS = 45_000;
const JOIN_MS = 40_000;
const ADMIT_MS = 60_000;
const OPEN_MS = 30_000;
const RESTART_MS = 60_000;

/**
 * Makes the host a member of the cluster, if it is none; answers with its node id. `formerId` is the member that it was:
 * where the host has lost that, the dead member goes first, so that it costs no vote (moby/moby#30847).
 */
export async function admit(inputs: Props, formerId: string, ctx: Context): Promise<string> {
    const host: HostInput = inputs.host;
    let member = await reachable(host, ctx).catch(async (error: unknown) => {
        if (inputs.role !== "manager") await endVote(inputs, formerId, ctx);
        throw error;
    });
    const engine = await managerSoon(managersFor(inputs), inputs.clusterId, ctx);
    if (member.state === "locked" && !(await isForgotten(formerId, engine)))
        member = await unlock(host, await unlockKey(engine), ctx);
    if (member.state === "active") {
        if (await isListed(member.nodeId, engine)) {
            if (formerId !== member.nodeId) await removeFormer(inputs, formerId, member, ctx);
            return member.nodeId;
        }
        refuseForeign(inputs, member, formerId);
    }
    if (member.state !== "inactive") await abandon(host, ctx);
    await removeFormer(inputs, formerId, member, ctx);
    if (inputs.role !== "manager") return join(inputs, engine, ctx);
    const step = { kind: "join", name: inputs.hostname } as const;
    const vote = { managers: inputs.managers, clusterId: inputs.clusterId, step, what: `${host.name} joins` };
    return takeTurn(vote, ctx, (chosen, turn) => join(inputs, chosen, turn));
}

/** A host that is to be no manager cannot be asked to see that through. */
export function managersFor({ managers, host, role }: Props): HostInput[] {
    if (role === "manager") return managers;
    return managers.filter(({ address }: HostInput) => address !== host.address);
}

/** What the host says; it may just be booting. */
async function reachable(host: HostInput, ctx: Context): Promise<Membership> {
    let last: unknown;
    const ask = async () => {
        try {
            return await membership(host);
        } catch (error) {
            last = error;
            return undefined;
        }
    };
    try {
        return await until(`the engine of ${host.name}`, ask, BOOT_MS, { ...ctx, pollMs: 1000 });
    } catch (error) {
        if (ctx.signal.aborted) throw error;
        throw skepError(
            "NODE_HOST_UNREACHABLE",
            `The engine of ${host.name} does not answer: ${reasonOf(last)}.`,
            "Start the host and its docker service, then run the same command again.",
        );
    }
}

/**
 * A dead manager that is to be none: others that are to take its place wait for its vote to end. The member goes whole,
 * since one that was demoted while it was away cannot be unlocked; the host joins anew when it is back.
 */
async function endVote(inputs: Props, nodeId: string, ctx: Context): Promise<void> {
    const engine = await managerSoon(managersFor(inputs), inputs.clusterId, ctx);
    const found = nodeId === "" ? undefined : await ifExists(engine.call("GET", `/nodes/${nodeId}`));
    if (found?.ManagerStatus?.Reachability !== "unreachable") return;
    ctx.log(`its vote ends without it, and it joins anew when its host is back`, "warning");
    await removeDead(found, inputs, ctx);
}

async function isListed(nodeId: string, engine: Remote): Promise<boolean> {
    return (await ifExists(engine.call("GET", `/nodes/${nodeId}`))) !== undefined;
}

/**
 * Membership elsewhere is not ours to end. It is ours if it is the one that this deployment made, or if all managers that
 * the host knows are hosts of this deployment: then it is left over from a swarm that they have left.
 */
function refuseForeign({ host, managers }: Props, member: Membership, formerId: string): void {
    const ours = managers.map(({ address }: HostInput) => `${address}:2377`);
    const known = member.remoteManagers.filter((address) => address !== `${host.address}:2377`);
    const leftOver = known.length > 0 && known.every((address) => ours.includes(address));
    if (member.nodeId === formerId || leftOver) return;
    throw skepError(
        "NODE_IN_OTHER_SWARM",
        `${host.name} is a member of another swarm.`,
        "Let it leave that swarm with `docker swarm leave --force`.",
    );
}

/** Whether the others let the manager go while it was away: then its unlocking never ends, and it leaves locked. */
async function isForgotten(nodeId: string, engine: Remote): Promise<boolean> {
    if (nodeId === "") return false;
    const found = await ifExists(engine.call("GET", `/nodes/${nodeId}`));
    return !found?.ManagerStatus;
}

/** The swarm's present key; empty without autolock. */
export async function unlockKey(engine: Remote): Promise<string> {
    const { UnlockKey } = await engine.call("GET", "/swarm/unlockkey", undefined, WRITE_MS);
    return UnlockKey ?? "";
}

/** What the key opens was locked by this swarm: whether it still is a member shows once it is open. */
export async function unlock(host: HostInput, UnlockKey: string, ctx: Context): Promise<Membership> {
    // A member that was removed meanwhile never gets ready, and the request never ends: the state tells.
    await remote(host)
        .call("POST", "/swarm/unlock", { UnlockKey }, WRITE_MS)
        .catch(() => undefined);
    const member = await membership(host);
    if (member.state === "locked")
        throw skepError(
            "NODE_LOCKED",
            `${host.name} is locked, and the swarm's present unlock key does not open it.`,
            "Unlock it there with the key it was locked with, or let it leave with `docker swarm leave --force`.",
        );
    const opened = async () => {
        const { state } = await membership(host);
        return state !== "pending" && state !== "locked";
    };
    await until(`${host.name} to open`, opened, OPEN_MS, ctx).catch(() => undefined);
    ctx.log(`unlocked ${host.name}`);
    return membership(host);
}

/** A join that did not end goes on in the background, as does a member that was removed; only leaving stops them. */
async function abandon(host: HostInput, ctx: Context): Promise<void> {
    const free = async () => (await membership(host)).state === "inactive";
    const leave = async () => {
        await remote(host)
            .call("POST", "/swarm/leave?force=1", undefined, WRITE_MS)
            .catch(() => undefined);
        return free().catch(() => false);
    };
    if (await leave()) return;
    // An unlocking without end holds the engine's lock on all that concerns its swarm, also beyond an ordinary stop.
    ctx.log(`restarting the engine of ${host.name}, which cannot leave what it was a member of`, "warning");
    await remote(host).exec("sudo -n sh", hostScript("restart"), RESTART_MS, ctx.signal);
    await until(`${host.name} to leave what it was a member of`, leave, RESTART_MS, ctx);
}

/** The member that the host was, and others of its name that are dead: they make the name ambiguous, and keep votes. */
async function removeFormer(inputs: Props, formerId: string, now: Membership, ctx: Context): Promise<void> {
    const engine = await managerSoon(managersFor(inputs), inputs.clusterId, ctx);
    const nodes = await engine.call<Props[]>("GET", `/nodes?${filters({ name: [now.hostname] })}`);
    const isSame = ({ ID, Description }: Props) => ID === formerId || Description?.Hostname === now.hostname;
    const isOther = ({ ID }: Props) => now.state !== "active" || ID !== now.nodeId;
    const isHere = (node: Props) => node.ID === formerId || isAt(node, inputs.host);
    const isDead = (node: Props) =>
        isHere(node) || node.Status?.State === "down" || node.ManagerStatus?.Reachability === "unreachable";
    for (const node of nodes.filter((each) => isSame(each) && isOther(each) && isDead(each))) {
        ctx.log(`removing ${node.ID}, the member that ${now.hostname} was before`);
        // A worker that was made anew elsewhere may run until the new one is a member.
        const mayRun = node.Status?.State === "ready" && !isManager(node) && !isAt(node, inputs.host);
        if (mayRun) await drain(node.ID, inputs.host, engine, ctx);
        await removeDead(node, inputs, ctx, mayRun);
    }
}

function isManager({ Spec, ManagerStatus }: Props): boolean {
    return Spec.Role === "manager" || ManagerStatus !== undefined;
}

function isAt({ Status }: Props, host: HostInput): boolean {
    return Status?.Addr === host.address;
}

async function join(inputs: Props, engine: Remote, ctx: Context): Promise<string> {
    const host: HostInput = inputs.host;
    const { JoinTokens } = await engine.call("GET", "/swarm");
    const body = {
        ListenAddr: "0.0.0.0:2377",
        AdvertiseAddr: host.address,
        RemoteAddrs: await managerAddresses(engine),
        JoinToken: inputs.role === "manager" ? JoinTokens.Manager : JoinTokens.Worker,
    };
    await remote(host).call("POST", "/swarm/join", body, JOIN_MS);
    await pausePoint(`node:joined:${host.name}`, ctx);
    const joined = async () => {
        const { state, nodeId } = await membership(host);
        if (state !== "active" || inputs.role !== "manager") return state === "active" && nodeId;
        const { ManagerStatus } = await engine.call("GET", `/nodes/${nodeId}`);
        return ManagerStatus?.Reachability === "reachable" && nodeId;
    };
    return until(`${host.name} to join the swarm`, joined, ADMIT_MS, ctx);
}

async function managerAddresses(engine: Remote): Promise<string[]> {
    const nodes = await engine.call<Props[]>("GET", "/nodes");
    const reachable = nodes.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === "reachable");
    const addresses = reachable.map(({ ManagerStatus }) => String(ManagerStatus.Addr));
    const usable = addresses.filter((address) => !address.startsWith("0.0.0.0"));
    return usable.length > 0 ? usable : [`${engine.host.address}:2377`];
}
