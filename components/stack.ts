// A stack on the swarm: one of our compose files, rendered for this swarm and deployed once its nodes are there.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type PublishMode, renderStack } from "../planning/compose";
import { Stack as SwarmStack } from "../providers/sdk/swarm";
import type { Swarm } from "./swarm";

export interface StackArgs {
    /** Folder of stacks/ that holds compose.yaml. */
    folder: "registry" | "sample";
    /** The swarm that it runs on. */
    swarm: Swarm;
    /** Values of the ${NAMES} in the compose file. */
    variables: Record<string, pulumi.Input<string>>;
    /** Values of the secrets that the compose file names: a changed one becomes a secret of another name, and its services are updated. */
    secrets?: Record<string, pulumi.Input<string>>;
    /** As `secrets`, for what need not be secret. */
    configs?: Record<string, pulumi.Input<string>>;
    /** How its ports are published: by the routing mesh, or on the nodes that run a task. */
    publish: pulumi.Input<PublishMode>;
    /** For images of a private registry; sent to the nodes that pull. Without it, nodes must have the images, and no registry is asked. */
    registryAuth?: { server: string; username: string; password: pulumi.Output<string> };
    /** Tasks are spread again when there are nodes with fewer. */
    rebalance?: boolean;
    /** Images that must be where the tasks pull them. */
    images: readonly pulumi.Resource[];
}

/** One of the compose files in stacks/, deployed and running. */
export class Stack extends pulumi.ComponentResource {
    readonly stack: SwarmStack;

    constructor(name: string, args: StackArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Stack", name, {}, opts);
        const text = stackFile(args.folder, "compose.yaml");
        const rendered = pulumi
            .all([args.variables, args.secrets ?? {}, args.configs ?? {}, args.publish])
            .apply(([variables, secrets, configs, publish]) =>
                renderStack({ text, stack: name, variables, secrets, configs, publish }),
            );
        this.stack = new SwarmStack(
            `${name}-stack`,
            {
                clusterId: args.swarm.cluster.clusterId,
                managers: args.swarm.managers,
                name,
                // The names that stand in it come from secrets by a hash; the text itself holds none.
                compose: pulumi.unsecret(rendered.compose),
                secrets: rendered.secrets,
                configs: pulumi.unsecret(rendered.configs),
                registryAuth: args.registryAuth,
                rebalance: args.rebalance ? args.swarm.activeNodes : undefined,
            },
            {
                parent: this,
                deletedWith: args.swarm.cluster,
                dependsOn: [...args.images, ...args.swarm.nodes.values()],
            },
        );
        this.registerOutputs();
    }
}

/** The text of a file of stacks/. */
export function stackFile(folder: string, file: string): string {
    return readFileSync(resolve(__dirname, "../stacks", folder, file), "utf8");
}
