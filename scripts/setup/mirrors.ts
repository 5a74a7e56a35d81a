// The sites that setup downloads from, or the mirrors that the environment names. The mirror of the hosts' docker-ce
// repository is a setting of the stack (config/repository.ts).

import { skepError } from "../../errors";

const PULUMI = "https://get.pulumi.com/releases/sdk";

/** The URL of Pulumi's releases, without a last slash: SKEP_PULUMI_URL, else Pulumi's own. */
export function pulumiDownloads(environment: NodeJS.ProcessEnv = process.env): string {
    const url = environment.SKEP_PULUMI_URL || PULUMI;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
        throw skepError(
            "MIRROR_SETTING",
            `SKEP_PULUMI_URL is "${url}", which is no URL.`,
            `Set it to the address that stands for ${PULUMI}, or unset it.`,
        );
    return url.replace(/\/+$/, "");
}

const REGISTRY = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/i;

/** The registry in place of Docker Hub, `host[:port][/prefix]`: SKEP_DOCKER_HUB; undefined for Docker Hub itself. */
export function dockerHubMirror(environment: NodeJS.ProcessEnv = process.env): string | undefined {
    const mirror = environment.SKEP_DOCKER_HUB;
    if (!mirror) return undefined;
    const [host = ""] = mirror.split("/");
    // Docker takes any other first part for a user of Docker Hub.
    if (!REGISTRY.test(mirror) || !(/[.:]/.test(host) || host === "localhost"))
        throw skepError(
            "MIRROR_SETTING",
            `SKEP_DOCKER_HUB is "${mirror}", which is no registry.`,
            "Set it as in mirror.example:5000 or mirror.example/docker-hub, or unset it.",
        );
    return mirror;
}

/** The name under which this machine's engine pulls an image of Docker Hub. A mirror has official images in `library`. */
export function hubReference(name: string, mirror = dockerHubMirror()): string {
    if (mirror === undefined) return name;
    return `${mirror}/${name.includes("/") ? name : `library/${name}`}`;
}

/** Addresses of the registry with Docker Hub's images: it can be reached when one of them answers. */
export function hubProbes(mirror = dockerHubMirror()): string[] {
    if (mirror === undefined) return ["https://registry-1.docker.io/v2/"];
    const [host = ""] = mirror.split("/");
    // The engine also pulls without TLS: from this machine, and where its settings allow it.
    return [`https://${host}/v2/`, `http://${host}/v2/`];
}
