// What setup hands to the commands: where everything that they need was found or put.

import type { Engine } from "./pulumi";
import type { Images } from "./images";
import type { DockerRepository } from "./repository";

/**
 * Where the provider plugins come from.
 * - `official`: Pulumi's downloads.
 * - `standins`: Skep's own, for what it uses of them.
 * - `real`: docker, random and tls built from the Go modules that the official ones wrap; stand-ins for the others.
 */
export const PLUGIN_KINDS = ["official", "standins", "real"] as const;
export type PluginKind = (typeof PLUGIN_KINDS)[number];

/** The Pulumi engine and its plugins: enough to read a stack's state and to take it down. */
export interface PulumiTools {
    pulumi: Engine;
    /** A stack made with one kind is not meant for another. */
    plugins: PluginKind;
    /** PULUMI_HOME, where it is not the user's own: unset with official plugins. */
    pulumiHome?: string;
    /** The folder that holds the executable pulumi-resource-swarm. */
    swarmPlugin: string;
}

export interface Tools extends PulumiTools {
    /** The images of the lab, on this machine's engine; set for the lab only. */
    images?: Images;
    /** Where hosts install docker-ce from. */
    repository: DockerRepository;
}
