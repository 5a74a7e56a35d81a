// What setup hands to the commands: where everything that they need was found or put.

import type { Engine } from "./engine";
import type { Images } from "./images";
import type { DockerRepository } from "./repository";

/** The Pulumi engine and its plugins: enough to read a stack's state and to take it down. */
export interface PulumiTools {
    pulumi: Engine;
    /** Official provider plugins, or stand-ins; a stack made with one kind is not meant for the other. */
    plugins: "official" | "standins";
    /** PULUMI_HOME, set with stand-ins only. */
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
