// What a check of a standing swarm is. Each check has a file beside this one; list.ts names them in their order.
import { type Problem, SkepError } from "../../errors";
import { distinct } from "../../planning/finding";
import type { Role } from "../../planning/placement";
import type { Host } from "../host";
import type { Swarm } from "../swarm";
import { pause } from "../wait";

/** A host of the swarm, and its place in it. */
export interface PlacedHost {
    host: Host;
    /** Its availability zone. */
    zone: string;
    nodeId: string;
    /** Its role when the stack was last brought up. */
    role: Role;
}

/** What a swarm should have. */
export interface Expected {
    hosts: readonly PlacedHost[];
    /** Names of Skep's stacks. */
    stacks: readonly string[];
    /** The registry, and its login. */
    registry: { server: string; username: string; password: string };
    /** The unlock key in the state; empty without autolock. */
    unlockKey: string;
    /** Skep's certificates that this machine has, by what they are, such as "The stack's CA". */
    certificates: Readonly<Record<string, string>>;
    /** By stack and service, the digest of each service that the last `up` deployed; undefined if nobody read the state. */
    deployed?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Check {
    /** One word or two, for a list. */
    name: string;
    /** What is true of a swarm that passes. */
    sentence: string;
    /** How long it may take when somebody waits for each check, in milliseconds. Default: 30 s. */
    limitMs?: number;
    /** Finds what is not so. A problem of the swarm itself may also be thrown. */
    run(swarm: Swarm, expected: Expected): Promise<Problem[]>;
}

const POLL_MS = 1000;

/** The first of the hosts in each zone. */
export function onePerZone(hosts: readonly PlacedHost[]): PlacedHost[] {
    return hosts.filter(({ zone }, i) => hosts.findIndex((other) => other.zone === zone) === i);
}

/**
 * Runs all checks side by side, again and again until they find nothing or the time is over. Returns what they found last,
 * each problem once.
 */
export async function findings(
    checks: readonly Check[],
    swarm: Swarm,
    expected: Expected,
    patienceMs: number,
): Promise<Problem[]> {
    const end = Date.now() + patienceMs;
    for (;;) {
        const found = (await Promise.all(checks.map((check) => run(check, swarm, expected)))).flat();
        if (found.length === 0 || Date.now() >= end || swarm.ctx.signal.aborted) return distinct(found);
        await pause(POLL_MS, swarm.ctx.signal);
    }
}

async function run(check: Check, swarm: Swarm, expected: Expected): Promise<readonly Problem[]> {
    try {
        return await check.run(swarm, expected);
    } catch (error) {
        if (error instanceof SkepError) return error.problems;
        throw error;
    }
}
