// The facts of a stack: what Skep chose for it. They are in the stack's state, which program.ts writes. The file beside
// the state holds what a command chose before the first up, and the facts of stacks that an older Skep brought up.

import { isDeepStrictEqual } from "node:util";
import { type Facts, chosenSettings } from "../../config/facts";
import type { ReadySettings } from "../../config/settings";
import { skepError } from "../../errors";
import { chooseRegistryHosts } from "../../planning/registry-hosts";
import { placementOf } from "../../planning/zone-moves";
import { type Fixed, fixedIn, storageOf } from "./fixed";
import { PLUGIN_KINDS, type PluginKind } from "../../scripts/setup/tools";
import type { StateResource } from "../../config/state";
import { type Sizes, sizesIn } from "../pulumi/sizes";
import type { StateReader } from "../pulumi/state";

/** A stack's facts, and where they were found. */
export interface FoundFacts {
    facts: Facts;
    /** `nowhere` if the stack is new, or if its facts are lost. */
    from: "state" | "file" | "nowhere";
    /** Whether the state has resources of the stack. */
    isUp: boolean;
    /** Whether the state has the swarm. */
    hasSwarm: boolean;
    /** Whether a run that was killed, or one that is at work now, has begun operations whose end nobody knows yet. */
    hasPending: boolean;
    /** Whether Pulumi refuses to delete some of it. */
    isProtected: boolean;
    /** How many resources each part of the stack has in the state. */
    sizes: Sizes;
    /** What the stack was made with and cannot change. */
    fixed: Fixed;
}

/** The facts in the state, else `kept`, those in the file. Without a reader, there is no state to read. */
export async function findFacts(kept: Facts, reader?: StateReader): Promise<FoundFacts> {
    const { resources = [], hasPending = false } = (await reader?.state()) ?? {};
    const isUp = resources.some(({ type, custom }) => custom && !type.startsWith("pulumi:"));
    const hasSwarm = resources.some(({ type }) => type === "swarm:index:Cluster");
    const isProtected = resources.some(({ protect }) => protect);
    const stands = {
        isUp,
        hasSwarm,
        hasPending,
        isProtected,
        sizes: sizesIn(resources),
        fixed: fixedIn(resources),
    };
    const facts = factsIn(resources);
    if (facts) return { facts, from: "state", ...stands };
    return { facts: kept, from: Object.keys(kept).length > 0 ? "file" : "nowhere", ...stands };
}

/** The facts in a state; undefined if it has none. No I/O. */
export function factsIn(resources: readonly StateResource[]): Facts | undefined {
    const hosts = resources.find(({ type }) => type.startsWith("skep:hosts:"));
    const facts = hosts?.outputs?.facts as Facts | undefined;
    if (!facts) return undefined;
    // The swarm's outputs have the placement and the renewed hosts of the last up that made every host a member. The facts have the placement
    // with which that up began.
    const swarm = resources.find(({ type }) => type === "skep:index:Swarm");
    const { placement, renewed } = (swarm?.outputs ?? {}) as Pick<Facts, "placement" | "renewed">;
    return withoutMissing({ ...facts, ...(placement && { placement }), renewed });
}

/**
 * Throws FACTS_LOST if a stack stands and nobody knows what was chosen for it: as a new stack, it would get everything
 * anew.
 */
export function refuseLost(stack: string, { from, isUp }: FoundFacts): void {
    if (!isUp || from !== "nowhere") return;
    throw skepError(
        "FACTS_LOST",
        `The stack "${stack}" stands, and neither its state nor .skep/stacks/${stack}.yaml says which packages, places and addresses were chosen for it.`,
        `Run \`npm run up\` once in the copy of the project that brought it up: from then on the state says it. Or copy .skep/stacks/${stack}.yaml from there.`,
    );
}

/**
 * The facts that an up writes: what the settings say now; where the registry is, since later ups move it only if they
 * must; the plugins and the engine that the stack was made with; the gateway's ports;
 * and how often keys were rotated.
 */
export function factsOf(
    settings: ReadySettings,
    others: Pick<Facts, "plugins" | "engine" | "gateway" | "rotations">,
): Facts {
    const { hosts } = placementOf(settings);
    const { replicas } = settings.registry;
    const registryHosts = chooseRegistryHosts(hosts, replicas, settings.registryHosts);
    const storage = storageOf(settings);
    const hasStorage = Object.keys(storage).length > 0;
    const facts = { ...chosenSettings(settings), registryHosts, ...(hasStorage && { storage }), ...others };
    return withoutMissing(facts);
}

/** The facts without missing values. */
export function withoutMissing(facts: Facts): Facts {
    return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** Whether both facts are equal, wherever they were read. */
export function isSameFacts(one: Facts, other: Facts): boolean {
    return isDeepStrictEqual(withoutMissing(one), withoutMissing(other));
}

/** The kind of plugins that made the stack; undefined for a new one. */
export function madeWith({ plugins }: Facts): PluginKind | undefined {
    return PLUGIN_KINDS.find((kind) => kind === plugins);
}

/** Throws PLUGINS_MIXED if plugins of another kind made the stack: the kinds differ in what they keep in the state. */
export function refuseMixed(stack: string, facts: Facts, plugins: PluginKind): void {
    const made = madeWith(facts);
    if (made === undefined || made === plugins) return;
    throw skepError(
        "PLUGINS_MIXED",
        `The stack "${stack}" was made with ${made} plugins, and this machine now has ${plugins} ones.`,
        `Set SKEP_PLUGINS=${made} to go on as before, or destroy the stack first.`,
    );
}
