// Where set-up's downloads come from: the sites themselves, or mirrors that the environment names. A mirror of the hosts'
// docker-ce repository is a setting of a stack, `skep:repository`: config/repository.ts.

import { skepError } from "../../errors";

const PULUMI = "https://get.pulumi.com/releases/sdk";

/** The folder with Pulumi's releases, without a last slash: SKEP_PULUMI_URL, or Pulumi's own. */
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
    // Docker takes a first part without a dot, a colon or this name for a user of Docker Hub.
    if (!REGISTRY.test(mirror) || !(/[.:]/.test(host) || host === "localhost"))
        throw skepError(
            "MIRROR_SETTING",
            `SKEP_DOCKER_HUB is "${mirror}", which is no registry.`,
            "Set it as in mirror.example:5000 or mirror.example/docker-hub, or unset it.",
        );
    return mirror;
}

/** What an image of Docker Hub is called where this machine's engine pulls it; official images lie in `library`. */
export function hubReference(name: string, mirror = dockerHubMirror()): string {
    if (mirror === undefined) return name;
    return `${mirror}/${name.includes("/") ? name : `library/${name}`}`;
}

/** Addresses of which one answers where the registry of Docker Hub's images can be reached. */
export function hubProbes(mirror = dockerHubMirror()): string[] {
    if (mirror === undefined) return ["https://registry-1.docker.io/v2/"];
    const [host = ""] = mirror.split("/");
    // The engine takes a registry without TLS on this machine, and where its own settings allow one.
    return [`https://${host}/v2/`, `http://${host}/v2/`];
}
