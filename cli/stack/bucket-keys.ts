// The keys of the registry's bucket, if `skep:registry.s3` names one: the stack's secret settings, which Pulumi keeps
// encrypted, else what the AWS SDK finds in the environment or in profiles.

import type { Problem } from "../../errors";
import type { S3Keys } from "../../planning/registry-config";
import { KEY_SETTINGS } from "../../config/registry";
import { PREFIX } from "../../config/file";
import type { StackFiles } from "./settings";

interface Found {
    /** The keys from the environment; undefined if the stack's secret settings have them, or if none are needed. */
    keys?: S3Keys;
    problems: Problem[];
}

const ADVICE =
    "Give both keys, of a user that may use this bucket alone, as docs/operations.md says: in the environment, or as secret settings.";

/**
 * The keys of the registry's bucket from the environment, if the secret settings have none. Otherwise no keys, and the
 * problems of secret settings that are missing or kept in clear text.
 */
export async function registryKeys({ settings, pulumi: secret }: StackFiles): Promise<Found> {
    const registry = settings[`${PREFIX}registry`];
    if (typeof registry !== "object" || registry === null || !("s3" in registry)) return { problems: [] };
    const names = Object.values(KEY_SETTINGS).map((name) => PREFIX + name);
    const missing = names.filter((name) => secret[name] === undefined);
    if (missing.length === names.length) return fromEnvironment();
    const clear = names.filter((name) => typeof secret[name] === "string");
    return {
        problems: [
            ...missing.map((name) => refusal(`${name} is not set, and its other half is.`)),
            ...clear.map((name) => refusal(`${name} is kept in clear.`)),
        ],
    };
}

async function fromEnvironment(): Promise<Found> {
    // Otherwise the SDK talks about later versions of Node.js between our lines.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
    // Loading AWS's SDK takes a second, which stacks without a bucket need not spend.
    const { S3Client } = await import("@aws-sdk/client-s3");
    const { credentials } = new S3Client({ region: "us-east-1" }).config;
    const found = await credentials().catch(() => undefined);
    if (!found) return { problems: [refusal("skep:registry.s3 is set, and no keys for it are found.")] };
    const { accessKeyId, secretAccessKey, sessionToken } = found;
    if (sessionToken !== undefined)
        return {
            problems: [
                refusal(
                    "The keys found for skep:registry.s3 are good for hours only, and the registry's not.",
                ),
            ],
        };
    return { keys: { accessKeyId, secretAccessKey }, problems: [] };
}

function refusal(problem: string): Problem {
    return { id: "REGISTRY_KEYS", problem, advice: ADVICE };
}
