// Settings of hosts on EC2, `skep:aws`: the meaning and default of each, and every check that needs no AWS.

import { z } from "zod";
import type { Problem } from "../errors";
import { overlaps, prefixOf } from "../planning/addresses";
import { hostsInSubnet, MAX_PREFIX, MIN_PREFIX } from "../planning/aws-addresses";
import { listed } from "../planning/sentence";
import { SYSTEMS, type System } from "../planning/systems";
import { choice, flag, group, list, port, range, text, url, whole } from "./values";

const machine = (type: string, diskGib: number) =>
    group({
        /** Instance type. */
        type: text(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "an instance type, such as t3.small").default(type),
        /** Root volume (gp3, encrypted) in GiB. */
        diskGib: whole(8, 16384, diskGib).default(diskGib),
    }).prefault({});

export const awsSchema = group({
    /** The region, such as `eu-central-1`. */
    region: text(/^[a-z]{2,}(-[a-z]+)+-\d$/, "a region, such as eu-central-1"),
    /** Another URL for all services of AWS's API, for example of a stand-in for tests. Default: AWS's own. */
    endpoint: url("https://ec2.example").optional(),
    /** The VPC. */
    network: group({
        /** The VPC's range, /16 to /22. Skep splits it into 16 equal parts, one for each subnet. Default 10.60.0.0/16. */
        range: range("10.60.0.0/16").default("10.60.0.0/16"),
        /** Subnets of the hosts: `public`, or `private`, from which they reach the internet through NAT. Default `public`. */
        subnets: choice(["public", "private"]).default("public"),
        /** NAT gateways of private subnets: `one`, or one in each `zone`; each costs about 33 USD a month. Default `one`. */
        nat: choice(["one", "zone"]).default("one"),
    }).prefault({}),
    /** Ranges that may use SSH, the engine's API and the registry: yours, such as 203.0.113.7/32. No default. */
    adminCidrs: list(
        range("203.0.113.7/32"),
        "at least one range that administrators come from, such as [203.0.113.7/32]",
        {
            min: 1,
        },
    ),
    /** Allows ranges wider than a /8 in adminCidrs. Default false. */
    allowPublicAdmin: flag().default(false),
    /** Ranges that may use published ports. Default: everybody. */
    appCidrs: list(range("203.0.113.0/24"), "ranges, such as [0.0.0.0/0]").default(["0.0.0.0/0"]),
    /** Published ports of your own stacks; the sample's port is always among them. Default none. */
    appPorts: list(port(8081), "at most 20 ports, such as [8081]", { max: 20 }).default([]),
    /** Which address of a host this machine connects to. Default: `public` with public subnets, else `private`. */
    connectVia: choice(["public", "private"]).optional(),
    /** The operating system of hosts. */
    image: group({
        /** `debian-12`, `debian-13`, `ubuntu-22.04` or `ubuntu-24.04`. Default `debian-12`. */
        system: choice(Object.keys(SYSTEMS) as [System, ...System[]]).default("debian-12"),
        /** `x86_64` or `arm64`; the images of workloads must be of the same architecture. Default `x86_64`. */
        architecture: choice(["x86_64", "arm64"]).default("x86_64"),
        /** An image of your own, of that system. Default: the newest official one when Skep makes the host. */
        ami: text(/^ami-[0-9a-f]{8,17}$/, "an image's id, such as ami-0123456789abcdef0").optional(),
    }).prefault({}),
    /** Instances of managers. Default t3.small, 20 GiB. */
    manager: machine("t3.small", 20),
    /** Instances of workers. Default t3.small, 30 GiB. */
    worker: machine("t3.small", 30),
    /** Another spelling of `skep:renew`, for one release. */
    renew: list(
        text(/^(manager|worker)-\d+$/, "a host's name, such as worker-2"),
        "hosts' names, such as [worker-2]",
    ).default([]),
    /** While true, AWS refuses to terminate the hosts. Default false. */
    terminationProtection: flag().default(false),
    /** Where the registry keeps images: on a `volume` of its node, or on `s3`, where they outlive the node. Default `volume`. */
    registryStorage: choice(["volume", "s3"]).default("volume"),
    /** A network load balancer over all zones in front of the published ports, about 17 USD a month. Default false. */
    loadBalancer: flag().default(false),
    /** Tags of everything, in addition to `Name`, `io.skep.stack` and `io.skep.role`. Default none. */
    tags: z
        .record(
            z.string().regex(/^.{1,128}$/s),
            text(/^.{0,256}$/s, 'a text of up to 256 letters, such as "research"'),
            { error: "it must be texts by names of up to 128 letters, such as team: research" },
        )
        .default({}),
});

export type AwsSettings = z.output<typeof awsSchema> & {
    /** The zones that the settings name; undefined when they give only the number. */
    zoneNames?: string[];
};

/** Settings of all kinds of hosts that the rules for AWS need. */
export interface Shared {
    zones: number;
    managers: number;
    workers: number;
    /** The hosts to make anew that are not made anew yet. */
    renew: readonly string[];
    addressPools: { overlay: string; bridge: string };
}

const WIDEST_ADMIN_PREFIX = 8;

/** Checks the rules between the settings of AWS and the others; reports all problems at once. */
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
    const perZone = Math.ceil(shared.workers / shared.zones);
    if (prefixOf(vpc) < MIN_PREFIX || prefixOf(vpc) > MAX_PREFIX)
        refuse(
            "AWS_RANGE_SIZE",
            `skep:aws.network.range is a /${prefixOf(vpc)}, and a VPC that is split into subnets is a /${MIN_PREFIX} to /${MAX_PREFIX}.`,
            "Take a range such as 10.60.0.0/16.",
        );
    else if (perZone > hostsInSubnet(vpc))
        refuse(
            "AWS_RANGE_SIZE",
            `${shared.workers} workers over ${shared.zones} zones are ${perZone} in each, and a subnet of skep:aws.network.range (${vpc}) has addresses for ${hostsInSubnet(vpc)}.`,
            "Take a wider range, such as 10.60.0.0/16, more zones, or fewer workers.",
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
    if (shared.renew.length > 0 && aws.terminationProtection)
        refuse(
            "AWS_RENEW_PROTECTED",
            `skep:renew names ${listed(shared.renew)}, and skep:aws.terminationProtection keeps AWS from ending hosts.`,
            "Set terminationProtection to false and run up, then renew, then set it back.",
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
