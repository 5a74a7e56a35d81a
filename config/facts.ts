// The facts of a stack: what Skep chose for it once. Their home is the stack's state, as outputs of the component of its
// hosts. program.ts writes them with every up, and commands read them from there (cli/stack/facts.ts).

import type { GatewayPort } from "../planning/ports";
import { GENERATED, type Settings } from "./settings";

/** The Docker engine that runs a lab's hosts. */
export interface LabEngine {
    /** The engine's own id, which lasts as long as the engine's data. */
    id: string;
    /** Its last known address, in the form of DOCKER_HOST. */
    endpoint: string;
}

/** The settings of `skep:engine` that hosts keep for good, since their data would be lost with a change. */
export type EngineStorage = Pick<Settings["engine"], "dataRoot" | "storageDriver" | "imageStore">;

type Chosen = Partial<Pick<Settings, (typeof GENERATED)[number]>>;

/** What `skep rotate` makes anew, each with how often it has done so. */
export interface Rotations {
    unlockKey?: number;
    joinTokens?: number;
    ca?: number;
    registryPassword?: number;
    /** The first password of the registry that is still valid, by its number. Default: the first of all. */
    endedRegistryPasswords?: number;
    sshKey?: number;
    /** The first login key that is still valid, by its number. Default: the first of all. */
    endedSshKeys?: number;
}

/** The chosen settings, and other facts that later commands must respect. None is secret. */
export interface Facts extends Chosen {
    /** The kind of plugins that made the stack. */
    plugins?: string;
    /** The Docker engine that runs the hosts; for labs only. */
    engine?: LabEngine;
    /** How engines store their data, where the settings said so. */
    storage?: EngineStorage;
    /** Where the gateway publishes the ports of swarm stacks; for labs only. */
    gateway?: GatewayPort[];
    /** How often keys were rotated. Default: never. */
    rotations?: Rotations;
}

/** The facts that are settings, without missing ones. */
export function chosenSettings(facts: Chosen): Chosen {
    return Object.fromEntries(
        GENERATED.flatMap((key) => (facts[key] === undefined ? [] : [[key, facts[key]]])),
    );
}
