// How the VPC's range is cut into subnets, and which fixed address each manager has there. No I/O: the same settings give
// the same addresses, and adding or removing zones or hosts changes no other host's address.

import { addressAt, parseRange } from "./addresses";

/** Bounds of the VPC's prefix. /16 is AWS's own limit; a sixteenth of a /22 still has room for the managers' addresses. */
export const MIN_PREFIX = 16;
export const MAX_PREFIX = 22;

/** The range is always cut into 16 parts, so adding a zone or private subnets later moves no other subnet. */
const PARTS_BITS = 4;
const FIRST_PRIVATE = 8;
/** Managers' addresses come from a /28 of each subnet; no other host gets an address from it. */
const MANAGER_OFFSET = 16;
const MANAGER_PREFIX = 28;

export type SubnetKind = "public" | "private";

/** The range of a zone's subnet; zones count from 0. Public subnets have the first half of the VPC, private ones the second. */
export function subnetRange(vpc: string, kind: SubnetKind, zoneIndex: number): string {
    const range = parseRange(vpc);
    if (!range) throw new Error(`${vpc} is no range`);
    const prefix = range.subnetMask + PARTS_BITS;
    const part = (kind === "private" ? FIRST_PRIVATE : 0) + zoneIndex;
    return `${addressAt(vpc, part * 2 ** (32 - prefix))}/${prefix}`;
}

/** The part of a subnet that is reserved for managers: EC2 assigns no address from it by itself. */
export function managerRange(subnet: string): string {
    return `${addressAt(subnet, MANAGER_OFFSET)}/${MANAGER_PREFIX}`;
}

/** A manager's fixed address: its ordinal counted from the start of the reserved part of its zone's subnet. */
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
