// Which repository hosts on EC2 install docker-ce from, and which of its packages suit them.

import type { Settings } from "../../config/settings";
import type { AwsSettings } from "../../config/aws";
import { SYSTEMS, type System } from "../../planning/systems";
import type { DockerRepository } from "../../scripts/setup/repository";

/** The repository that set-up found. If it is Docker's own, the part of it for the instances' system. */
export function instanceRepository({ image }: AwsSettings, found: DockerRepository): DockerRepository {
    if (found.kind !== "official") return found;
    const { distribution } = SYSTEMS[image.system];
    return { ...found, url: found.url.replace(/\/debian$/, `/${distribution}`) };
}

/** The system and architecture of the hosts that take a stack's packages. Without an architecture, it is this machine's. */
export function packagesFor({ hosts, aws }: Settings): { system: System; architecture?: string } {
    if (hosts === "lab" || !aws) return { system: "debian-12" };
    const { system, architecture } = aws.image;
    return { system, architecture: architecture === "arm64" ? "arm64" : "amd64" };
}
