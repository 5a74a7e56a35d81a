// Whether the swarm's voters may change now: the arithmetic of Raft's majorities and nothing else. No I/O: the caller passes
// the members as it observed them and one step, and gets nothing or a refusal with advice.

import type { Problem } from "../errors";
import type { SwarmNode } from "./engine-api";
import type { Role } from "./placement";
import { listed } from "./sentence";

/** A member of the swarm as its managers see it. */
export interface Member {
    id: string;
    name: string;
    /** The role that the swarm has recorded. While a change of role is under way, the member may still vote, or not yet. */
    role: Role;
    /** Whether the other managers hear it; undefined for members that do not vote. */
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
        // An engine leaves the value out if the state is unknown. The member votes all the same.
        reachability: ManagerStatus && (ManagerStatus.Reachability || "unknown"),
        leader: ManagerStatus?.Leader ?? false,
        status: Status?.State ?? "unknown",
    };
}

/**
 * One change of who votes or who can vote. `join` and `promote` add a voter; `demote` removes one, alive or dead; during a
 * `restart` of its engine, a manager counts as a voter but cannot vote.
 */
export type Step =
    | { kind: "join"; name: string }
    | { kind: "promote"; id: string }
    | { kind: "restart"; id: string }
    | {
          kind: "demote";
          id: string;
          /** The final number of voters, if known: new voters come before old ones go. Default 0: no such limit. */
          wanted?: number;
      };

/** Why a step is refused, and whether waiting or another step may change that. */
export interface Refusal {
    wait: boolean;
    problem: Problem;
}

/** What brings back a majority. */
export const RECOVER =
    "Start the hosts of the others; if their data is lost, go on with a manager that has it: skep recover.";

/** How many voters must agree on a change (Raft, section 5.2; Docker admin guide, "Maintain the quorum of managers"). */
export function majority(voters: number): number {
    return Math.floor(voters / 2) + 1;
}

/**
 * Undefined when the step may be taken now; else the reason against it. The rules: without a majority the swarm can change
 * nothing; voters change one at a time; a step never leaves fewer reachable voters than a majority, nor exactly a majority
 * when starting or removing an unreachable voter first would avoid that (moby/moby#30847: each dead manager that is left
 * behind costs a vote).
 */
export function mayStep(observed: readonly Member[], step: Step): Refusal | undefined {
    const voters = observed.filter(votes);
    return withoutQuorum(voters) ?? underWay(observed, step) ?? mayChange(voters, step);
}

/**
 * Undefined when the swarm keeps its majority while these managers are away together; else the reason against it. Managers
 * that do not answer now cost nothing. Where one manager is away, as at a restart, the others may be just the majority;
 * where several are, one more must be spare, because nobody knows in which order they come back.
 */
export function mayMissTogether(observed: readonly Member[], ids: readonly string[]): Refusal | undefined {
    const voters = observed.filter(votes);
    const silent = voters.filter((member) => !isReachable(member));
    const away = voters.filter((member) => isReachable(member) && ids.includes(member.id));
    if (away.length === 0) return undefined;
    const left = voters.length - silent.length - away.length;
    const needed = majority(voters.length);
    if (left > needed || (left === needed && away.length === 1 && silent.length === 0)) return undefined;
    const already = silent.length > 0 ? `; ${names(silent)} ${be(silent)} away already` : "";
    const problem =
        left === 0
            ? `no manager would be left${already}`
            : `${left} of ${voters.length} managers would answer meanwhile, and any change needs ${needed}${already}`;
    return { wait: false, problem: { id: "QUORUM_AT_RISK", problem, advice: "" } };
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
            RECOVER,
        );
    if (voters.some(({ leader }) => leader)) return undefined;
    return later(
        "NO_LEADER",
        "The managers are electing a leader, and nothing can be changed until they have one.",
        "Wait half a minute, then run the same command again.",
    );
}

/**
 * Refuses while another member changes its role. A promoted member does not vote yet, and a demoted one still does, so no
 * count of voters is safe meanwhile.
 */
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
    // A member that is down cannot become a manager before it is back.
    return !votes(member) && member.status === "ready";
}

/** Whether the step continues the change that is under way. A restart never does: it would only disturb the change. */
function isTarget({ id, name }: Member, step: Step): boolean {
    if (step.kind === "restart") return false;
    return step.kind === "join" ? name === step.name : id === step.id;
}

function mayMiss(voters: readonly Member[], { id }: Step & { kind: "restart" }): Refusal | undefined {
    const target = voters.find((member) => member.id === id);
    if (!target || !isReachable(target)) return undefined;
    const silent = voters.filter((member) => !isReachable(member));
    // While all managers answer, nothing makes a restart safer, not even with one or two managers, which tolerate no loss.
    if (silent.length === 0) return undefined;
    const reachable = voters.length - silent.length - 1;
    return reachable > majority(voters.length) ? undefined : atRisk(silent, `${target.name} restarts`);
}

function mayGain(voters: readonly Member[], step: Step): Refusal | undefined {
    // The step from one manager to two always needs both of them; waiting would not change that.
    if (voters.length === 1 || voters.some((member) => isTarget(member, step))) return undefined;
    const silent = voters.filter((member) => !isReachable(member));
    const reachable = voters.length - silent.length;
    const needed = majority(voters.length + 1);
    // Until it answers, the new manager is an unreachable voter.
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
    // An unreachable voter does not help to reach a majority; without it, the others need fewer votes.
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

function later(id: Problem["id"], problem: string, advice: string): Refusal {
    return { wait: true, problem: { id, problem, advice } };
}

function votes({ reachability }: Member): boolean {
    return reachability !== undefined;
}

function isReachable({ reachability }: Member): boolean {
    return reachability === "reachable";
}

function names(members: readonly Member[]): string {
    return listed(members.map(({ name }) => name));
}

function be(members: readonly Member[]): string {
    return members.length === 1 ? "is" : "are";
}
