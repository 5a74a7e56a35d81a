// The result of setup: where the commands find what they need.

import type { Pulumi } from "./pulumi";
import type { Images } from "./images";
import type { DockerRepository } from "./repository";

/**
 * The kinds of provider plugins.
 * - `official`: Pulumi's downloads.
 * - `standins`: Skep's own, for the parts that it uses.
 * - `real`: docker, random and tls built from the Go modules that the official ones wrap, stand-ins for the others.
 */
export const PLUGIN_KINDS = ["official", "standins", "real"] as const;
export type PluginKind = (typeof PLUGIN_KINDS)[number];

/** `pulumi` and its plugins: enough to read a stack's state and to destroy it. */
export interface PulumiTools {
    pulumi: Pulumi;
    /** A stack keeps the kind that it was made with. */
    plugins: PluginKind;
    /** PULUMI_HOME; unset with official plugins, which lie in the user's own. */
    pulumiHome?: string;
    /** The folder that holds the executable pulumi-resource-swarm. */
    swarmPlugin: string;
}

export interface Tools extends PulumiTools {
    /** The images on this machine's engine; unset where no hosts are made. */
    images?: Images;
    /** The repository that hosts install docker-ce from. */
    repository: DockerRepository;
}
