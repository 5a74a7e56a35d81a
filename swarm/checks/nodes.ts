// Every host is a ready member of the swarm.
import type { Problem } from "../../errors";
import { isReady } from "../../planning/engine-api";
import type { Check } from "./check";

export const nodes: Check = {
    name: "nodes",
    sentence: "every host is a ready node in its role",

    async run(swarm, { hosts }) {
        const members = await swarm.members();
        return hosts.flatMap(({ host, nodeId }): Problem[] => {
            const member = members.find(({ ID }) => ID === nodeId);
            if (member && isReady(member, member.Spec.Role)) return [];
            const state = member?.ManagerStatus?.Reachability ?? member?.Status?.State;
            return [
                {
                    id: "NODE_NOT_READY",
                    problem: member
                        ? `The node ${host.name} is not ready (${state === "reachable" ? member.Status?.State : state}).`
                        : `The host ${host.name} is no node of the swarm.`,
                    advice: "Run up again: it brings the host back, or says what keeps it away.",
                },
            ];
        });
    },
};
