// Which managers a backup copies, and in which order. No I/O.

import { type Member, majority } from "../membership";

/** How many managers a backup copies. Only a majority leaves both ways of restoring open. */
export const SHARES = ["majority", "all", "one"] as const;
export type Share = (typeof SHARES)[number];

/** A manager, for the choice. */
export interface Candidate extends Member {
    /** Whether the registry runs on it, which stops while this manager is saved. */
    hasRegistry: boolean;
}

/**
 * The managers to copy, in their order: the registry's host last, before it the leader, so that with enough others neither
 * has to stop. Managers that do not answer cannot be copied, and count all the same for the majority.
 */
export function chooseSaves(managers: readonly Candidate[], share: Share): Candidate[] {
    const counts = { one: 1, majority: majority(managers.length), all: managers.length };
    const cost = ({ hasRegistry, leader }: Candidate) => (hasRegistry ? 2 : 0) + (leader ? 1 : 0);
    return managers
        .filter(({ reachability }) => reachability === "reachable")
        .sort((one, other) => cost(one) - cost(other) || one.name.localeCompare(other.name))
        .slice(0, counts[share]);
}
