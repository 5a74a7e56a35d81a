// Skep's stacks have all tasks that the swarm can place now.
import type { Problem } from "../../errors";
import { shortfalls } from "../../planning/convergence";
import { oneLine } from "../../planning/sentence";
import { around } from "../stack-objects";
import type { Check } from "./check";

export const stacks: Check = {
    name: "stacks",
    sentence: "every service of Skep's stacks has all its tasks",

    async run(swarm, { stacks: names }) {
        const found = names.map(async (name) => {
            const view = await around(swarm, name);
            if (view.services.length === 0) return [problemOf(`The stack ${name} has no services`)];
            return Object.values(shortfalls(view)).map(problemOf);
        });
        return (await Promise.all(found)).flat();
    },
};

function problemOf(reason: string): Problem {
    return {
        id: "STACK_NOT_RUNNING",
        problem: `${oneLine(reason)}.`,
        advice: "Run up again: it brings back what is missing, or says what keeps it away.",
    };
}
