// The checks of a standing swarm, in the order in which one looks at them.
import type { Check } from "./check";
import { dataPath } from "./data-path";
import { drift } from "./drift";
import { leader } from "./leader";
import { nodes } from "./nodes";
import { certificates, clocks, disks, hosts, lock, logs, reboots, versions } from "./on-hosts";
import { registry, registryEverywhere } from "./registry";
import { stacks } from "./stacks";
import { votes } from "./votes";

/** Checks that only ask: all together take less than a second. */
export const QUICK_CHECKS: readonly Check[] = [nodes, leader, stacks, registry];

/** Checks that start something on hosts, and take seconds. */
export const THOROUGH_CHECKS: readonly Check[] = [dataPath];

/** All checks, for somebody who wants to know: each host is asked for more than a look after an `up` needs. */
export const ALL_CHECKS: readonly Check[] = [
    hosts,
    nodes,
    votes,
    leader,
    stacks,
    drift,
    dataPath,
    registryEverywhere,
    lock,
    certificates,
    clocks,
    disks,
    logs,
    versions,
    reboots,
];
