// Which repository hosts on EC2 install docker-ce from, and which of its packages suit them.

import type { Settings } from "../../config/settings";
import type { AwsSettings } from "../../config/aws";
import { SYSTEMS } from "../../planning/systems";
import type { DockerRepository } from "../../scripts/setup/repository";

/** The repository that set-up found. If it is Docker's own, the part of it for the instances' system. */
export function instanceRepository({ image }: AwsSettings, found: DockerRepository): DockerRepository {
    if (found.kind !== "official") return found;
    const { distribution } = SYSTEMS[image.system];
    return { ...found, url: found.url.replace(/\/debian$/, `/${distribution}`) };
}

/** The suite and architecture of the packages that a stack's hosts take. */
export function packagesFor({ hosts, aws }: Settings): { suite: string; architecture?: string } {
    if (hosts === "lab" || !aws) return { suite: "bookworm" };
    const { system, architecture } = aws.image;
    return { suite: SYSTEMS[system].suite, architecture: architecture === "arm64" ? "arm64" : "amd64" };
}
