// What the manager hosts' answers at one moment mean: which swarm they manage, whether one may be created, and why the
// swarm cannot be used now. No I/O.
import { SkepError, skepError, type Problem } from "../errors";
import { type EngineInfo, SWARM_PORT } from "./engine-api";
import { majority, RECOVER } from "./membership";
import { oneLine } from "./sentence";

/** A host's own view of its membership. */
export interface Membership {
    state: "inactive" | "pending" | "active" | "error" | "locked";
    nodeId: string;
    isManager: boolean;
    clusterId: string | undefined;
    /** Addresses, `host:port`, of the managers that the host follows or last followed. */
    remoteManagers: string[];
    /** The host's name as the swarm shows it. */
    hostname: string;
    /** In the state `error`: what the engine says of it, in its own words; else empty. */
    error: string;
}

/** A manager host's answer, or why it gave none. */
export interface Sighting<H extends { name: string } = { name: string }> {
    host: H;
    member?: Membership;
    error?: string;
}

/** A host's membership as its engine reports it. Uses `hostName` if the engine gives no name. */
export function membershipOf({ Name, Swarm = {} }: EngineInfo, hostName: string): Membership {
    return {
        state: Swarm.LocalNodeState || "inactive",
        nodeId: Swarm.NodeID ?? "",
        isManager: Swarm.ControlAvailable ?? false,
        clusterId: Swarm.Cluster?.ID || undefined,
        remoteManagers: (Swarm.RemoteManagers ?? []).map(({ Addr }) => Addr),
        hostname: Name ?? hostName,
        // A locked engine says in the same place that it waits for its key.
        error: Swarm.LocalNodeState === "error" ? (Swarm.Error ?? "") : "",
    };
}

/** The hosts that reported this state. */
export function hostsIn<H extends { name: string }>(
    sightings: readonly Sighting<H>[],
    state: Membership["state"],
): H[] {
    return sightings.filter(({ member }) => member?.state === state).map(({ host }) => host);
}

/**
 * The id of the swarm that these hosts manage; undefined if they manage none. Throws CLUSTER_SPLIT if they manage two,
 * which cannot be merged.
 */
export function theOneCluster(sightings: readonly Sighting[]): string | undefined {
    const managing = sightings.filter(({ member }) => member?.isManager && member.clusterId);
    const ids = [...new Set(managing.map(({ member }) => member?.clusterId))];
    if (ids.length <= 1) return ids[0];
    const who = managing.map(({ host, member }) => `${host.name} in ${member?.clusterId}`).join(", ");
    throw skepError(
        "CLUSTER_SPLIT",
        `The manager hosts belong to different swarms: ${who}.`,
        "Let the hosts of the swarm that is to go leave it with `docker swarm leave --force`.",
    );
}

/** Throws CLUSTER_FOREIGN if the hosts manage another swarm than this deployment's. */
export function refuseForeignCluster(sightings: readonly Sighting[], expected: string): void {
    const found = theOneCluster(sightings);
    if (!found || found === expected) return;
    throw skepError(
        "CLUSTER_FOREIGN",
        `The manager hosts are in the swarm ${found}, this deployment made ${expected}.`,
        "Let them leave that swarm with `docker swarm leave --force`, or destroy this deployment first.",
    );
}

/**
 * Refuses to create a swarm while any host may be in one already: a second swarm could never be merged with the first.
 */
export function refuseUnsafe(sightings: readonly Sighting[]): void {
    const unseen = sightings.filter(({ member }) => !member);
    if (unseen.length > 0)
        throw skepError(
            "CLUSTER_HOST_UNREACHABLE",
            `Not every manager host answers: ${unseen.map(({ error }) => error).join("; ")}.`,
            "Start these hosts; a swarm is only made when no host can be in one already.",
        );
    const locked = hostsIn(sightings, "locked");
    if (locked.length > 0) throw new SkepError([lockedOut(locked.map(({ name }) => name))]);
    const busy = sightings.filter(({ member }) => member?.state !== "inactive");
    if (busy.length > 0)
        throw skepError(
            "CLUSTER_HOST_BUSY",
            `These hosts are in a swarm that none of them can manage now: ${busy.map(({ host, member }) => (member?.error ? `${host.name} (${described(member)})` : host.name)).join(", ")}.`,
            "Start that swarm's other managers, or let the hosts leave it with `docker swarm leave --force`.",
        );
}

