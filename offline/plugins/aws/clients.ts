// The clients of AWS's API, with the region and endpoints of the provider's configuration and credentials from the usual chain.
import { appendFileSync } from "node:fs";
import { EC2 } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import type { Context, Props } from "../../../providers/runtime/types";

export interface Aws {
    region: string;
    ec2: EC2;
    elb: ElasticLoadBalancingV2;
    iam: IAM;
    s3: S3;
}

/** Configuration that is honoured. The `skip` ones turn off checks that these clients never make. */
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
/** Limits of one call. The SDK has none of its own. */
const TIMEOUTS_MILLISECONDS = { connectionTimeout: 10_000, requestTimeout: 120_000 };

// The clients warn about old versions of Node.js, and Pulumi would show that under some resource.
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
        ec2: new EC2(at("ec2")),
        elb: new ElasticLoadBalancingV2(at("elbv2")),
        iam: new IAM(at("iam")),
        s3: new S3({ ...at("s3"), forcePathStyle: config.s3UsePathStyle ?? false }),
    };
    recordCalls(aws);
    return aws;
}

/** Appends the name of every call to the file SKEP_AWS_CALLS: the calls that a policy must allow. */
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

/** The part of a middleware stack that is used here. The clients' own types differ by their requests. */
interface Recordable {
    /* eslint-disable @typescript-eslint/no-explicit-any -- requests and answers of every service */
    add(
        middleware: (next: (args: any) => Promise<any>, context: any) => (args: any) => Promise<any>,
        options: { step: "initialize"; name: string },
    ): void;
    /* eslint-enable @typescript-eslint/no-explicit-any */
}
