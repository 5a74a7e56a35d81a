// Where hosts on EC2 install docker-ce from, and which of its packages suit them.

import type { Settings } from "../../config";
import { type AwsSettings, SYSTEMS } from "../../planning/aws-settings";
import type { DockerRepository } from "../setup/repository";

/** The mirror that the settings name, else Docker's own for the instances' system. */
export function instanceRepository(
    { repository, image }: AwsSettings,
    official: DockerRepository,
): DockerRepository {
    if (repository) return { kind: "official", ...repository };
    const { distribution } = SYSTEMS[image.system];
    return { ...official, url: official.url.replace(/\/debian$/, `/${distribution}`) };
}

/** The suite and architecture of the packages that a stack's hosts take. */
export function packagesFor({ hosts, aws }: Settings): { suite: string; architecture?: string } {
    if (hosts === "lab" || !aws) return { suite: "bookworm" };
    const { system, architecture } = aws.image;
    return { suite: SYSTEMS[system].suite, architecture: architecture === "arm64" ? "arm64" : "amd64" };
}
