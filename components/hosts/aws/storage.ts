// The bucket for the registry's images, and an instance profile that gives the registry's hosts access to it.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Tagging, tagsFor } from "./tags";

export interface StorageArgs {
    /** Tags of the bucket and the role. */
    tagging: Tagging;
    /** The prefix of the registry's objects in the bucket. */
    prefix: string;
}

const ABANDONED_UPLOAD_DAYS = 3;
const OLD_VERSION_DAYS = 30;

/** A bucket for the registry's images, and a role that may use its prefix and nothing else in AWS. */
export class Storage extends pulumi.ComponentResource {
    readonly bucket: pulumi.Output<string>;
    /** The instance profile's name. */
    readonly profile: pulumi.Output<string>;

    constructor(
        private readonly name: string,
        private readonly args: StorageArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("skep:aws:Storage", name, {}, opts);
        const bucket = this.makeBucket();
        this.bucket = bucket.bucket;
        this.profile = this.makeProfile(bucket);
        this.registerOutputs();
    }

    private makeBucket(): aws.s3.Bucket {
        const { name, args } = this;
        const parent = { parent: this };
        const bucket = new aws.s3.Bucket(
            `${name}-bucket`,
            {
                bucketPrefix: `skep-${args.tagging.stack}-`,
                // Destroying a stack deletes everything, including the images.
                forceDestroy: true,
                tags: tagsFor(args.tagging, "registry"),
            },
            parent,
        );
        // `deletedWith`: these settings apply until AWS deletes the bucket itself, so it is never public meanwhile.
        const settings = { ...parent, deletedWith: bucket };
        new aws.s3.BucketPublicAccessBlock(
            `${name}-private`,
            {
                bucket: bucket.id,
                blockPublicAcls: true,
                blockPublicPolicy: true,
                ignorePublicAcls: true,
                restrictPublicBuckets: true,
            },
            settings,
        );
        const versioning = new aws.s3.BucketVersioning(
            `${name}-versions`,
            { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
            settings,
        );
        new aws.s3.BucketServerSideEncryptionConfiguration(
            `${name}-encryption`,
            {
                bucket: bucket.id,
                rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
            },
            settings,
        );
        new aws.s3.BucketLifecycleConfiguration(
            `${name}-lifecycle`,
            {
                bucket: bucket.id,
                rules: [
                    {
                        id: "abandoned-uploads",
                        status: "Enabled",
                        filter: { prefix: "" },
                        abortIncompleteMultipartUpload: { daysAfterInitiation: ABANDONED_UPLOAD_DAYS },
                        noncurrentVersionExpiration: { noncurrentDays: OLD_VERSION_DAYS },
                    },
                ],
            },
            { ...settings, dependsOn: [versioning] },
        );
        return bucket;
    }

    private makeProfile(bucket: aws.s3.Bucket): pulumi.Output<string> {
        const { name, args } = this;
        const parent = { parent: this };
        const tags = tagsFor(args.tagging, "registry");
        const role = new aws.iam.Role(
            `${name}-role`,
            {
                description: `Registry of the swarm ${args.tagging.stack}: its images on S3`,
                assumeRolePolicy: JSON.stringify({
                    Version: "2012-10-17",
                    Statement: [
                        {
                            Effect: "Allow",
                            Action: "sts:AssumeRole",
                            Principal: { Service: "ec2.amazonaws.com" },
                        },
                    ],
                }),
                tags,
            },
            parent,
        );
        new aws.iam.RolePolicy(
            `${name}-policy`,
            {
                role: role.id,
                policy: bucket.arn.apply((arn) => JSON.stringify(registryPolicy(arn, args.prefix))),
            },
            parent,
        );
        return new aws.iam.InstanceProfile(`${name}-profile`, { role: role.name, tags }, parent).name;
    }
}

/** The permissions that Distribution's S3 driver needs: https://distribution.github.io/distribution/storage-drivers/s3/ */
export function registryPolicy(bucketArn: string, prefix: string) {
    return {
        Version: "2012-10-17",
        Statement: [
            {
                Effect: "Allow",
                Action: ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                Resource: bucketArn,
            },
            {
                Effect: "Allow",
                Action: "s3:ListBucket",
                Resource: bucketArn,
                Condition: { StringLike: { "s3:prefix": [prefix, `${prefix}/*`] } },
            },
            {
                Effect: "Allow",
                Action: [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:ListMultipartUploadParts",
                    "s3:AbortMultipartUpload",
                ],
                Resource: `${bucketArn}/${prefix}/*`,
            },
        ],
    };
}
