// aws.s3.Bucket. Its settings are resources of their own: bucket-settings.ts.
import type { BucketLocationConstraint } from "@aws-sdk/client-s3";
import type { Props } from "../../../providers/runtime/types";
import { nameFor } from "../shared";
import type { Aws } from "./clients";
import { unlessCode } from "./errors";
import { awsResource } from "./resource";
import { tagList, tagOutputs } from "./tags";

/** S3 refuses this region as a location constraint. */
const DEFAULT_REGION = "us-east-1";

export const bucket = awsResource({
    inputs: ["bucket", "bucketPrefix", "forceDestroy", "tags"],
    defaults: { forceDestroy: false },
    computed: ["arn", "bucket", "bucketDomainName", "bucketRegionalDomainName", "tagsAll"],
    replaceOn: ["bucket", "bucketPrefix"],
    async create({ s3, region }, inputs, ctx) {
        const Bucket = nameFor(inputs, ctx, "bucket");
        await s3.createBucket({
            Bucket,
            ...(region !== DEFAULT_REGION && {
                CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint },
            }),
        });
        return Bucket;
    },
    async finish({ s3 }, Bucket, { tags = {} }) {
        if (Object.keys(tags as object).length === 0) await s3.deleteBucketTagging({ Bucket });
        else await s3.putBucketTagging({ Bucket, Tagging: { TagSet: tagList(tags) } });
    },
    // `finish` sets all tags at once.
    update: () => Promise.resolve(),
    async describe({ s3, region }, Bucket) {
        await s3.headBucket({ Bucket });
        const tagging = await unlessCode(/^NoSuchTagSet/, s3.getBucketTagging({ Bucket }));
        return {
            arn: `arn:aws:s3:::${Bucket}`,
            bucket: Bucket,
            bucketDomainName: `${Bucket}.s3.amazonaws.com`,
            bucketRegionalDomainName: `${Bucket}.s3.${region}.amazonaws.com`,
            ...tagOutputs(tagging?.TagSet),
        };
    },
    async remove(aws, Bucket, { forceDestroy }: Props) {
        if (forceDestroy) await empty(aws, Bucket);
        await aws.s3.deleteBucket({ Bucket });
    },
});

/** Removes every version of every object. S3 drops unfinished uploads with the bucket. */
async function empty({ s3 }: Aws, Bucket: string): Promise<void> {
    for (;;) {
        // Each round removes what it lists, so the next list begins with the rest.
        const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket });
        const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
        if (Objects.length === 0) return;
        const { Errors = [] } = await s3.deleteObjects({ Bucket, Delete: { Objects, Quiet: true } });
        if (Errors.length > 0)
            throw new Error(`${Errors[0]?.Key} in ${Bucket} could not be removed: ${Errors[0]?.Message}`);
    }
}
