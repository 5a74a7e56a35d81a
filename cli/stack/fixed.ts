// What a standing stack was made with and cannot change: read from its state, so that every machine knows it.

import type { EngineStorage, Facts } from "../../config/facts";
import type { Settings } from "../../config/settings";
import { DATA_PATH_PORT } from "../../config/swarm";
import { type Problem, SkepError } from "../../errors";
import type { StateResource } from "../../config/state";
import { type Mount, repositoryMount } from "../../scripts/setup/repository";

/** What stands, as far as the state knows. */
export interface Fixed {
    hosts?: Settings["hosts"];
    /** The swarm's own range for overlay networks. */
    overlay?: string;
    labSubnet?: string;
    region?: string;
    /** The VPC's range. */
    range?: string;
    subnets?: "public" | "private";
    /** `s3` if the stack has a bucket for the registry: with it, all images of its users would go. */
    registryStorage?: "s3";
    /** The folder with docker-ce's packages that a lab's hosts mount. */
    packages?: Mount;
    /** How the engines store their data, if there are any. */
    storage?: EngineStorage;
    /** The UDP port of overlay networks, if there is a swarm. */
    dataPathPort?: number;
}

/** How a sentence names a value that the engine chose. */
const BY_ENGINE = "the engine's default";

/** Reads what stands from the resources of a state. No I/O. */
export function fixedIn(resources: readonly StateResource[]): Fixed {
    const outputs = (type: string) => resources.find((resource) => resource.type === type)?.outputs;
    const isThere = (type: string) => resources.some((resource) => resource.type === type);
    const facts = resources.find(({ type }) => type.startsWith("skep:hosts:"))?.outputs?.facts as
        Facts | undefined;
    const cluster = outputs("swarm:index:Cluster");
    const vpc = outputs("aws:ec2/vpc:Vpc");
    const pools = outputs("docker:index/network:Network")?.ipamConfigs as { subnet?: string }[] | undefined;
    // Any host will do: all mount the same folder, and the gateway mounts none.
    const mounts = resources
        .filter(({ type }) => type === "docker:index/container:Container")
        .flatMap(({ outputs }) => (outputs?.mounts ?? []) as Mount[]);
    return {
        hosts: vpc ? "aws" : pools ? "lab" : undefined,
        overlay: textIn(cluster?.addressPool),
        labSubnet: textIn(pools?.[0]?.subnet),
        region: vpc && textIn(outputs("pulumi:providers:aws")?.region),
        range: textIn(vpc?.cidrBlock),
        // Until its hosts are there, a network may still become one of the other kind.
        subnets: isThere("aws:ec2/instance:Instance")
            ? isThere("aws:ec2/natGateway:NatGateway")
                ? "private"
                : "public"
            : undefined,
        registryStorage: isThere("aws:s3/bucket:Bucket") ? "s3" : undefined,
        packages: repositoryMount(mounts),
        storage: isThere("swarm:index:HostEngine") ? (facts?.storage ?? {}) : undefined,
        dataPathPort: cluster && portIn(cluster.dataPathPort),
    };
}

function textIn(value: unknown): string | undefined {
    return typeof value === "string" ? value : undefined;
}

function portIn(value: unknown): number {
    return typeof value === "number" ? value : DATA_PATH_PORT;
}

/** The settings that say how engines store their data; those that are not given are missing. */
export function storageOf({ engine }: Pick<Settings, "engine">): EngineStorage {
    const { dataRoot, storageDriver, imageStore } = engine;
    return {
        ...(dataRoot !== undefined && { dataRoot }),
        ...(storageDriver !== undefined && { storageDriver }),
        ...(imageStore !== undefined && { imageStore }),
    };
}

/** Throws STACK_FIXED for settings that the standing stack cannot follow, all at once. */
export function refuseFixed(stack: string, settings: Settings, fixed: Fixed, loseSwarm = false): void {
    const problems = fixedProblems(stack, settings, fixed, loseSwarm);
    if (problems.length > 0) throw new SkepError(problems);
}

/**
 * Problems of settings that the standing stack cannot follow. With `loseSwarm`, another swarm may take its place, on the
 * same hosts. No I/O.
 */
export function fixedProblems(
    stack: string,
    { hosts, addressPools, labSubnet, aws, engine, swarm }: Settings,
    fixed: Fixed,
    loseSwarm = false,
): Problem[] {
    const problems: Problem[] = [];
    const refuse = (key: string, now: string | undefined, wanted: string | undefined, way: string) => {
        if (now === undefined || wanted === undefined || now === wanted) return;
        problems.push({
            id: "STACK_FIXED",
            problem: `skep:${key} is ${wanted}, and the stack "${stack}" stands with ${now}, which it cannot change.`,
            advice: `Set it back to ${now}; ${way}`,
        });
    };
    const anew =
        "to have it otherwise, bring up a second stack with the new value, move your services there, then destroy this one.";
    if (fixed.hosts !== undefined && fixed.hosts !== hosts) {
        refuse("hosts", fixed.hosts, hosts, anew);
        return problems;
    }
    if (!loseSwarm)
        refuse(
            "addressPools.overlay",
            fixed.overlay,
            addressPools.overlay,
            `${anew} To put a new, empty swarm on the same hosts: npm run up -- --stack ${stack} --lose-swarm ${stack}.`,
        );
    if (!loseSwarm)
        refuse(
            "swarm.dataPathPort",
            fixed.dataPathPort?.toString(),
            (swarm.dataPathPort ?? DATA_PATH_PORT).toString(),
            `${anew} To put a new, empty swarm on the same hosts: npm run up -- --stack ${stack} --lose-swarm ${stack}.`,
        );
    if (fixed.storage)
        for (const key of ["dataRoot", "storageDriver", "imageStore"] as const)
            refuse(
                `engine.${key}`,
                fixed.storage[key] ?? BY_ENGINE,
                engine[key] ?? BY_ENGINE,
                `${anew} Hosts that change it in place lose their membership and their images.`,
            );
    if (hosts === "lab") refuse("labSubnet", fixed.labSubnet, labSubnet, anew);
    refuse("aws.region", fixed.region, aws?.region, anew);
    refuse("aws.network.range", fixed.range, aws?.network.range, anew);
    refuse("aws.network.subnets", fixed.subnets, aws?.network.subnets, anew);
    refuse("aws.registryStorage", fixed.registryStorage, aws?.registryStorage, anew);
    return problems;
}
