// Settings of the registry, `skep:registry`: the meaning and default of each, and the checks between them.

import { z } from "zod";
import { formatProblem, type Problem } from "../errors";
import type { AwsSettings } from "./aws";
import { availabilityOf, type MemberSettings } from "../planning/members";
import type { PlacedHost } from "../planning/placement";
import { group, port, text, url, whole } from "./values";
import { chooseRegistryHosts } from "../planning/registry-hosts";

const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;

/** The secret settings with the keys of `registry.s3`. Pulumi keeps them encrypted. */
export const KEY_SETTINGS = {
    accessKeyId: "registryAccessKeyId",
    secretAccessKey: "registrySecretAccessKey",
} as const;

const key = (name: keyof typeof KEY_SETTINGS) =>
    z
        .undefined({
            error: `keys are secret and must not stand here: give it as the secret setting skep:${KEY_SETTINGS[name]}, or in the environment`,
        })
        .optional();

export const registrySchema = group({
    /** The name by which nodes pull. Default `registry.skep.internal`. */
    name: text(DNS_NAME, "a DNS name of two parts or more, such as registry.skep.internal").default(
        "registry.skep.internal",
    ),
    /** The registry's port on the nodes that run it. Default 5000. */
    port: port(5000).default(5000),
    /** The user for pushes and pulls. Default `skep`. */
    user: text(
        /^[a-z][a-z0-9-]{0,29}$/,
        "a lower-case letter, then letters, digits and dashes, 30 at most, such as skep",
    ).default("skep"),
    /** Number of hosts that run it, spread over the zones; more than one needs object storage. Default 1. */
    replicas: whole(1, 100, 1).default(1),
    /** Keeps images in your own bucket, on S3 or a service with its API. Default: a volume of the registry's host. */
    s3: group({
        /** The bucket; it must exist. */
        bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of a bucket, such as my-images"),
        /** The bucket's region, such as `eu-central-1`. */
        region: text(/^[a-z0-9][a-z0-9-]*$/, "the bucket's region, such as eu-central-1"),
        /** The URL at which hosts reach the API. Default: AWS's own. */
        endpoint: url("https://s3.example").optional(),
        /** The prefix of all objects in the bucket. Default `registry`. */
        prefix: text(/^[\w.-]+(\/[\w.-]+)*$/, "a folder in the bucket, such as images/swarm").default(
            "registry",
        ),
        accessKeyId: key("accessKeyId"),
        secretAccessKey: key("secretAccessKey"),
    }).optional(),
});

export type RegistrySettings = z.output<typeof registrySchema>;
export type BucketSettings = NonNullable<RegistrySettings["s3"]>;

/** The settings that the rules need. */
interface Shared extends MemberSettings {
    hosts: "lab" | "aws";
    registry: RegistrySettings;
    aws?: Pick<AwsSettings, "registryStorage">;
    /** The hosts that an earlier up chose. */
    registryHosts?: readonly string[];
}

/** Whether images are on S3, where several registries can share them. */
function hasObjectStorage({ hosts, registry, aws }: Shared): boolean {
    return registry.s3 !== undefined || (hosts === "aws" && aws?.registryStorage === "s3");
}

/** Checks the registry's settings; reports all problems at once. */
export function checkRegistry(settings: Shared, hosts: readonly unknown[]): Problem[] {
    const { replicas, s3 } = settings.registry;
    const problems: Problem[] = [];
    if (replicas > 1 && !hasObjectStorage(settings))
        problems.push({
            id: "REGISTRY_STORAGE",
            problem: `skep:registry.replicas is ${replicas}, and registries on several hosts cannot share a volume of one.`,
            advice:
                settings.hosts === "aws"
                    ? "Set skep:aws.registryStorage to s3, or skep:registry.replicas to 1."
                    : "Give them a bucket by skep:registry.s3, or set skep:registry.replicas to 1.",
        });
    if (replicas > hosts.length)
        problems.push({
            id: "REGISTRY_REPLICAS",
            problem: `skep:registry.replicas is ${replicas}, one a host, and the stack has ${hosts.length}.`,
            advice: `Set it to ${hosts.length} or less; one in each zone is enough.`,
        });
    if (s3 && settings.hosts === "aws" && settings.aws?.registryStorage === "s3")
        problems.push({
            id: "REGISTRY_STORAGE",
            problem:
                "skep:registry.s3 names a bucket of yours, and skep:aws.registryStorage asks for one of the stack's own.",
            advice: "Take one of the two out.",
        });
    return problems;
}

/** Warnings: the registry would lose its images, or no host of it takes tasks. */
export function registryWarnings(settings: Shared, hosts: readonly PlacedHost[]): string[] {
    const kept = settings.registryHosts ?? [];
    const names = chooseRegistryHosts(hosts, settings.registry.replicas, kept);
    const warnings: string[] = [];
    const gone = kept.filter((name) => !hosts.some((host) => host.name === name));
    if (gone.length > 0 && !hasObjectStorage(settings))
        warnings.push(
            formatProblem({
                id: "REGISTRY_MOVES",
                problem: `The registry's images are on ${gone.join(", ")}, which goes: it begins empty on ${names.join(", ")}, and gets only Skep's own images again.`,
                advice: "Push yours again after the up, or leave that host; images on S3 (skep:registry.s3, skep:aws.registryStorage) outlive hosts.",
            }),
        );
    const running = hosts.filter(
        (host) => names.includes(host.name) && availabilityOf(host, settings) !== "drain",
    );
    if (running.length === 0)
        warnings.push(
            names.length === 1
                ? `${names.join()} runs the registry and is drained: until it is active again, nothing can be pulled or pushed.`
                : `${names.join(", ")} run the registry and are drained: until one is active again, nothing can be pulled or pushed.`,
        );
    return warnings;
}
