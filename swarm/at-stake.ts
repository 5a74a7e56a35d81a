// What users have in a swarm besides Skep's own stacks: what would be lost with it.
import { listed } from "../planning/sentence";
import { ifAnswered } from "./failures";
import type { Host } from "./host";
import { STACK_LABEL } from "./stack-objects";
import type { Swarm } from "./swarm";

/** Skep's own stacks. An up makes them again. */
const OWN_STACKS: readonly (string | undefined)[] = ["registry", "sample"];
/** Names of each kind that a message shows. */
const SHOWN = 5;
/** Docker names a volume so if nobody else does. */
const UNNAMED = /^[0-9a-f]{64}$/;

/** What is said of a swarm that does not answer. */
export const UNSEEN = "what it holds cannot be seen now";

interface Labelled {
    Name: string;
    Labels?: Record<string, string> | null;
}

/**
 * Names of the users' services, secrets, configs and volumes, as in "2 services (shop_db and shop_web) and 1 secret
 * (shop_key)"; empty if there are none. Only the managers' volumes are looked at. Says so if the swarm does not answer.
 */
export async function atStake(swarm: Swarm): Promise<string> {
    const specs = async (kind: "services" | "secrets" | "configs") =>
        (await swarm.call<{ Spec: Labelled }[]>("GET", `/${kind}`)).map(({ Spec }) => Spec);
    const kinds = await ifAnswered(
        Promise.all([
            specs("services"),
            specs("secrets"),
            specs("configs"),
            Promise.all(swarm.managers.map(volumesOf)).then((all) => all.flat()),
        ]),
    );
    if (!kinds) return UNSEEN;
    const [services, secrets, configs, volumes] = kinds;
    return listed(
        [
            counted("service", services),
            counted("secret", secrets),
            counted("config", configs),
            counted("volume", volumes),
        ].filter((part) => part !== ""),
    );
}

async function volumesOf(host: Host): Promise<Labelled[]> {
    const answer = await ifAnswered(host.call<{ Volumes?: Labelled[] | null }>("GET", "/volumes"));
    return answer?.Volumes ?? [];
}

function counted(kind: string, objects: readonly Labelled[]): string {
    const foreign = objects.filter(({ Labels }) => !OWN_STACKS.includes(Labels?.[STACK_LABEL]));
    if (foreign.length === 0) return "";
    const names = [...new Set(foreign.map(({ Name }) => Name).filter((name) => !UNNAMED.test(name)))].sort();
    const shown = names.slice(0, SHOWN);
    const more = names.length > SHOWN ? [`${names.length - SHOWN} more`] : [];
    const named = names.length > 0 ? ` (${listed([...shown, ...more])})` : "";
    return `${foreign.length} ${kind}${foreign.length === 1 ? "" : "s"}${named}`;
}
