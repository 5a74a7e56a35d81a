// What all manager hosts say of the swarm at one moment, and what that means: which swarm it is, whether one may be made,
// and why it cannot be used now.
import { SkepError, skepError, type Problem } from "../errors";
import { majority } from "../planning/membership";
import { membership, type Membership } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";

/** A manager host's answer, or why there is none. */
export interface Sighting {
    host: HostInput;
    member?: Membership;
    error?: string;
}

/** Asks all of them at once; never fails. */
export function look(hosts: readonly HostInput[]): Promise<Sighting[]> {
    const ask = async (host: HostInput): Promise<Sighting> => {
        try {
            return { host, member: await membership(host) };
        } catch (error) {
            return { host, error: reasonOf(error) };
        }
    };
    return Promise.all(hosts.map(ask));
}

/** Names of the hosts that answered with something that matches. */
export function namesOf(sightings: readonly Sighting[], matches: (member: Membership) => boolean): string[] {
    return sightings.filter(({ member }) => member && matches(member)).map(({ host }) => host.name);
}

/** The id of the swarm that these hosts manage, if they do; two of them cannot be made one. */
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

/** Refuses hosts that are in another swarm than this deployment's. */
export function refuseForeign(sightings: readonly Sighting[], expected: string): void {
    const found = theOneCluster(sightings);
    if (!found || found === expected) return;
    throw skepError(
        "CLUSTER_FOREIGN",
        `The manager hosts are in the swarm ${found}, this deployment made ${expected}.`,
        "Let them leave that swarm with `docker swarm leave --force`, or destroy this deployment first.",
    );
}

/** A second swarm beside one that only is out of sight could never be merged with it. */
export function refuseUnsafe(sightings: readonly Sighting[]): void {
    const unseen = sightings.filter(({ member }) => !member);
    if (unseen.length > 0)
        throw skepError(
            "CLUSTER_HOST_UNREACHABLE",
            `Not every manager host answers: ${unseen.map(({ error }) => error).join("; ")}.`,
            "Start these hosts; a swarm is only made when no host can be in one already.",
        );
    const locked = namesOf(sightings, ({ state }) => state === "locked");
    if (locked.length > 0) throw new SkepError([lockedOut(locked)]);
    const busy = namesOf(sightings, ({ state }) => state !== "inactive");
    if (busy.length > 0)
        throw skepError(
            "CLUSTER_HOST_BUSY",
            `These hosts are in a swarm that none of them can manage now: ${busy.join(", ")}.`,
            "Restore that swarm's quorum, or let the hosts leave it with `docker swarm leave --force`.",
        );
}

/** What a user has to do where none of the known keys opens a manager. */
export function lockedOut(names: readonly string[]): Problem {
    return {
        id: "CLUSTER_LOCKED",
        problem: `The swarm on ${names.join(", ")} is locked, and no unlock key in this deployment's state opens it.`,
        advice: "Unlock it there with `docker swarm unlock`, then run the same command again.",
    };
}

/** All manager hosts answered, and none is in a swarm: there is nothing left that could be repaired. */
export function isGone(sightings: readonly Sighting[]): boolean {
    return sightings.every(({ member }) => member?.state === "inactive");
}

/** Why a swarm that was made cannot be asked now, and what brings it back. */
export function whyUnusable(sightings: readonly Sighting[]): Problem {
    if (isGone(sightings))
        return {
            id: "CLUSTER_GONE",
            problem: "No manager host is in the swarm any more: its data is gone from all of them.",
            advice: "Restore a backup, or run up once more for a new swarm with the same stacks.",
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
    const locked = namesOf(sightings, ({ state }) => state === "locked");
    const needed = majority(sightings.length);
    const problem = `The swarm cannot decide: ${needed} of its ${sightings.length} managers must work together (${details.join("; ")}).`;
    const advice =
        locked.length > 0 && locked.length + namesOf(sightings, isActive).length >= needed
            ? "Run up: it unlocks them with the key in its state."
            : "Start the missing managers' hosts; where their data is lost, restore a backup.";
    return { id: "QUORUM_LOST", problem, advice };
}

function isActive({ state }: Membership): boolean {
    return state === "active";
}

function described({ state, isManager }: Membership): string {
    if (state === "inactive") return "in no swarm";
    if (state === "active") return isManager ? "a manager without a leader" : "no manager";
    return state;
}
