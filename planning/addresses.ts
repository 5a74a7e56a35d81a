// Address arithmetic: which ranges overlap, which part of the lab's subnet each zone has, each host's fixed address.

import { Address4 } from "ip-address";
import type { PlacedHost } from "./placement";

/** Parses a network range such as `10.190.0.0/20`; undefined when the text is not a range. */
export function parseRange(text: string): Address4 | undefined {
    if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(text) || !Address4.isValid(text)) return undefined;
    const range = new Address4(text);
    return range.startAddress().correctForm() === range.correctForm() ? range : undefined;
}

/** The length of a range's prefix: 20 for `10.190.0.0/20`. */
export function prefixOf(range: string): number {
    return Number(range.split("/")[1]);
}

/** Whether two ranges, such as `10.0.0.0/8`, have an address in common. */
export function overlaps(a: string, b: string): boolean {
    const [first, second] = [new Address4(a), new Address4(b)];
    return (
        first.startAddress().bigInt() <= second.endAddress().bigInt() &&
        second.startAddress().bigInt() <= first.endAddress().bigInt()
    );
}

/** The address at `offset` from the start of `range`. */
export function addressAt(range: string, offset: number): string {
    return Address4.fromBigInt(new Address4(range).startAddress().bigInt() + BigInt(offset)).correctForm();
}

/**
 * The range of one zone in a lab subnet. Each zone has a /24, and a /20 has room for 15 of them: the first /24 holds the
 * bridge's own address and the gateway.
 */
export function labZoneRange(subnet: string, zoneIndex: number): string {
    return `${addressAt(subnet, (zoneIndex + 1) * 256)}/24`;
}

/** The bridge's own address. It lies outside every zone's range, so cutting off a zone never cuts off the machine itself. */
export function labBridge(subnet: string): string {
    return addressAt(subnet, 1);
}

/** The address of the container that publishes the ports of swarm stacks; outside every zone's range, too. */
export function labGateway(subnet: string): string {
    return addressAt(subnet, 2);
}

/** A lab host's fixed address in its zone's range: managers start at .11, workers at .101. */
export function labAddress(subnet: string, host: PlacedHost): string {
    const first = host.role === "manager" ? 10 : 100;
    return addressAt(labZoneRange(subnet, host.zoneIndex), first + host.ordinal);
}

/** The ranges in Linux's routing table (`/proc/net/route`), without the default route. */
export function routedRanges(table: string): string[] {
    return table.split("\n").flatMap((line) => {
        const [, destination = "", , , , , , mask = ""] = line.split("\t");
        if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask.trim())) return [];
        const prefix = [...littleEndian(mask)].reduce(
            (bits, byte) => bits + byte.toString(2).replaceAll("0", "").length,
            0,
        );
        return prefix === 0 ? [] : [`${littleEndian(destination).join(".")}/${prefix}`];
    });
}

/** The bytes of an address. The routing table writes them in reverse order. */
function littleEndian(hex: string): number[] {
    return [6, 4, 2, 0].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** The subnets that a lab may take, in the order in which Skep tries them. */
export function labSubnets(): string[] {
    return Array.from({ length: 16 }, (_, i) => `10.190.${i * 16}.0/20`);
}

/** The first lab subnet that overlaps no range in `taken`; undefined when there is none. */
export function chooseLabSubnet(taken: readonly string[]): string | undefined {
    return labSubnets().find((subnet) => !taken.some((range) => overlaps(subnet, range)));
}
