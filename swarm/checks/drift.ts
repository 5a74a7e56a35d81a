// The services of Skep's stacks are as the last `up` deployed them.
import type { Problem } from "../../errors";
import { digestOf } from "../../planning/convergence";
import { ofStack } from "../stack-objects";
import type { Check } from "./check";

export const drift: Check = {
    name: "drift",
    sentence: "every service of Skep's stacks is as the last up deployed it",

    async run(swarm, { deployed }) {
        if (!deployed)
            return [
                {
                    id: "CHECK_UNSEEN",
                    problem: "Nobody read the state, which says what was deployed.",
                    advice: "",
                },
            ];
        const found = Object.entries(deployed).map(async ([stack, services]) => {
            const present = await swarm.services(ofStack(stack));
            const changed = present.filter((each) => services[each.Spec.Name] !== digestOf(each));
            const gone = Object.keys(services).filter(
                (name) => !present.some(({ Spec }) => Spec.Name === name),
            );
            return [
                ...changed.map(({ Spec }) => `${Spec.Name} was changed after the last up deployed it.`),
                ...gone.map((name) => `${name} is gone, and the last up deployed it.`),
            ];
        });
        return (await Promise.all(found)).flat().map((problem): Problem => {
            return { id: "SERVICE_DRIFTED", problem, advice: "Run up: it deploys the stack again." };
        });
    },
};
