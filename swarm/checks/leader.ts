// The managers have one leader.
import type { Check } from "./check";

export const leader: Check = {
    name: "leader",
    sentence: "exactly one manager leads",

    async run(swarm) {
        const leaders = (await swarm.members()).filter(({ ManagerStatus }) => ManagerStatus?.Leader);
        if (leaders.length === 1) return [];
        return [
            {
                id: "NO_LEADER",
                problem: `The swarm has ${leaders.length} leaders.`,
                advice: "Wait half a minute for an election, then run the same command again.",
            },
        ];
    },
};
