// Packets pass between the zones on overlay networks. VXLAN is silently dead where UDP 4789 is cut, where a network between
// the hosts takes no large packets, or where a host sends from another address than its node's (moby/moby#53004).
import { randomBytes } from "node:crypto";
import { type Problem, SkepError } from "../../errors";
import { pathProblems, type Attempt } from "../../planning/data-path";
import { takesTasks } from "../../planning/places";
import { reasonOf } from "../../planning/sentence";
import { EngineError, ifExists } from "../failures";
import { isEncrypted, overlays } from "../networks";
import { hostScript } from "../scripts";
import { filters, type Swarm } from "../swarm";
import { until } from "../wait";
import { type Check, onePerZone, type PlacedHost } from "./check";

const LABEL = "io.skep.probe";
const STEP_MS = 30_000;
const GONE_MS = 10_000;
/** A network this old belongs to a probe that was killed. */
const STALE_MS = 5 * 60_000;

/** A container of the probe, and its address on the probe's network. */
interface Container extends PlacedHost {
    /** Its name there, and the name of its image. */
    name: string;
    address: string;
}

export const dataPath: Check = {
    name: "data path",
    sentence:
        "between every two zones, names are found and packets of 1,400 bytes arrive, both ways, on encrypted networks too if there are any",

    async run(swarm, { hosts }) {
        const members = await swarm.members();
        const active = members.filter(takesTasks).map(({ ID }) => ID);
        const ends = onePerZone(hosts.filter(({ nodeId }) => active.includes(nodeId)));
        if (ends.length < 2) return [];
        await removeStale(swarm);
        const isUsed = (await overlays(swarm)).some(isEncrypted);
        const [plain, encrypted] = await Promise.all([
            probeTwice(swarm, ends),
            isUsed ? probeTwice(swarm, ends, true) : [],
        ]);
        // What a plain network cannot do, an encrypted one cannot either.
        return plain.length > 0 ? plain : encrypted;
    },
};

/**
 * Probes once more, on another network, before it calls a path dead: an engine that waits for a peer's answer knows nobody
 * on a new network for 30 seconds (moby/moby#47396, moby/moby#51701).
 */
async function probeTwice(swarm: Swarm, ends: readonly PlacedHost[], encrypted = false): Promise<Problem[]> {
    const first = await probe(swarm, ends, encrypted);
    return first.length === 0 ? [] : probe(swarm, ends, encrypted);
}

/** Puts a container on each of the nodes, on a network of their own, and lets each try to reach all others. */
async function probe(swarm: Swarm, ends: readonly PlacedHost[], encrypted = false): Promise<Problem[]> {
    const network = `skep-probe-${randomBytes(4).toString("hex")}`;
    const named = ends.map((end) => ({ ...end, name: `${network}-${end.host.name}` }));
    try {
        const Options = encrypted ? { encrypted: "" } : {};
        const body = {
            Name: network,
            Driver: "overlay",
            Attachable: true,
            Options,
            Labels: { [LABEL]: "1" },
        };
        await swarm.call("POST", "/networks/create", { body });
        const containers = await Promise.all(
            named.map(async (end): Promise<Container> => {
                const variables = { MODE: "open", NAME: end.name, NETWORK: network };
                return { ...end, ...(await step<{ address: string }>(swarm, end, variables)) };
            }),
        );
        const attempts = await Promise.all(containers.map((from) => attempt(swarm, from, containers)));
        return pathProblems(attempts.flat(), { encrypted });
    } catch (error) {
        if (!(error instanceof SkepError) || swarm.ctx.signal.aborted) throw error;
        return [untested(error)];
    } finally {
        await close(swarm, network, named);
    }
}

async function attempt(swarm: Swarm, from: Container, all: readonly Container[]): Promise<Attempt[]> {
    const others = all.filter(({ name }) => name !== from.name);
    const PEERS = others.map(({ name, address }) => `${name} ${address}`).join("\n");
    type Result = Omit<Attempt, "from" | "to"> & { peer: string };
    const results = await step<Result[]>(swarm, from, { MODE: "try", NAME: from.name, PEERS });
    return results.map(({ peer, ...result }) => {
        const to = others.find(({ name }) => name === peer)!;
        return { from: endOf(from), to: endOf(to), ...result };
    });
}

function endOf({ host, zone }: PlacedHost) {
    return { name: host.name, zone };
}

function step<T>({ ctx }: Swarm, { host }: PlacedHost, variables: Record<string, string>): Promise<T> {
    const options = { signal: ctx.signal, timeoutMs: STEP_MS };
    return host.script<T>(hostScript("bare", "probe"), variables, options);
}

function untested(error: SkepError): Problem {
    return {
        id: "DATA_PATH_UNTESTED",
        problem: `The data path between the zones could not be tried: ${reasonOf(error)}.`,
        advice: "Run up again when the host and its engine answer; skep:checkDataPath: false leaves this out.",
    };
}

/** Removes what the probe made, also after a failure or an interrupt. What stays nevertheless, the next probe removes. */
async function close(
    swarm: Swarm,
    network: string,
    ends: readonly (PlacedHost & { name: string })[],
): Promise<void> {
    const last = swarm.during({ signal: AbortSignal.timeout(STEP_MS), patienceMs: 0 });
    try {
        await Promise.all(ends.map((end) => step(last, end, { MODE: "close", NAME: end.name })));
        await removeNetwork(last, network);
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        swarm.ctx.log(`The network ${network} is removed by the next look: ${reasonOf(error)}`, "warning");
    }
}

/** Removes the network. Containers that just ended still hold it for a moment, and the engine refuses that long. */
async function removeNetwork(swarm: Swarm, network: string): Promise<void> {
    const removed = async () => {
        await ifExists(swarm.call("DELETE", `/networks/${network}`));
        return true;
    };
    const passes = (error: unknown) => error instanceof EngineError;
    await until(`${network} to go`, removed, GONE_MS, { ...swarm.ctx, passes });
}

/** Removes networks of probes that were killed. Another probe may be at work with a newer one. */
async function removeStale(swarm: Swarm): Promise<void> {
    const query = filters({ label: [LABEL] });
    const [networks, now] = await Promise.all([
        swarm.call<{ Id: string; Created: string }[]>("GET", `/networks?${query}`),
        swarm.clock(),
    ]);
    for (const { Id, Created } of networks)
        if (now - Date.parse(Created) > STALE_MS) await removeNetwork(swarm, Id);
}
