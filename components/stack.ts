// A swarm stack: one of Skep's compose files, rendered for this swarm and deployed after its nodes have joined.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type PublishMode, renderStack } from "../planning/compose";
import { Stack as SwarmStack } from "../providers/sdk/swarm";
import type { Swarm } from "./swarm";

export interface StackArgs {
    /** The folder in stacks/ with its compose.yaml. */
    folder: "registry" | "sample";
    /** The swarm that it runs on. */
    swarm: Swarm;
    /** Values of the ${NAMES} in the compose file. */
    variables: Record<string, pulumi.Input<string>>;
    /**
     * Values of the secrets that the compose file names. A changed value becomes a secret with another name, which updates
     * the services that use it.
     */
    secrets?: Record<string, pulumi.Input<string>>;
    /** As `secrets`, for values that are not secret. */
    configs?: Record<string, pulumi.Input<string>>;
    /** How services publish ports: through the routing mesh, or on the nodes that run a task. */
    publish: pulumi.Input<PublishMode>;
    /** Whether its networks are encrypted. A network that exists stays as it was made. */
    encrypted: pulumi.Input<boolean>;
    /**
     * The login of a private registry, which Docker passes to the nodes that pull. Default: nodes have the images already,
     * and no registry is asked.
     */
    registryAuth?: { server: string; username: string; password: pulumi.Output<string> };
    /** Whether Skep spreads tasks again when other nodes have fewer. Default false. */
    rebalance?: boolean;
    /** Resources of the images: the deployment waits for them. */
    images: readonly pulumi.Resource[];
}

/** One of the compose files in stacks/, deployed and running on the swarm. */
export class Stack extends pulumi.ComponentResource {
    readonly stack: SwarmStack;

    constructor(name: string, args: StackArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Stack", name, {}, opts);
        const text = stackFile(args.folder, "compose.yaml");
        const rendered = pulumi
            .all([args.variables, args.secrets ?? {}, args.configs ?? {}, args.publish, args.encrypted])
            .apply(([variables, secrets, configs, publish, encrypted]) =>
                renderStack({ text, stack: name, variables, secrets, configs, publish, encrypted }),
            );
        this.stack = new SwarmStack(
            `${name}-stack`,
            {
                clusterId: args.swarm.cluster.clusterId,
                managers: args.swarm.managers,
                name,
                // Pulumi marks the text as secret because names in it contain hashes of secrets; it has no secret itself.
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

/** Reads a file of stacks/. */
export function stackFile(folder: string, file: string): string {
    return readFileSync(resolve(__dirname, "../stacks", folder, file), "utf8");
}
