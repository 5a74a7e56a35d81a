// The checks of a standing swarm, in the order in which one looks at them.
import type { Check } from "./check";
import { dataPath } from "./data-path";
import { leader } from "./leader";
import { nodes } from "./nodes";
import { registry } from "./registry";
import { stacks } from "./stacks";

/** Checks that only ask: all together take less than a second. */
export const QUICK_CHECKS: readonly Check[] = [nodes, leader, stacks, registry];

/** Checks that start something on hosts, and take seconds. */
export const THOROUGH_CHECKS: readonly Check[] = [dataPath];
