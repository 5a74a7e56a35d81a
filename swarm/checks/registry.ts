// The registry answers the hosts: by its name, with a certificate that they trust, and takes the stack's login.
import type { Problem } from "../../errors";
import { takesTasks } from "../../planning/places";
import { reasonOf } from "../../planning/sentence";
import { EngineError, HostFailure } from "../failures";
import { type Check, type Expected, onePerZone, type PlacedHost } from "./check";

const ANSWER_MS = 10_000;
const LABEL = "registry";

/** Asks a host of each zone: enough for a look at every `up`. */
export const registry = registryFrom(onePerZone, "a host of each zone trusts the registry and can log in");

/** Asks every host. */
export const registryEverywhere = registryFrom(
    (hosts) => hosts,
    "every host trusts the registry and can log in",
);

function registryFrom(
    pick: (hosts: readonly PlacedHost[]) => readonly PlacedHost[],
    sentence: string,
): Check {
    const run: Check["run"] = async (swarm, { hosts, registry: login }) => {
        const members = await swarm.members();
        // Whoever drains all nodes of the registry has switched it off.
        const isOff = !members.some((node) => node.Spec.Labels?.[LABEL] === "true" && takesTasks(node));
        if (isOff) return [];
        const ready = members.filter(({ Status }) => Status?.State === "ready").map(({ ID }) => ID);
        const asking = pick(hosts.filter(({ nodeId }) => ready.includes(nodeId)));
        return (await Promise.all(asking.map((host) => ask(host, login)))).flat();
    };
    return { name: "registry", sentence, run };
}

async function ask({ host, zone }: PlacedHost, login: Expected["registry"]): Promise<Problem[]> {
    const { server, username, password } = login;
    try {
        const body = { username, password, serveraddress: server };
        await host.call("POST", "/auth", { body, timeoutMs: ANSWER_MS });
        return [];
    } catch (error) {
        if (!(error instanceof HostFailure)) throw error;
        if (!(error instanceof EngineError)) return [...error.problems];
        return [
            {
                id: "REGISTRY_UNUSABLE",
                problem: `${host.name} in zone ${zone} cannot log in to the registry ${server}: ${reasonOf(error.reason)}.`,
                advice: "See its log, docker service logs registry_registry on a manager, and whether the host reaches the registry's node; then run up again.",
            },
        ];
    }
}
