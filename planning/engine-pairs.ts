// Which engines and versions of containerd go together, what is known to be wrong with some, and between which versions a
// host may change. No I/O. Sources stand beside each entry; all were seen in November 2026.

import type { Problem } from "../errors";
import { BUILT_ENGINE } from "./tested-engines";
import { isOlder, upstream } from "./versions";

/** A fault of the engines from one version on, up to the one that mends it. */
interface Fault {
    /** The first version that has it; without it, all have. */
    since?: string;
    /** The first version without it; without it, none is known. */
    mendedIn?: string;
    /** Set for a fault that shows only beside an engine older than this one. */
    besideOlderThan?: string;
    /** What happens, as words after "The engine 1.2.3". */
    what: string;
    /** One sentence: what to do instead. */
    way: string;
    source: string;
}

const FAULTS: readonly Fault[] = [
    {
        since: "29.0.0",
        mendedIn: "29.2.1",
        besideOlderThan: "29.0.0",
        what: "passes no traffic on encrypted overlay networks to and from engines before 29",
        way: "Take 29.2.1 or newer.",
        source: "moby/moby#51798, #51672; mended by 51664a25d7",
    },
    {
        mendedIn: "29.5.0",
        what: "can corrupt a manager's snapshot of more than 4 MiB when it sends it to another manager",
        way: "Take 29.5.0 or newer.",
        source: "moby/swarmkit 069a0300f, which came with swarmkit v2.1.2",
    },
    {
        since: "29.0.0",
        mendedIn: "29.8.0",
        what: "may not find services by their names for hours, once its host was cut off for some seconds",
        way: "Take 29.8.0 or newer.",
        source: "moby/moby#53141; mended by #53142",
    },
    {
        since: "29.8.0",
        what: "lets no service reach its own node's address, nor what other services publish there",
        way: "Let services reach each other by their names, on a network that they share.",
        source: "moby/moby#53713, open; caused by #53118",
    },
];

/** The oldest containerd.io that docker-ce's packages accept, from this engine on. */
const LEAST_CONTAINERD: readonly (readonly [engine: string, containerd: string])[] = [
    ["29.6.0", "2.1.5"], // docker-ce-packaging 7dd5329e5e
    ["29.0.0", "1.7.27"], // the same file before
];

/** The oldest containerd for an engine. With packages `built` here, it is the one that was built with the engine. */
export function leastContainerd(engine: string, built = false): string | undefined {
    // Debian's packages of containerd have a runc that starts no container of 29.8.
    if (built && upstream(engine) === BUILT_ENGINE.engine) return BUILT_ENGINE.containerd;
    return LEAST_CONTAINERD.find(([since]) => !isOlder(engine, since))?.[1];
}

/** What is known to be wrong with an engine by itself. */
export function faultProblems(engine: string): Problem[] {
    return FAULTS.filter((fault) => fault.besideOlderThan === undefined && has(engine, fault)).map(
        (fault) => ({
            id: "ENGINE_FAULT",
            problem: `The engine ${upstream(engine)} ${fault.what} (${fault.source}).`,
            advice: fault.way,
        }),
    );
}

/** What is known to go wrong between engines of one swarm, such as those before and after a change of the version. */
export function pairProblems(engines: readonly string[]): Problem[] {
    return FAULTS.flatMap((fault) => {
        const { besideOlderThan, what, way, source } = fault;
        const bad = engines.find((engine) => has(engine, fault));
        if (besideOlderThan === undefined || bad === undefined) return [];
        const older = engines.find((engine) => isOlder(engine, besideOlderThan));
        if (older === undefined) return [];
        const beside = `beside ${upstream(older)} on other hosts`;
        return [
            {
                id: "ENGINE_PAIR" as const,
                problem: `The engine ${upstream(bad)} ${what} (${source}), and it would run ${beside}.`,
                advice: way,
            },
        ];
    });
}

function has(engine: string, { since, mendedIn }: Fault): boolean {
    const hasBegun = since === undefined || !isOlder(engine, since);
    return hasBegun && (mendedIn === undefined || isOlder(engine, mendedIn));
}

/** Where a host keeps its images: in containerd's store (`docker info` names a snapshotter), or in a storage driver's. */
export interface ImageStore {
    imageStore: "containerd" | "driver";
    /** Whether the host's daemon.json sets `features.containerd-snapshotter`. Default false. */
    containerdFeature?: boolean;
}

/** The oldest engine whose change to newer ones, and back, was measured. */
const OLDEST = "20.10.0";
/** Series that were measured back down from 29: managers read what 29 has written. */
const OLDEST_FROM_29 = "26.1.0";
/** Nothing newer was measured, so nobody knows whether older managers read what it writes. */
const FIRST_UNKNOWN = "30.0.0";
/** The first engine that keeps images in containerd's store on a new host. */
const STORE_BY_DEFAULT = "29.0.0";
/** The first engine that can keep images there if it is told to. */
const STORE_BY_FEATURE = "24.0.0";

/**
 * Why a host may not change from one engine to another; undefined if it may. Refuses to go back further than was measured
 * (an older manager may not read the log that a newer one wrote), and to a version that does not see the host's images.
 */
export function mayChangeEngine(
    from: string,
    to: string,
    { imageStore, containerdFeature = false }: ImageStore,
): Problem | undefined {
    const [now, wanted] = [upstream(from), upstream(to)];
    const refused = (why: string, advice: string): Problem => ({
        id: "ENGINE_DOWNGRADE",
        problem: `The engine cannot change from ${now} to ${wanted}: ${why}.`,
        advice,
    });
    if (!isOlder(wanted, now)) return undefined;
    const oldest = isOlder(now, STORE_BY_DEFAULT) ? OLDEST : OLDEST_FROM_29;
    if (isOlder(wanted, oldest))
        return refused(
            "nobody has measured whether its managers read what the newer ones wrote",
            `Take ${series(oldest)} or newer.`,
        );
    if (!isOlder(now, FIRST_UNKNOWN) && major(wanted) !== major(now))
        return refused(
            `${major(now)} is newer than any engine that was measured going back`,
            `Stay with ${major(now)}.`,
        );
    if (imageStore === "driver" || !isOlder(wanted, STORE_BY_DEFAULT)) return undefined;
    if (isOlder(wanted, STORE_BY_FEATURE))
        return refused(
            "the host's images are in containerd's store, which that engine does not know",
            `Take ${series(STORE_BY_FEATURE)} or newer.`,
        );
    if (containerdFeature) return undefined;
    return refused(
        "the host's images are in containerd's store, where that engine does not look by itself",
        "Set features.containerd-snapshotter to true for the engine.",
    );
}

function series(version: string): string {
    return version.split(".").slice(0, 2).join(".");
}

function major(version: string): string {
    return version.split(".")[0]!;
}
