// Inputs that several resources of the provider share.
import type { HostInput } from "../../swarm/ssh";
import type { Props } from "../runtime/types";

/** A resource about one host. */
export type OnHost = {
    host: HostInput;
    /** The host's identity: another one is a new host. */
    hostId: string;
};

/** A resource that asks a swarm. */
export type InSwarm = {
    clusterId: string;
    /** All hosts that manage the swarm. */
    managers: HostInput[];
};

/** The state without outputs that only exist after create: the inputs as check would have produced them. */
export function inputsOf<S extends object, K extends keyof S>(state: S, computed: readonly K[]): Omit<S, K> {
    const inputs = Object.entries(state).filter(([key]) => !(computed as readonly string[]).includes(key));
    return Object.fromEntries(inputs) as Omit<S, K>;
}

/** For `entries`: the keys of an input are its entries. */
export function itself(value: unknown): Props {
    return value as Props;
}
