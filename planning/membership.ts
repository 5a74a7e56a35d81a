// Whether a change of who votes in the swarm may be made now: the arithmetic of Raft's majorities, and nothing else.
// Pure: members as they were observed and a step in, a refusal with its way out, or nothing, out.

import type { Problem } from "../errors";
import type { SwarmNode } from "./engine-api";
import type { Role } from "./placement";

/** A member of the swarm as its managers see it. */
export interface Member {
    id: string;
    name: string;
    /** What the swarm wants it to be; until that is done, it may vote or not regardless. */
    role: Role;
    /** Only of members that vote: whether the other managers hear it. */
    reachability?: "reachable" | "unreachable" | "unknown";
    leader: boolean;
    status: "ready" | "down" | "unknown" | "disconnected";
}

/** A member as the engine's API describes it. */
export function memberOf({ ID, Spec, Description, Status, ManagerStatus }: SwarmNode): Member {
    return {
        id: ID,
        name: Description?.Hostname || ID,
        role: Spec.Role,
        // An engine leaves the word out where the state is unknown; the member votes all the same.
        reachability: ManagerStatus && (ManagerStatus.Reachability || "unknown"),
        leader: ManagerStatus?.Leader ?? false,
        status: Status?.State ?? "unknown",
    };
}

/**
 * One change of who votes, or of who can: joining and promoting add a voter; demoting takes one, alive or dead; while its
 * engine restarts, a member keeps its vote and cannot give it.
 */
export type Step =
    | { kind: "join"; name: string }
    | { kind: "promote"; id: string }
    | { kind: "restart"; id: string }
    | {
          kind: "demote";
          id: string;
          /** How many voters there shall be in the end, where that is known: the new ones come before the old ones go. */
          wanted?: number;
      };

/** Why a step must not be taken, and whether time or another step may change that. */
export interface Refusal {
    wait: boolean;
    problem: Problem;
}

/** Voters that must agree on a change (Raft, section 5.2; Docker admin guide, "Maintain the quorum of managers"). */
export function majority(voters: number): number {
    return Math.floor(voters / 2) + 1;
}

/**
 * Nothing when the step may be taken now. Else why not:
 * without a majority nothing can be changed; one change of voters at a time; never down to fewer reachable voters than
 * a majority; and never to just a majority where bringing back or removing an unreachable one first avoids that
 * (moby/moby#30847: each dead manager that is left behind costs a vote).
 */
export function mayStep(observed: readonly Member[], step: Step): Refusal | undefined {
    const voters = observed.filter(votes);
    return withoutQuorum(voters) ?? underWay(observed, step) ?? mayChange(voters, step);
}

function mayChange(voters: readonly Member[], step: Step): Refusal | undefined {
    switch (step.kind) {
        case "demote":
            return mayLose(voters, step);
        case "restart":
            return mayMiss(voters, step);
        default:
            return mayGain(voters, step);
    }
}

function withoutQuorum(voters: readonly Member[]): Refusal | undefined {
    const silent = voters.filter((member) => !isReachable(member));
    const reachable = voters.length - silent.length;
    const needed = majority(voters.length);
    if (reachable < needed)
        return later(
            "QUORUM_LOST",
            `${reachable} of ${voters.length} managers ${reachable === 1 ? "is" : "are"} reachable, and any change needs ${needed}: ${names(silent)} ${be(silent)} not.`,
            "Start their hosts; where their data is lost, restore the swarm from a backup.",
        );
    if (voters.some(({ leader }) => leader)) return undefined;
    return later(
        "NO_LEADER",
        "The managers are electing a leader, and nothing can be changed until they have one.",
        "Wait half a minute, then run the same command again.",
    );
}

