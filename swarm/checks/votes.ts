// An odd number of managers votes, and enough of them answer.
import { SkepError } from "../../errors";
import { memberOf } from "../../planning/membership";
import { evenProblems, quorumAmong, quorumProblems } from "../../planning/quorum";
import { whyUnusable } from "../../planning/adoption";
import { NoManager } from "../failures";
import type { Check } from "./check";

export const votes: Check = {
    name: "votes",
    sentence: "an odd number of managers votes, and one of them may be lost",

    async run(swarm) {
        try {
            const quorum = quorumAmong((await swarm.members()).map(memberOf));
            // One manager is a choice, and the check `leader` looks for a leader.
            return [
                ...quorumProblems(quorum).filter(({ id }) => id !== "NO_LEADER"),
                ...evenProblems(quorum),
            ];
        } catch (error) {
            if (error instanceof NoManager) return [whyUnusable(await swarm.look())];
            if (error instanceof SkepError) return [...error.problems];
            throw error;
        }
    },
};
