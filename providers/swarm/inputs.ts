// What several resources of the provider are given.
import type { HostInput } from "../../swarm/ssh";

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

/** State without what only exists after create: what check would have produced. */
export function inputsOf<S extends object, K extends keyof S>(state: S, computed: readonly K[]): Omit<S, K> {
    const inputs = Object.entries(state).filter(([key]) => !(computed as readonly string[]).includes(key));
    return Object.fromEntries(inputs) as Omit<S, K>;
}
