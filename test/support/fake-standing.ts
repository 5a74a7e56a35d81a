// A standing swarm in memory, for tests of commands on it.

import type { Outputs } from "../../cli/stack/outputs";
import type { Standing, StandingHost } from "../../cli/stack/standing";
import type { FakeCluster, FakeWorld } from "./fake-swarm";

/** The standing swarm of a fake world; what its commands note goes to `world.said`. */
export function fakeStanding(
    world: FakeWorld,
    cluster: FakeCluster,
    more: Partial<Outputs> = {},
    patienceMs?: number,
): Standing {
    const hosts = world.hosts.map(({ host, name, nodeId }, i): StandingHost => {
        const role = name.startsWith("manager") ? "manager" : "worker";
        const zone = `zone-${i}`;
        const output = {
            name,
            role,
            zone,
            nodeId,
            address: host.address,
            host: "127.0.0.1",
            ports: {},
        } as const;
        return { name, role, zone, nodeId, host, output };
    });
    const managers = hosts.filter(({ role }) => role === "manager").map(({ name }) => name);
    const outputs = {
        nodes: hosts.map(({ output }) => output),
        clusterId: cluster.id,
        unlockKey: cluster.key,
        registry: { server: "registry.skep.internal:5000", url: "", urls: [], user: "skep" },
        ...more,
    } as unknown as Outputs;
    const { ctx } = world;
    const progress = {
        step: <T>(_: string, work: (update: () => void) => Promise<T>) => work(() => undefined),
        note: ctx.log,
    };
    return {
        stack: "dev",
        outputs,
        hosts,
        swarm: world.swarm(managers, cluster.id, patienceMs),
        progress,
        ctx,
    };
}