/**
 * Throws NODE_IN_OTHER_SWARM if this deployment must not end the membership. It may do so if the host was this member
 * before, or if all managers that the host knows are hosts of this deployment: the membership is then left over from a
 * swarm that they have left.
 */
export function refuseForeignMember(
    host: { name: string; address: string },
    member: Membership,
    formerId: string,
    managerAddresses: readonly string[],
): void {
    const known = member.remoteManagers.filter((address) => address !== `${host.address}:${SWARM_PORT}`);
    const ours = managerAddresses.map((address) => `${address}:${SWARM_PORT}`);
    const isLeftOver = known.length > 0 && known.every((address) => ours.includes(address));
    if (member.nodeId === formerId || isLeftOver) return;
    throw skepError(
        "NODE_IN_OTHER_SWARM",
        `${host.name} is a member of another swarm.`,
        "Let it leave that swarm with `docker swarm leave --force`.",
    );
}

/** The problem of managers that none of the known keys opens. */
export function lockedOut(names: readonly string[]): Problem {
    return {
        id: "CLUSTER_LOCKED",
        problem: `The swarm on ${names.join(", ")} is locked, and no unlock key in this deployment's state opens it.`,
        advice: "Unlock it there with `docker swarm unlock`, then run the same command again.",
    };
}

/** Whether all manager hosts answered and none is in a swarm. Then nothing is left to repair. */
export function isGone(sightings: readonly Sighting[]): boolean {
    return sightings.every(({ member }) => member?.state === "inactive");
}

/** Why an existing swarm cannot be used now, and what brings it back. */
export function whyUnusable(sightings: readonly Sighting[]): Problem {
    if (isGone(sightings))
        return {
            id: "CLUSTER_GONE",
            problem: "No manager host is in the swarm any more: its data is gone from all of them.",
            advice: "Bring it back from a backup with skep restore ARCHIVE, or run up once more for a new swarm with the same stacks.",
        };
    const unseen = sightings.filter(({ member }) => !member);
    if (unseen.length === sightings.length)
        return {
            id: "SWARM_UNREACHABLE",
            problem: `No manager of the swarm answers: ${unseen.map(({ error }) => error).join("; ")}.`,
            advice: "Start the managers' hosts, then run the same command again.",
        };
    const details = sightings.map(({ host, member, error }) =>
        member ? `${host.name} is ${described(member)}` : String(error),
    );
    const locked = hostsIn(sightings, "locked").length;
    const needed = majority(sightings.length);
    const problem = `The swarm cannot decide: ${needed} of its ${sightings.length} managers must work together (${details.join("; ")}).`;
    if (locked > 0 && locked + hostsIn(sightings, "active").length >= needed)
        return { id: "QUORUM_LOST", problem, advice: "Open the locked ones: skep unlock." };
    const isLost = ({ member }: Sighting) => member?.state === "inactive" || member?.state === "error";
    const advice = sightings.every(isLost)
        ? "Mend what the engines say and restart them; if their data is lost, bring it back from a backup: skep restore ARCHIVE."
        : RECOVER;
    return { id: "QUORUM_LOST", problem, advice };
}

/** A manager whose engine cannot work with the swarm's data on its disk. `why` is in the engine's words. */
export function brokenProblem(name: string, why: string): Problem {
    return {
        id: "NODE_BROKEN",
        problem: `The engine of ${name} cannot work with its part of the swarm's data: ${oneLine(why)}.`,
        advice: "Mend what keeps it from that, such as a full disk, and run up: among healthy managers it joins anew. Without a majority of the others: skep recover.",
    };
}

function described({ state, isManager, error }: Membership): string {
    if (state === "error") return `in error: ${oneLine(error)}`;
    if (state === "inactive") return "in no swarm";
    if (state === "active") return isManager ? "a manager without a leader" : "no manager";
    return state;
}
