// How many managers vote, and how many of them the swarm can lose. No I/O.
import type { Problem } from "../errors";
import { majority, type Member, RECOVER } from "./membership";

/** The managers that vote. */
export interface Quorum {
    voters: number;
    reachable: number;
    needed: number;
    /** How many more may fail; 0 also if there is no majority. */
    canLose: number;
    leader: string | null;
    /** In words: `3 of 3, can lose 1`. */
    text: string;
}

/** The quorum of these members, as a manager that has a majority sees them. */
export function quorumAmong(members: readonly Member[]): Quorum {
    const voters = members.filter(({ reachability }) => reachability !== undefined);
    const reachable = voters.filter(({ reachability }) => reachability === "reachable").length;
    const leader = voters.find((voter) => voter.leader)?.name ?? null;
    const counted = counts(voters.length, reachable);
    if (reachable < counted.needed) return undecided(voters.length, reachable);
    return { ...counted, leader, text: `${reachable} of ${voters.length}, can lose ${counted.canLose}` };
}

/** The quorum of managers that cannot decide: none of them answers for the swarm. */
export function undecided(voters: number, reachable: number): Quorum {
    const counted = counts(voters, reachable);
    const text = `${reachable} of ${voters}, no majority: needs ${counted.needed}`;
    return { ...counted, leader: null, text };
}

function counts(voters: number, reachable: number) {
    const needed = majority(voters);
    return { voters, reachable, needed, canLose: Math.max(reachable - needed, 0) };
}

/** What is wrong with a quorum. */
export function quorumProblems({ voters, reachable, needed, leader, text }: Quorum): Problem[] {
    if (reachable < needed)
        return [
            {
                id: "QUORUM_LOST",
                problem: `The managers have no majority: ${reachable} of ${voters} answer, and any change needs ${needed}.`,
                advice: RECOVER,
            },
        ];
    if (leader === null)
        return [
            {
                id: "NO_LEADER",
                problem: "The managers have no leader now.",
                advice: "Wait half a minute for an election, then look again.",
            },
        ];
    if (reachable < voters && reachable === needed)
        return [
            {
                id: "QUORUM_AT_RISK",
                problem: `The loss of one more manager would stop the swarm (${text}).`,
                advice: "Bring back the managers that do not answer first.",
            },
        ];
    return [];
}

/** An even number of voters: one fewer could lose as many. */
export function evenProblems({ voters }: Quorum): Problem[] {
    if (voters % 2 === 1) return [];
    return [
        {
            id: "VOTES_EVEN",
            problem: `${voters} managers vote, and ${voters - 1} could lose as many.`,
            advice: "Set skep:managers to an odd number, and run up.",
        },
    ];
}
