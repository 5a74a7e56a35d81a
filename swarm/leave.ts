// How a member goes: it is drained and demoted, leaves, and is removed. If its host is dead, the others remove it.
import { isGone } from "../planning/adoption";
import type { NodeSpec, SwarmNode } from "../planning/engine-api";
import { reasonOf } from "../planning/sentence";
import type { Context } from "./context";
import { EngineError, HostFailure, ifAnswered, ifExists, NoManager } from "./failures";
import { type Host, WRITE_MS } from "./host";
import type { Swarm } from "./swarm";
import { pause, until } from "./wait";

const DEMOTE_MS = 60_000;
const REMOVE_MS = 60_000;
const DISBAND_MS = 8000;
const CERTIFICATE_MS = 15_000;
/** How long a demoted manager's key stays encrypted. */
const CERTIFICATE_SWAP_MS = 1200;
/** Prints the first line of the node's key file, wherever the engine keeps its data. */
const NODE_KEY = `sudo -n sh -c '
root=$(sed -n "s/.*\\"data-root\\"[^\\"]*\\"\\([^\\"]*\\)\\".*/\\1/p" /etc/docker/daemon.json 2>/dev/null)
head -n 1 "\${root:-/var/lib/docker}/swarm/certificates/swarm-node.key"'`;

/** Removes the member from the swarm for good. */
export async function remove(swarm: Swarm, host: Host, nodeId: string): Promise<void> {
    const others = swarm.without(host);
    try {
        await others.manager();
    } catch (error) {
        if (!(error instanceof NoManager)) throw error;
        // The last manager takes the swarm with it. If the other managers are only out of sight, the host must not leave.
        if (!isGone(await others.look())) throw error;
        return host.leave();
    }
    const found = await others.node(nodeId);
    if (!found) return host.leave();
    // A replaced host answers at the same address but is not this member. A locked host does not count as this member
    // either.
    const isMember = (await ifAnswered(host.membership()))?.nodeId === nodeId;
    if (!isMember) {
        await removeDead(others, found, host.name);
        return host.leave();
    }
    await others.drain(nodeId, host.name);
    if (found.Spec.Role === "manager") await demote(others, host, nodeId);
    await host.leave();
    await removeNode(others, nodeId, true);
}

/**
 * Makes these hosts leave the swarm with this id, which ends with its last manager. Logs a warning for a host that does
 * not answer or that refuses. The time is short: a host that is gone has nothing left to leave.
 */
export async function disband(hosts: readonly Host[], id: string, { log }: Context): Promise<void> {
    const leave = async (host: Host) => {
        try {
            const { clusterId } = await host.membership(DISBAND_MS / 2);
            if (!clusterId || clusterId === id) await host.leave({ force: true, timeoutMs: DISBAND_MS });
        } catch (error) {
            if (!(error instanceof HostFailure)) throw error;
            log(`${host.name} may still be a member of the swarm: ${reasonOf(error)}`, "warning");
        }
    };
    await Promise.all(hosts.map(leave));
}

/**
 * Demotes a living manager through the other managers. Done when the host no longer manages and its key is no longer
 * encrypted: leaving earlier can hang. `wanted` is the final number of managers, if known.
 */
export async function demote(others: Swarm, host: Host, nodeId: string, wanted?: number): Promise<void> {
    const step = { kind: "demote", id: nodeId, wanted } as const;
    await others.takeTurn(step, `${host.name} stops being a manager`, async (turn) => {
        await endVote(turn, nodeId, host.name);
        const demoted = async () => !(await host.membership()).isManager;
        await until(`${host.name} to stop being a manager`, demoted, DEMOTE_MS, turn.ctx);
        await pause(CERTIFICATE_SWAP_MS, turn.ctx.signal);
        const swapped = async () => {
            const { code, stdout } = await host.exec(NODE_KEY, turn.ctx);
            return code !== 0 || /BEGIN (EC )?PRIVATE KEY/.test(stdout);
        };
        await until(`${host.name} to get a worker's certificate`, swapped, CERTIFICATE_MS, turn.ctx);
    });
}

async function endVote(others: Swarm, nodeId: string, name: string): Promise<void> {
    await others.updateNode(nodeId, (spec): NodeSpec => ({ ...spec, Role: "worker" }));
    const ended = async () => !(await others.node(nodeId))?.ManagerStatus;
    await until(`the vote of ${name} to end`, ended, DEMOTE_MS, others.ctx);
}

/** Demotes a member whose host is dead, then removes the member by its node id. `name` is the host's. */
export async function removeDead(others: Swarm, node: SwarmNode, name: string, force = false): Promise<void> {
    // A manager without a vote is left from before a recovery: the swarm removes it, and would refuse to demote it.
    if (node.ManagerStatus) {
        const step = { kind: "demote", id: node.ID } as const;
        await others.takeTurn(step, `the dead ${name} loses its vote`, (turn) =>
            endVote(turn, node.ID, name),
        );
    }
    await removeNode(others, node.ID, force);
}

/** Removes a member once it is down. The swarm refuses for a moment to remove a former manager. */
async function removeNode(others: Swarm, nodeId: string, force: boolean): Promise<void> {
    const removed = async () => {
        const path = `/nodes/${nodeId}${force ? "?force=1" : ""}`;
        await ifExists(others.call("DELETE", path, { timeoutMs: WRITE_MS }));
        return true;
    };
    const passes = (error: unknown) => error instanceof EngineError;
    await until(`the removal of member ${nodeId}`, removed, REMOVE_MS, { ...others.ctx, passes });
}
