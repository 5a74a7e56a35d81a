// The last look of an up: whether the swarm is as it should be, seen from its managers and between its hosts.

import type { Problem } from "../../errors";
import type { Snapshot } from "../../planning/snapshot";
import type { Progress } from "../../scripts/setup/progress";
import { type Expected, findings } from "../../swarm/checks/check";
import { QUICK_CHECKS, THOROUGH_CHECKS } from "../../swarm/checks/list";
import { takeSnapshot } from "../../swarm/snapshot";
import type { Outputs } from "./outputs";
import { type Standing, withSwarm } from "./standing";
import { ownStacks } from "./wanted";

/** After a change, tasks and nodes may need a while until they are what they were. */
const SETTLE_MS = 60_000;

export interface LookOptions {
    /** Whether to ask the swarm what it is like, and then, whether it may still settle after a change. */
    asks: boolean;
    settles?: boolean;
    /** Whether to try the data path between the zones. */
    dataPath: boolean;
    progress: Progress;
}

/** Looks at the swarm of this stack with these outputs. Returns every problem that it finds. */
export async function lastLook(
    stack: string,
    outputs: Outputs,
    { asks, settles = false, dataPath, progress }: LookOptions,
): Promise<Problem[]> {
    const patienceMs = settles ? SETTLE_MS : 0;
    return withSwarm(stack, outputs, progress, async (standing) => {
        const swarm = standing.swarm.during({ patienceMs });
        const expected = expectedOf(standing);
        const found = asks ? await findings(QUICK_CHECKS, swarm, expected, patienceMs) : [];
        return dataPath ? [...found, ...(await findings(THOROUGH_CHECKS, swarm, expected, 0))] : found;
    });
}

/** What the swarm of a stack should have. */
export function expectedOf({ hosts, outputs }: Standing): Expected {
    const { registry, registryPassword: password, unlockKey, ca, clientCertificate } = outputs;
    return {
        hosts,
        stacks: ownStacks(outputs),
        registry: { server: registry.server, username: registry.user, password },
        unlockKey,
        certificates: {
            "The certificate of the stack's CA": ca,
            "The client's certificate": clientCertificate,
        },
    };
}

/** What the swarm of a stack is like now. */
export function snapshotOf(standing: Standing): Promise<Snapshot> {
    return takeSnapshot(standing.swarm, standing.hosts, expectedOf(standing));
}
