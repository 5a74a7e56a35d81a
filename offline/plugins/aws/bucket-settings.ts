// Settings of a bucket. Each is a resource with the bucket's id, and is set as a whole.
import type { LifecycleRule } from "@aws-sdk/client-s3";
import type { Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import type { Aws } from "./clients";
import { awsResource, renamed, request } from "./resource";

interface Setting {
    inputs: readonly string[];
    put(aws: Aws, bucket: string, inputs: Props): Promise<unknown>;
    get(aws: Aws, bucket: string): Promise<Props | undefined>;
    remove(aws: Aws, bucket: string): Promise<unknown>;
}

function setting({ inputs, put, get, remove }: Setting): StandInResource {
    return awsResource({
        inputs: ["bucket", ...inputs],
        required: ["bucket", ...inputs.filter((key) => /^(rules|versioningConfiguration)$/.test(key))],
        observed: inputs,
        replaceOn: ["bucket"],
        create: (_aws, inputs) => Promise.resolve(inputs.bucket as string),
        finish: put,
        update: () => Promise.resolve(),
        describe: get,
        remove,
    });
}

const BLOCKS = {
    blockPublicAcls: "BlockPublicAcls",
    blockPublicPolicy: "BlockPublicPolicy",
    ignorePublicAcls: "IgnorePublicAcls",
    restrictPublicBuckets: "RestrictPublicBuckets",
};

export const publicAccessBlock = setting({
    inputs: Object.keys(BLOCKS),
    put: ({ s3 }, Bucket, inputs) =>
        s3.putPublicAccessBlock({
            Bucket,
            PublicAccessBlockConfiguration: request(inputs, BLOCKS),
        }),
    async get({ s3 }, Bucket) {
        const answer = await s3.getPublicAccessBlock({ Bucket });
        return (
            answer.PublicAccessBlockConfiguration && renamed(answer.PublicAccessBlockConfiguration, BLOCKS)
        );
    },
    remove: ({ s3 }, Bucket) => s3.deletePublicAccessBlock({ Bucket }),
});

export const versioning = setting({
    inputs: ["versioningConfiguration"],
    put: ({ s3 }, Bucket, { versioningConfiguration }) =>
        s3.putBucketVersioning({
            Bucket,
            VersioningConfiguration: { Status: versioningConfiguration.status },
        }),
    async get({ s3 }, Bucket) {
        const { Status } = await s3.getBucketVersioning({ Bucket });
        return Status && { versioningConfiguration: { status: Status } };
    },
    // Versioning can be suspended, never removed.
    remove: ({ s3 }, Bucket) =>
        s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } }),
});

export const encryption = setting({
    inputs: ["rules"],
    put: ({ s3 }, Bucket, { rules }) =>
        s3.putBucketEncryption({
            Bucket,
            ServerSideEncryptionConfiguration: {
                Rules: (rules as Props[]).map(({ applyServerSideEncryptionByDefault: by }) => ({
                    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: by.sseAlgorithm },
                })),
            },
        }),
    async get({ s3 }, Bucket) {
        const answer = await s3.getBucketEncryption({ Bucket });
        const found = answer.ServerSideEncryptionConfiguration?.Rules ?? [];
        const rules = found.map(({ ApplyServerSideEncryptionByDefault: by }) => ({
            applyServerSideEncryptionByDefault: { sseAlgorithm: by?.SSEAlgorithm },
        }));
        return { rules };
    },
    remove: ({ s3 }, Bucket) => s3.deleteBucketEncryption({ Bucket }),
});

export const lifecycle = setting({
    inputs: ["rules"],
    put: ({ s3 }, Bucket, { rules }) =>
        s3.putBucketLifecycleConfiguration({
            Bucket,
            LifecycleConfiguration: { Rules: (rules as Props[]).map(lifecycleRule) },
        }),
    async get({ s3 }, Bucket) {
        const { Rules = [] } = await s3.getBucketLifecycleConfiguration({ Bucket });
        return {
            rules: Rules.map((rule) => ({
                id: rule.ID,
                status: rule.Status,
                filter: { prefix: rule.Filter?.Prefix ?? "" },
                abortIncompleteMultipartUpload: {
                    daysAfterInitiation: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
                },
                noncurrentVersionExpiration: {
                    noncurrentDays: rule.NoncurrentVersionExpiration?.NoncurrentDays,
                },
            })),
        };
    },
    remove: ({ s3 }, Bucket) => s3.deleteBucketLifecycle({ Bucket }),
});

function lifecycleRule(rule: Props): LifecycleRule {
    const { abortIncompleteMultipartUpload: abort, noncurrentVersionExpiration: expire } = rule;
    return {
        ID: rule.id,
        Status: rule.status,
        Filter: { Prefix: rule.filter.prefix },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: abort.daysAfterInitiation },
        NoncurrentVersionExpiration: { NoncurrentDays: expire.noncurrentDays },
    };
}
