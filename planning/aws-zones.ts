// Which availability zones a stack uses, and which official image its hosts boot.

import type { Problem } from "../errors";
import { SYSTEMS, type System } from "./systems";

export interface ZoneChoice {
    zones?: string[];
    problem?: Problem;
}

/**
 * Chooses a zone for each entry of `wanted`: the named zone, else the next free zone in alphabetical order. `available` has
 * the region's zones that AWS calls available; `all` has the others too. A stack must stay manageable while one of its zones
 * is down, so an unavailable zone is chosen when there are not enough others. Neither list has local zones.
 */
export function chooseZones(
    wanted: readonly (string | undefined)[],
    available: readonly string[],
    all: readonly string[],
    region: string,
): ZoneChoice {
    const known = [...new Set([...available, ...all])].sort();
    const named = wanted.filter((zone) => zone !== undefined);
    const unknown = named.filter((zone) => !known.includes(zone));
    if (unknown.length > 0)
        return {
            problem: {
                id: "AWS_ZONE_UNKNOWN",
                problem: `${region} has no availability zone ${unknown.join(", ")} for this account.`,
                advice: `Set skep:zones to names among ${known.join(", ")}, or to a number.`,
            },
        };
    const isDown = (zone: string) => !available.includes(zone);
    const others = known.filter((zone) => !named.includes(zone));
    const first = [...others.filter((zone) => !isDown(zone)), ...others.filter(isDown)];
    const chosen = first.slice(0, wanted.length - named.length).sort();
    if (named.length + chosen.length === wanted.length)
        return { zones: wanted.map((zone) => zone ?? chosen.shift() ?? "") };
    return {
        problem: {
            id: "AWS_ZONES_FEW",
            problem: `${region} has ${known.length} availability zones for this account, and ${wanted.length} are asked.`,
            advice: `Set skep:zones to ${known.length} or less, or take another region.`,
        },
    };
}

/** How to find a system's official images: the publisher's account and a pattern of the image's name. */
export interface ImageQuery {
    owner: string;
    name: string;
    architecture: string;
}

/** https://wiki.debian.org/Cloud/AmazonEC2Image */
const DEBIAN = "136693071363";
/** https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
const CANONICAL = "099720109477";

/** The query for a system's newest official image. It names the owner's account, so it never finds somebody else's image. */
export function imageQuery(system: System, architecture: "x86_64" | "arm64"): ImageQuery {
    const { distribution, suite } = SYSTEMS[system];
    const label = architecture === "x86_64" ? "amd64" : "arm64";
    const version = system.split("-")[1] ?? "";
    if (distribution === "debian")
        return { owner: DEBIAN, name: `debian-${version}-${label}-*`, architecture };
    // Since 23.10 the names of Canonical's images have the volume type gp3.
    const volume = suite === "jammy" ? "hvm-ssd" : "hvm-ssd-gp3";
    return {
        owner: CANONICAL,
        name: `ubuntu/images/${volume}/ubuntu-${suite}-${version}-${label}-server-*`,
        architecture,
    };
}
