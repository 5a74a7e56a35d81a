// A swarm stack: a compose file, rendered for this swarm and deployed after its nodes have joined.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { SkepError } from "../errors";
import {
    type ComposeInputs,
    type Named,
    type PublishMode,
    renderStack,
    stackFileProblems,
    summaryOf,
} from "../planning/compose";
import { Stack as SwarmStack } from "../providers/sdk/swarm";
import type { Swarm } from "./swarm";

/** A compose file, and the files beside it. */
export type ComposeFile = Required<Pick<ComposeInputs, "text" | "path">> & Pick<ComposeInputs, "files">;

export interface StackArgs {
    file: ComposeFile;
    /** Whether the file is Skep's own: then no variable has a secret, and a plan shows what changes in it. Default false. */
    isOwn?: boolean;
    /** The swarm that it runs on. */
    swarm: Swarm;
    /** Values of the variables in the compose file. */
    variables: Record<string, pulumi.Input<string>>;
    /** The names of images that services with `build:` were built to. Default: no service has any. */
    built?: Readonly<Record<string, string>>;
    /**
     * Values of the secrets that the compose file names. A changed value becomes a secret with another name, which updates
     * the services that use it.
     */
    secrets?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** As `secrets`, for values that are not secret. */
    configs?: Record<string, pulumi.Input<string>>;
    /** How services publish ports: through the routing mesh, or on the nodes that run a task. */
    publish: pulumi.Input<PublishMode>;
    /** Whether its networks are encrypted. A network that exists stays as it was made. */
    encrypted: pulumi.Input<boolean>;
    /**
     * Logins of registries by name and port, which Docker passes to the nodes that pull. Default: nodes have the images
     * already, and no registry is asked.
     */
    registryAuth?: Record<string, { username: pulumi.Input<string>; password: pulumi.Input<string> }>;
    /** Whether Skep spreads tasks again when other nodes have fewer. Default false. */
    rebalance?: boolean;
    /** How many seconds may pass without a task that moves on. Default 180. */
    timeoutSeconds?: number;
    /** Resources of the images: the deployment waits for them. */
    images: readonly pulumi.Resource[];
}

/** A compose file, deployed and running on the swarm. */
export class Stack extends pulumi.ComponentResource {
    readonly stack: SwarmStack;

    constructor(name: string, args: StackArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Stack", name, {}, opts);
        const { file, built: images, swarm } = args;
        const nodes = swarm.hosts.length;
        const rendered = pulumi
            .all([args.variables, args.secrets ?? {}, args.configs ?? {}, args.publish, args.encrypted])
            .apply(([variables, secrets, configs, publish, encrypted]) =>
                render({
                    ...{ ...file, stack: name, nodes, images },
                    ...{ variables, secrets, configs, publish, encrypted },
                }),
            );
        const summary = rendered.apply(({ services }) => summaryOf(services));
        const marks = rendered.apply((stack) => marksOf({ ...stack.secrets, ...stack.configs }));
        this.stack = new SwarmStack(
            `${name}-stack`,
            {
                clusterId: swarm.cluster.clusterId,
                managers: swarm.managers,
                name,
                // Names in it contain hashes of secrets, so Pulumi takes it for secret.
                compose: args.isOwn ? pulumi.unsecret(rendered.compose) : pulumi.secret(rendered.compose),
                secrets: rendered.secrets.apply(values),
                configs: pulumi.unsecret(rendered.configs.apply(values)),
                ...(!args.isOwn && { summary: pulumi.unsecret(summary), marks: pulumi.unsecret(marks) }),
                registryAuth: args.registryAuth,
                rebalance: args.rebalance ? swarm.activeNodes : undefined,
                timeoutSeconds: args.timeoutSeconds,
            },
            {
                parent: this,
                deletedWith: swarm.cluster,
                dependsOn: [...args.images, ...swarm.nodes.values()],
            },
        );
        this.registerOutputs();
    }
}

/** Renders a compose file, or refuses it with all of its problems. */
function render(inputs: ComposeInputs) {
    const rendered = renderStack(inputs);
    const problems = stackFileProblems(rendered);
    if (problems.length > 0) throw new SkepError(problems);
    return rendered;
}

function values(named: Record<string, Named>): Record<string, string> {
    return Object.fromEntries(Object.entries(named).map(([name, { value }]) => [name, value]));
}

/** What secrets and configs have beside their values. */
function marksOf(named: Record<string, Named>) {
    return Object.fromEntries(
        Object.entries(named)
            .filter(([, { labels, templateDriver }]) => labels ?? templateDriver)
            .map(([name, { labels, templateDriver }]) => [
                name,
                { ...(labels && { labels }), ...(templateDriver && { templateDriver }) },
            ]),
    );
}

/** One of Skep's own compose files. */
export function ownFile(folder: "registry" | "sample"): ComposeFile {
    return { text: stackFile(folder, "compose.yaml"), path: `stacks/${folder}/compose.yaml` };
}

/** Reads a file of stacks/. */
export function stackFile(folder: string, file: string): string {
    return readFileSync(resolve(__dirname, "../stacks", folder, file), "utf8");
}