/** A voter that only was asked for does not count yet, one that only was refused still does: neither sum is safe. */
function underWay(observed: readonly Member[], step: Step): Refusal | undefined {
    const changing = observed.find((member) => isChanging(member) && !isTarget(member, step));
    if (!changing) return undefined;
    const what = changing.role === "manager" ? "become" : "stop being";
    return later(
        "MANAGER_CHANGING",
        `${changing.name} is about to ${what} a manager, and managers change one at a time.`,
        `Wait until that is done; if it never is, look at the host of ${changing.name}.`,
    );
}

function isChanging(member: Member): boolean {
    if (member.role === "worker") return votes(member);
    // One that is down cannot become a manager before it is back.
    return !votes(member) && member.status === "ready";
}

/** Whether the step goes on with what is under way; a restart in the middle of it would only be in its way. */
function isTarget({ id, name }: Member, step: Step): boolean {
    if (step.kind === "restart") return false;
    return step.kind === "join" ? name === step.name : id === step.id;
}

function mayMiss(voters: readonly Member[], { id }: Step & { kind: "restart" }): Refusal | undefined {
    const target = voters.find((member) => member.id === id);
    if (!target || !isReachable(target)) return undefined;
    const silent = voters.filter((member) => !isReachable(member));
    // Of one or two managers, none can be missed: where all of them answer, nothing would make it safer.
    if (silent.length === 0) return undefined;
    const reachable = voters.length - silent.length - 1;
    return reachable > majority(voters.length) ? undefined : atRisk(silent, `${target.name} restarts`);
}

function mayGain(voters: readonly Member[], step: Step): Refusal | undefined {
    // The only manager cannot keep its majority while a second one joins, whatever comes first.
    if (voters.length === 1 || voters.some((member) => isTarget(member, step))) return undefined;
    const silent = voters.filter((member) => !isReachable(member));
    const reachable = voters.length - silent.length;
    const needed = majority(voters.length + 1);
    // Until it answers, the new one is a voter that does not.
    if (reachable >= needed && (reachable + 1 > needed || silent.length === 0)) return undefined;
    return atRisk(silent, "another manager is added");
}

function mayLose(
    voters: readonly Member[],
    { id, wanted = 0 }: Step & { kind: "demote" },
): Refusal | undefined {
    const target = voters.find((member) => member.id === id);
    if (!target) return undefined;
    if (voters.length === 1)
        return {
            wait: false,
            problem: {
                id: "LAST_MANAGER",
                problem: `${target.name} is the only manager, and without it there is no swarm.`,
                advice: "Let another member become a manager first, or destroy the stack.",
            },
        };
    // What does not answer is no help to a majority: without it the others need fewer.
    if (!isReachable(target)) return undefined;
    const silent = voters.filter((member) => !isReachable(member));
    const reachable = voters.length - silent.length - 1;
    const needed = majority(voters.length - 1);
    if (reachable < needed || (reachable === needed && silent.length > 0))
        return atRisk(silent, `${target.name} goes`);
    if (voters.length - 1 >= wanted) return undefined;
    return later(
        "MANAGER_MISSING",
        `${target.name} has to stay a manager until there are ${wanted} others that can do without it.`,
        "See why the other members have not become managers; the same run says it.",
    );
}

function atRisk(silent: readonly Member[], what: string): Refusal {
    return later(
        "QUORUM_AT_RISK",
        `${names(silent)} ${be(silent)} unreachable: if ${what} now, the loss of one more manager would leave the swarm unable to change.`,
        `Start ${silent.length === 1 ? "its host" : "their hosts"} first; a host that is gone is replaced by up.`,
    );
}

function later(id: string, problem: string, advice: string): Refusal {
    return { wait: true, problem: { id, problem, advice } };
}

function votes({ reachability }: Member): boolean {
    return reachability !== undefined;
}

function isReachable({ reachability }: Member): boolean {
    return reachability === "reachable";
}

function names(members: readonly Member[]): string {
    return new Intl.ListFormat("en").format(members.map(({ name }) => name));
}

function be(members: readonly Member[]): string {
    return members.length === 1 ? "is" : "are";
}
