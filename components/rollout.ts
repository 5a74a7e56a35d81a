// The engines of the standing swarm: their versions and settings change host by host, after the swarm's own matters and
// before what runs on it.

import * as pulumi from "@pulumi/pulumi";
import type { UpgradeSettings } from "../config/upgrade";
import type { EngineVersions } from "../planning/engine-packages";
import { EngineRollout, type HostRepository } from "../providers/sdk/swarm";
import type { Swarm } from "./swarm";

export interface RolloutArgs {
    swarm: Swarm;
    /** The repository of docker-ce, with the fingerprint of its key. */
    repository: HostRepository;
    /** Exact versions of docker-ce and containerd.io on every host. */
    packages: EngineVersions;
    /** Skep's keys of daemon.json on every host. */
    daemon: pulumi.Output<Record<string, unknown>>;
    /** By host, how often files changed that only a restart makes its engine read. */
    files: Record<string, pulumi.Output<number>>;
    /** How long a drain of a host waits for its tasks, in seconds. */
    drainSeconds: number;
    /** How the hosts change one after another. */
    upgrade: UpgradeSettings;
    /** Whether the data path is tried before the first host and after each. */
    checkDataPath: boolean;
    /** After how many steps this run ends. Default: when all hosts are done. */
    most?: number;
}

/** One version and one daemon.json on all hosts of the swarm, or on those that `upgrade.hosts` names. */
export class Rollout extends pulumi.ComponentResource {
    /** What runs on the swarm waits for this. */
    readonly resource: EngineRollout;

    constructor(name: string, args: RolloutArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Rollout", name, {}, opts);
        const { swarm, upgrade } = args;
        const { hosts: only, workersAtOnce, soak, pause } = upgrade;
        const named = swarm.hosts.filter((host) => only === undefined || only.includes(host.name));
        this.resource = new EngineRollout(
            `${name}-rollout`,
            {
                clusterId: swarm.cluster.clusterId,
                managers: swarm.managers,
                hosts: swarm.members,
                hostIds: Object.fromEntries(swarm.hosts.map(({ name, id }) => [name, id])),
                nodeIds: Object.fromEntries([...swarm.nodes].map(([host, { nodeId }]) => [host, nodeId])),
                repository: args.repository,
                engines: Object.fromEntries(named.map((host) => [host.name, args.packages])),
                daemon: args.daemon,
                files: args.files,
                drainSeconds: args.drainSeconds,
                upgrade: {
                    workersAtOnce,
                    soakSeconds: soak,
                    pauseSeconds: pause,
                    checkDataPath: args.checkDataPath,
                    ...(args.most !== undefined && { most: args.most }),
                },
            },
            { parent: this, deletedWith: swarm.cluster },
        );
        this.registerOutputs();
    }
}
