// The clients of AWS's API, as the provider's configuration says: region, endpoints, credentials from the usual chain.
import { appendFileSync } from "node:fs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import type { Context, Props } from "../../../providers/runtime/types";

export interface Aws {
    region: string;
    ec2: EC2Client;
    elb: ElasticLoadBalancingV2Client;
    iam: IAMClient;
    s3: S3Client;
}

/** Configuration that is honoured, or that asks for checks which the clients do not make. */
export const CONFIG = [
    "region",
    "endpoints",
    "accessKey",
    "secretKey",
    "token",
    "profile",
    "s3UsePathStyle",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
];

const ATTEMPTS = 8;
/** Of one call: the SDK itself waits for ever. */
const TIMEOUTS_MILLISECONDS = { connectionTimeout: 10_000, requestTimeout: 120_000 };

// Which Node.js is used is Skep's own matter: the clients' warning would stand under some resource.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

const made = new WeakMap<Props, Aws>();

/** The clients for a provider's configuration, made once. */
export function clients({ config }: Pick<Context, "config">): Aws {
    const known = made.get(config);
    if (known) return known;
    const fresh = make(config);
    made.set(config, fresh);
    return fresh;
}

function make(config: Props): Aws {
    const region = config.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
    if (!region) throw new Error("aws:region is not set");
    const { accessKey, secretKey, token, profile } = config;
    const common = {
        region,
        maxAttempts: ATTEMPTS,
        requestHandler: { ...TIMEOUTS_MILLISECONDS, throwOnRequestTimeout: true },
        ...(profile && { profile }),
        ...(accessKey && {
            credentials: { accessKeyId: accessKey, secretAccessKey: secretKey, sessionToken: token },
        }),
    };
    const at = (service: string) => {
        const given = ((config.endpoints ?? []) as Props[]).find((endpoints) => endpoints[service]);
        return { ...common, ...(given && { endpoint: given[service] }) };
    };
    const aws: Aws = {
        region,
        ec2: new EC2Client(at("ec2")),
        elb: new ElasticLoadBalancingV2Client(at("elbv2")),
        iam: new IAMClient(at("iam")),
        s3: new S3Client({ ...at("s3"), forcePathStyle: config.s3UsePathStyle ?? false }),
    };
    recordCalls(aws);
    return aws;
}

/** With SKEP_AWS_CALLS every call's name goes to that file, a line each: what a policy must allow. */
function recordCalls({ ec2, elb, iam, s3 }: Aws): void {
    const file = process.env.SKEP_AWS_CALLS;
    if (!file) return;
    const recorded: [string, Recordable][] = [
        ["ec2", ec2.middlewareStack],
        ["elasticloadbalancing", elb.middlewareStack],
        ["iam", iam.middlewareStack],
        ["s3", s3.middlewareStack],
    ];
    for (const [service, stack] of recorded)
        stack.add(
            (next, { commandName = "" }: { commandName?: string }) =>
                (args) => {
                    appendFileSync(file, `${service}:${commandName.replace(/Command$/, "")}\n`);
                    return next(args);
                },
            { step: "initialize", name: "recordCalls" },
        );
}

/** What the four clients' middleware stacks share: their types differ by the requests. */
interface Recordable {
    /* eslint-disable @typescript-eslint/no-explicit-any -- requests and answers of every service */
    add(
        middleware: (next: (args: any) => Promise<any>, context: any) => (args: any) => Promise<any>,
        options: { step: "initialize"; name: string },
    ): void;
    /* eslint-enable @typescript-eslint/no-explicit-any */
}
