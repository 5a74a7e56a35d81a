// Settings of hosts on EC2, `skep:aws`: each with its meaning and default, and every refusal that needs no AWS.

import { z } from "zod";
import type { Problem } from "../errors";
import { overlaps, parseRange } from "../planning/addresses";
import { MAX_PREFIX, MIN_PREFIX } from "../planning/aws-addresses";
import { SYSTEMS, type System } from "../planning/systems";

const range = z
    .string()
    .refine((text) => parseRange(text) !== undefined, { error: "a range is written as in 203.0.113.0/24" });
const port = z.number().int().min(1).max(65535);

const machine = (type: string, diskGib: number) =>
    z
        .strictObject({
            /** Instance type. */
            type: z
                .string()
                .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, {
                    error: "an instance type is written as in t3.small",
                })
                .default(type),
            /** Root volume (gp3, encrypted) in GiB. */
            diskGib: z.number().int().min(8).max(16384).default(diskGib),
        })
        .prefault({});

export const awsSchema = z.strictObject({
    /** The region, such as `eu-central-1`. */
    region: z
        .string({ error: "the region must be named, as in eu-central-1" })
        .regex(/^[a-z]{2,}(-[a-z]+)+-\d$/, {
            error: "a region is written as in eu-central-1",
        }),
    /** Another address of AWS's API, for every service; such as a stand-in for tests. Default: AWS's own. */
    endpoint: z.url({ error: "endpoint is a URL", protocol: /^https?$/ }).optional(),
    /** The VPC. */
    network: z
        .strictObject({
            /** Its range, /16 to /22: split into 16 equal parts, one for each subnet. Default 10.60.0.0/16. */
            range: range.default("10.60.0.0/16"),
            /** Where hosts are: `public` subnets, or `private` ones that reach out through NAT. Default `public`. */
            subnets: z
                .enum(["public", "private"], { error: "subnets is public or private" })
                .default("public"),
            /** With private subnets: `one` NAT gateway, or one in each zone (`zone`), each about 33 USD a month. Default `one`. */
            nat: z.enum(["one", "zone"], { error: "nat is one or zone" }).default("one"),
        })
        .prefault({}),
    /** Ranges that may use SSH, the engine's API and the registry. No default: yours, such as 203.0.113.7/32. */
    adminCidrs: z
        .array(range, { error: "adminCidrs is a list of ranges, such as your own address with /32" })
        .min(1, {
            error: "adminCidrs needs at least one range, or nobody could set the hosts up",
        }),
    /** Allows ranges wider than a /8 in adminCidrs. Default false. */
    allowPublicAdmin: z.boolean().default(false),
    /** Ranges that reach published ports. Default: everybody. */
    appCidrs: z.array(range).default(["0.0.0.0/0"]),
    /** Published ports of stacks of your own, beside the sample's. Default none. */
    appPorts: z.array(port).max(20).default([]),
    /** The address this machine reaches hosts by. Default: `public` with public subnets, else `private`. */
    connectVia: z.enum(["public", "private"], { error: "connectVia is public or private" }).optional(),
    /** The operating system of hosts. */
    image: z
        .strictObject({
            /** `debian-12`, `debian-13`, `ubuntu-22.04` or `ubuntu-24.04`. Default `debian-12`. */
            system: z
                .enum(Object.keys(SYSTEMS) as [System, ...System[]], {
                    error: `system is one of ${Object.keys(SYSTEMS).join(", ")}`,
                })
                .default("debian-12"),
            /** `x86_64` or `arm64`; images of workloads must be of the same kind. Default `x86_64`. */
            architecture: z
                .enum(["x86_64", "arm64"], { error: "architecture is x86_64 or arm64" })
                .default("x86_64"),
            /** An image of your own, of that system. Default: the newest official one at a host's making. */
            ami: z
                .string()
                .regex(/^ami-[0-9a-f]{8,17}$/, { error: "ami is written as in ami-0123456789abcdef0" })
                .optional(),
        })
        .prefault({}),
    /** Managers' machines. Default t3.small, 20 GiB. */
    manager: machine("t3.small", 20),
    /** Workers' machines. Default t3.small, 30 GiB. */
    worker: machine("t3.small", 30),
    /**
     * Hosts that the next up may replace to follow changed settings (image, type, disk, user data). All others keep
     * what they were made with, whatever changes. One manager at a time. Default none.
     */
    renew: z
        .array(z.string().regex(/^(manager|worker)-\d+$/, { error: "renew names hosts, such as worker-2" }))
        .default([]),
    /** AWS refuses to terminate the hosts until this is turned off again. Default false. */
    terminationProtection: z.boolean().default(false),
    /** Where the registry keeps images: a `volume` of its node, or `s3`, where they outlive it. Default `volume`. */
    registryStorage: z.enum(["volume", "s3"], { error: "registryStorage is volume or s3" }).default("volume"),
    /** A network load balancer over all zones in front of the published ports, about 17 USD a month. Default false. */
    loadBalancer: z.boolean().default(false),
    /** Tags for everything, beside `Name`, `io.skep.stack` and `io.skep.role`. Default none. */
    tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
});

