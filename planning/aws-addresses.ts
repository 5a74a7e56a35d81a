// The VPC's range cut into subnets, and managers' fixed addresses in them. Pure arithmetic: the same settings give the
// same addresses, and another number of zones or hosts moves nobody.

import { addressAt, parseRange } from "./addresses";

/** Bounds of the VPC's prefix: /16 is AWS's own, and a sixteenth of a /22 still has room for managers' addresses. */
export const MIN_PREFIX = 16;
export const MAX_PREFIX = 22;

/** The range is always cut into 16, so that a zone more or private subnets later leave the others where they are. */
const PARTS_BITS = 4;
const FIRST_PRIVATE = 8;
/** Managers' addresses: a /28 of each subnet, of which no other host gets one. */
const MANAGER_OFFSET = 16;
const MANAGER_PREFIX = 28;

export type SubnetKind = "public" | "private";

/** The subnet of a zone (counted from 0): public ones first, private ones in the second half. */
export function subnetRange(vpc: string, kind: SubnetKind, zoneIndex: number): string {
    const range = parseRange(vpc);
    if (!range) throw new Error(`${vpc} is no range`);
    const prefix = range.subnetMask + PARTS_BITS;
    const part = (kind === "private" ? FIRST_PRIVATE : 0) + zoneIndex;
    return `${addressAt(vpc, part * 2 ** (32 - prefix))}/${prefix}`;
}

/** The part of a subnet that EC2 gives to nobody by itself, since managers' addresses lie in it. */
export function managerRange(subnet: string): string {
    return `${addressAt(subnet, MANAGER_OFFSET)}/${MANAGER_PREFIX}`;
}

/** A manager's address for life: by its ordinal within the subnet of its zone. */
export function managerAddress(subnet: string, ordinal: number): string {
    return addressAt(subnet, MANAGER_OFFSET + ordinal);
}

/** AWS keeps five addresses of each subnet; the gateway to other networks and the load balancer take up to nine more. */
const OTHERS_IN_SUBNET = 14;

/** How many hosts other than managers have an address in each subnet of this VPC range. */
export function hostsInSubnet(vpc: string): number {
    const prefix = Number(vpc.split("/")[1]) + PARTS_BITS;
    return 2 ** (32 - prefix) - 2 ** (32 - MANAGER_PREFIX) - OTHERS_IN_SUBNET;
}
