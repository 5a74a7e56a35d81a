// How a host becomes a member: it is one already, it is unlocked, or it joins with a token that is fetched at that
// moment.
import { formatProblem, type Problem, skepError } from "../errors";
import { brokenProblem, refuseForeignMember, type Membership } from "../planning/adoption";
import { isReady, type NodeSpec, type SwarmNode } from "../planning/engine-api";
import type { Role } from "../planning/placement";
import { reasonOf } from "../planning/sentence";
import { fallenProblem, unlockedMember } from "./broken";
import { ifAnswered } from "./failures";
import type { Host } from "./host";
import { demote, removeDead } from "./leave";
import { pausePoint } from "./pause-point";
import { hostScript } from "./scripts";
import { filters, type Swarm } from "./swarm";
import { TimedOut, until } from "./wait";

const BOOT_MS = 45_000;
const ADMIT_MS = 60_000;
const RESTART_MS = 60_000;
const READY_MS = 90_000;

/** What the host should be in the swarm. */
export interface Wish {
    /** The host's name in the swarm. */
    hostname: string;
    role: Role;
    /** The host's former node id, or empty. */
    formerId: string;
}

/**
 * Makes the host a member if it is not one yet. Returns its node id. If the host lost its former membership, removes the
 * dead member first, so that it costs no vote (moby/moby#30847).
 */
export async function admit(swarm: Swarm, host: Host, wish: Wish): Promise<string> {
    const { role, formerId } = wish;
    const managing = managersFor(swarm, host, role);
    let member: Membership;
    try {
        member = await reachable(host, swarm);
    } catch (error) {
        if (role !== "manager") await endVote(managing, host, formerId);
        throw error;
    }
    // If this swarm's key opens the host, this swarm locked it. Whether the host still is a member shows once it is open.
    if (member.state === "locked" && !(await isForgotten(managing, formerId))) {
        member = await unlockedMember(managing, host, () => reachable(host, managing));
        if (member.state === "locked") warnOf(managing, fallenProblem(host.name));
    }
    if (member.state === "error") warnOf(managing, brokenProblem(host.name, member.error));
    if (member.state === "active") {
        if (await managing.node(member.nodeId)) {
            if (formerId !== member.nodeId) await removeFormer(managing, host, formerId, member);
            return member.nodeId;
        }
        const addresses = swarm.managers.map(({ address }) => address);
        refuseForeignMember(host, member, formerId, addresses);
    }
    if (member.state !== "inactive") await abandon(managing, host);
    await removeFormer(managing, host, formerId, member);
    if (role !== "manager") return join(managing, host, role);
    const step = { kind: "join", name: wish.hostname } as const;
    return managing.takeTurn(step, `${host.name} joins`, (turn) => join(turn, host, role));
}

function warnOf({ ctx }: Swarm, { id, problem }: Problem): void {
    ctx.log(formatProblem({ id, problem, advice: "It leaves the swarm and joins it anew." }), "warning");
}

/** The swarm through the managers that remain: a host that stops managing cannot see that through itself. */
export function managersFor(swarm: Swarm, host: Host, role: Role): Swarm {
    return role === "manager" ? swarm : swarm.without(host);
}

/** Promotes or demotes the member if it has another role. */
export async function giveRole(swarm: Swarm, host: Host, nodeId: string, role: Role): Promise<void> {
    const node = await managersFor(swarm, host, role).node(nodeId);
    const isDone = role === "manager" ? node?.ManagerStatus : !node?.ManagerStatus;
    if (node?.Spec.Role === role && isDone) return;
    if (role === "worker") return demote(swarm.without(host), host, nodeId, swarm.managers.length);
    const step = { kind: "promote", id: nodeId } as const;
    await swarm.takeTurn(step, `${host.name} becomes a manager`, async (turn) => {
        await turn.updateNode(nodeId, (spec): NodeSpec => ({ ...spec, Role: role }));
        await untilReady(turn, nodeId, role, `${host.name} to become a manager`);
    });
}

/** Waits until the swarm sees the member ready in its role. `what` names what it waits for. */
export function untilReady(swarm: Swarm, nodeId: string, role: Role, what: string): Promise<SwarmNode> {
    const ready = async () => {
        const node = await swarm.node(nodeId);
        return node !== undefined && isReady(node, role) && node;
    };
    return until(what, ready, READY_MS, swarm.ctx);
}