export type AwsSettings = z.output<typeof awsSchema> & {
    /** The zones asked for by name, or undefined where only their number was. */
    zoneNames?: string[];
};

/** What the rules between settings look at, of those that all kinds of hosts share. */
export interface Shared {
    zones: number;
    managers: number;
    workers: number;
    addressPools: { overlay: string; bridge: string };
}

const WIDEST_ADMIN_PREFIX = 8;
const prefixOf = (text: string) => Number(text.split("/")[1]);

/** Rules between settings. */
export function checkAws(aws: z.output<typeof awsSchema>, shared: Shared): Problem[] {
    const problems: Problem[] = [];
    const refuse = (id: Problem["id"], problem: string, advice: string) =>
        problems.push({ id, problem, advice });

    const open = aws.adminCidrs.filter((cidr) => prefixOf(cidr) < WIDEST_ADMIN_PREFIX);
    if (open.length > 0 && !aws.allowPublicAdmin)
        refuse(
            "AWS_ADMIN_OPEN",
            `skep:aws.adminCidrs opens SSH and the engine's API to ${open.join(", ")}.`,
            "Name the ranges that administrators come from, or set skep:aws.allowPublicAdmin to true.",
        );
    const { range: vpc, subnets } = aws.network;
    if (prefixOf(vpc) < MIN_PREFIX || prefixOf(vpc) > MAX_PREFIX)
        refuse(
            "AWS_RANGE_SIZE",
            `skep:aws.network.range is a /${prefixOf(vpc)}, and a VPC that is split into subnets is a /${MIN_PREFIX} to /${MAX_PREFIX}.`,
            "Take a range such as 10.60.0.0/16.",
        );
    for (const [key, pool] of Object.entries(shared.addressPools))
        if (overlaps(vpc, pool))
            refuse(
                "RANGES_OVERLAP",
                `skep:aws.network.range (${vpc}) and skep:addressPools.${key} (${pool}) overlap, and containers could not tell them apart.`,
                "Change one of them to a range of its own.",
            );
    if (aws.connectVia === "public" && subnets === "private")
        refuse(
            "AWS_CONNECT_VIA",
            "skep:aws.connectVia is public, and hosts in private subnets have no public address.",
            "Set it to private and connect through a VPN or from inside the VPC, or use public subnets.",
        );
    const managers = aws.renew.filter((host) => host.startsWith("manager-"));
    if (managers.length > 1)
        refuse(
            "AWS_RENEW_MANAGERS",
            `skep:aws.renew names ${managers.join(" and ")}, and replacing managers together can cost the quorum.`,
            "Name one manager, run up, then name the next.",
        );
    if (aws.renew.length > 0 && aws.terminationProtection)
        refuse(
            "AWS_RENEW_PROTECTED",
            `skep:aws.renew names ${aws.renew.join(" and ")}, and skep:aws.terminationProtection keeps AWS from ending hosts.`,
            "Set terminationProtection to false and run up, then renew, then set it back.",
        );
    const known = (host: string) => {
        const [role, ordinal] = host.split("-");
        const count = role === "manager" ? shared.managers : shared.workers;
        return Number(ordinal) >= 1 && Number(ordinal) <= count;
    };
    const unknown = aws.renew.filter((host) => !known(host));
    if (unknown.length > 0)
        refuse(
            "AWS_RENEW_UNKNOWN",
            `skep:aws.renew names ${unknown.join(", ")}, which the stack does not have.`,
            `It has ${shared.managers} managers and ${shared.workers} workers, counted from 1.`,
        );
    const reserved = Object.keys(aws.tags).filter((key) => /^(aws:|io\.skep\.|Name$)/.test(key));
    if (reserved.length > 0)
        refuse(
            "AWS_TAGS",
            `skep:aws.tags sets ${reserved.join(", ")}, which AWS or Skep sets itself.`,
            "Take other names.",
        );
    return problems;
}
