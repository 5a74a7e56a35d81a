// The last look of an up: whether the swarm is as it should be, seen from its managers and between its hosts.

import { type Problem, SkepError } from "../../errors";
import { interruptible } from "../interrupt";
import type { Progress } from "../../scripts/setup/progress";
import type { Expected } from "../../swarm/checks/check";
import { findings } from "../../swarm/checks/check";
import { QUICK_CHECKS, THOROUGH_CHECKS } from "../../swarm/checks/list";
import { closeRemotes } from "../../swarm/engine";
import { Host } from "../../swarm/host";
import type { HostInput } from "../../swarm/ssh";
import { Swarm } from "../../swarm/swarm";
import type { SshOutput } from "./client-files";

/** After a change, tasks and nodes may need a while until they are what they were. */
const SETTLE_MS = 60_000;

interface Outputs {
    nodes: { name: string; role: "manager" | "worker"; zone: string; address: string; nodeId: string }[];
    clusterId: string;
    ssh: SshOutput;
    registry: { server: string; user: string };
    registryPassword: string;
}

export interface LookOptions {
    /** Whether to ask the swarm what it is like, and then, whether it may still settle after a change. */
    asks: boolean;
    settles?: boolean;
    /** Whether to try the data path between the zones. */
    dataPath: boolean;
    /** Names of Skep's stacks. */
    stacks: readonly string[];
    progress: Progress;
}

/** Looks at the swarm with these outputs. Returns every problem that it finds. */
export async function lastLook(
    outputs: Record<string, unknown>,
    { asks, settles = false, dataPath, stacks, progress }: LookOptions,
): Promise<Problem[]> {
    const { nodes, clusterId, ssh, registry, registryPassword } = outputs as unknown as Outputs;
    const inputs = nodes.map((node) => inputOf(node, ssh));
    const expected: Expected = {
        hosts: nodes.map(({ zone, nodeId }, i) => ({ host: Host.of(inputs[i]!), zone, nodeId })),
        stacks,
        registry: { server: registry.server, username: registry.user, password: registryPassword },
    };
    const stop = new AbortController();
    const ctx = { signal: stop.signal, log: (text: string) => progress.note(text) };
    const managers = inputs.filter(({ role }) => role === "manager");
    const patienceMs = settles ? SETTLE_MS : 0;
    const swarm = Swarm.of(managers, clusterId, ctx).during({ patienceMs });
    try {
        return await interruptible(
            () => stop.abort(),
            (error) => error instanceof SkepError,
            async () => {
                const found = asks ? await findings(QUICK_CHECKS, swarm, expected, patienceMs) : [];
                return dataPath
                    ? [...found, ...(await findings(THOROUGH_CHECKS, swarm, expected, 0))]
                    : found;
            },
        );
    } finally {
        await closeRemotes();
    }
}

function inputOf(node: Outputs["nodes"][number], { user, privateKey, hosts }: SshOutput): HostInput {
    const way = hosts.find(({ name }) => name === node.name);
    if (!way) throw new Error(`no way to ${node.name} among the stack's outputs`);
    const { host, port, hostKey } = way;
    return { ...node, id: "", ssh: { host, port, user, privateKey, hostKey } };
}