/** The host's membership. Waits for a host that may still be booting. Throws NODE_HOST_UNREACHABLE. */
async function reachable(host: Host, { ctx }: Swarm): Promise<Membership> {
    let last: unknown;
    const ask = async () => {
        try {
            return await host.membership();
        } catch (error) {
            last = error;
            throw error;
        }
    };
    try {
        return await until(`the engine of ${host.name}`, ask, BOOT_MS, { ...ctx, pollMs: 1000 });
    } catch (error) {
        if (!(error instanceof TimedOut)) throw error;
        throw skepError(
            "NODE_HOST_UNREACHABLE",
            `The engine of ${host.name} does not answer: ${reasonOf(last)}.`,
            "Start the host and its docker service, then run the same command again.",
        );
    }
}

/**
 * Ends the vote of a dead manager that should become a worker: the managers that take its place wait for that. Removes
 * the whole member, because a manager that was demoted while it was down cannot be unlocked. The host joins anew when it
 * is back.
 */
async function endVote(managing: Swarm, host: Host, formerId: string): Promise<void> {
    const found = formerId === "" ? undefined : await managing.node(formerId);
    if (found?.ManagerStatus?.Reachability !== "unreachable") return;
    managing.ctx.log(`its vote ends without it, and it joins anew when its host is back`, "warning");
    await removeDead(managing.without(host), found, host.name);
}

/** Whether the others removed the manager while it was down. Unlocking it would never end, so it leaves locked. */
async function isForgotten(managing: Swarm, formerId: string): Promise<boolean> {
    return formerId !== "" && !(await managing.node(formerId))?.ManagerStatus;
}

/**
 * Makes the host leave what it was a member of. An unfinished join goes on in the background, and so does a removed
 * member; only leaving stops them.
 */
async function abandon({ ctx }: Swarm, host: Host): Promise<void> {
    const left = async () => {
        await ifAnswered(host.leave({ force: true }));
        return (await ifAnswered(host.membership()))?.state === "inactive";
    };
    if (await left()) return;
    // An endless unlocking holds the engine's lock on everything about its swarm, even during an ordinary stop.
    ctx.log(`restarting the engine of ${host.name}, which cannot leave what it was a member of`, "warning");
    await host.script(hostScript("restart"), {}, { timeoutMs: RESTART_MS, signal: ctx.signal });
    await until(`${host.name} to leave what it was a member of`, left, RESTART_MS, ctx);
}

/**
 * Removes the member that the host was before, and dead members with its name: they make the name ambiguous and keep
 * votes.
 */
async function removeFormer(managing: Swarm, host: Host, formerId: string, now: Membership): Promise<void> {
    const nodes = await managing.call<SwarmNode[]>("GET", `/nodes?${filters({ name: [now.hostname] })}`);
    const isAt = ({ Status }: SwarmNode) => Status?.Addr === host.address;
    const isSame = ({ ID, Description }: SwarmNode) =>
        ID === formerId || Description?.Hostname === now.hostname;
    const isOther = ({ ID }: SwarmNode) => now.state !== "active" || ID !== now.nodeId;
    const isDead = (node: SwarmNode) =>
        node.ID === formerId ||
        isAt(node) ||
        node.Status?.State === "down" ||
        node.ManagerStatus?.Reachability === "unreachable";
    for (const node of nodes.filter((each) => isSame(each) && isOther(each) && isDead(each))) {
        managing.ctx.log(`removing ${node.ID}, the member that ${now.hostname} was before`);
        // If a worker was recreated elsewhere, the old one may run until the new one is a member.
        const isManager = node.Spec.Role === "manager" || node.ManagerStatus !== undefined;
        const mayRun = node.Status?.State === "ready" && !isManager && !isAt(node);
        if (mayRun) await managing.drain(node.ID, host.name);
        await removeDead(managing.without(host), node, host.name, mayRun);
    }
}

async function join(swarm: Swarm, host: Host, role: Role): Promise<string> {
    const { JoinTokens } = await swarm.inspect();
    const token = role === "manager" ? JoinTokens.Manager : JoinTokens.Worker;
    await host.join(await swarm.managerAddresses(), token);
    await pausePoint(`node:joined:${host.name}`, swarm.ctx);
    const joined = async () => {
        const { state, nodeId } = await host.membership();
        if (state !== "active" || role !== "manager") return state === "active" && nodeId;
        const node = await swarm.node(nodeId);
        return node?.ManagerStatus?.Reachability === "reachable" && nodeId;
    };
    return until(`${host.name} to join the swarm`, joined, ADMIT_MS, swarm.ctx);
}
