// Every service of the swarm, the users' too, has the tasks that it should have.
import { shortfalls } from "../../planning/convergence";
import type { Problem } from "../../errors";
import { oneLine } from "../../planning/sentence";
import type { Swarm } from "../swarm";
import type { Check } from "./check";

/** What is wrong with the tasks of each service that lacks some, by the service's name. */
export async function lackingServices(swarm: Swarm): Promise<Record<string, string>> {
    const [services, tasks, nodes, now] = await Promise.all([
        swarm.services({}),
        swarm.tasks({}),
        swarm.members(),
        swarm.clock(),
    ]);
    return shortfalls({ services, tasks, nodes, now });
}

/** The check. Services in `except` may lack what they lack. */
export function servicesBut(except: readonly string[]): Check {
    return {
        name: "services",
        sentence: "every service of the swarm has the tasks that it should have",

        async run(swarm) {
            const found = Object.entries(await lackingServices(swarm));
            return found
                .filter(([service]) => !except.includes(service))
                .map(([service, reason]): Problem => ({
                    id: "STACK_NOT_RUNNING",
                    problem: `The service ${service} does not run as it should: ${oneLine(reason)}.`,
                    advice: "See `docker service ps --no-trunc` of it.",
                }));
        },
    };
}
