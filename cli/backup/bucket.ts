// Backups in a bucket of S3's API. The keys and the endpoint are those that AWS's SDK finds: its variables and profiles.

import { PassThrough, type Readable, type Writable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { SkepError } from "../../errors";
import { archiveOf } from "../../planning/recovery/archives";
import { oneLine } from "../../planning/sentence";
import { storeFailed, type Store, type Stored, unknown } from "./store";

/** The bucket as a store. Its backups are objects below the prefix. */
export async function bucketStore(bucket: string, prefix: string, region?: string): Promise<Store> {
    // Otherwise the SDK talks about later versions of Node.js between our lines.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
    // Loading AWS's SDK takes a second, which backups in a folder need not spend.
    const { S3Client } = await import("@aws-sdk/client-s3");
    const hasOwn = process.env.AWS_REGION !== undefined || process.env.AWS_PROFILE !== undefined;
    const hasEndpoint = [process.env.AWS_ENDPOINT_URL_S3, process.env.AWS_ENDPOINT_URL].some(Boolean);
    const client = new S3Client({
        followRegionRedirects: true,
        // Not every service with S3's API takes the checksums that AWS's own takes.
        requestChecksumCalculation: "WHEN_REQUIRED",
        ...(!hasOwn && region !== undefined && { region }),
        ...(hasEndpoint && { forcePathStyle: true }),
    });
    return new BucketStore(client, bucket, prefix);
}

class BucketStore implements Store {
    readonly where: string;

    constructor(
        private readonly client: S3Client,
        private readonly bucket: string,
        private readonly prefix: string,
    ) {
        this.where = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
    }

    write<T>(name: string, fill: (to: Writable) => Promise<T>): Promise<T> {
        return this.tried(async () => {
            const { Upload } = await import("@aws-sdk/lib-storage");
            const body = new PassThrough();
            const upload = new Upload({ client: this.client, params: { ...this.at(name), Body: body } });
            const sent = upload.done();
            // The object appears only when its last part is there. An upload that is given up leaves nothing.
            const abandon = async (error: unknown) => {
                body.destroy();
                await upload.abort();
                throw error;
            };
            // Whichever of the two fails, the other would wait for ever.
            const filled = fill(body);
            const both = Promise.all([filled, sent]);
            const [done] = await both.catch(abandon);
            return done;
        });
    }

    read(name: string, bytes?: number): Promise<Readable> {
        return this.tried(async () => {
            const { GetObjectCommand } = await import("@aws-sdk/client-s3");
            const Range = bytes === undefined ? undefined : `bytes=0-${bytes - 1}`;
            const { Body } = await this.client.send(new GetObjectCommand({ ...this.at(name), Range }));
            return Body as Readable;
        }, name);
    }

    list(): Promise<Stored[]> {
        return this.tried(async () => {
            const { paginateListObjectsV2 } = await import("@aws-sdk/client-s3");
            const Prefix = this.key("");
            const found: Stored[] = [];
            const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix });
            for await (const { Contents = [] } of pages)
                for (const { Key = "", Size = 0 } of Contents) {
                    const name = Key.slice(Prefix.length);
                    if (archiveOf(name)) found.push({ name, bytes: Size });
                }
            return found;
        });
    }

    remove(name: string): Promise<void> {
        return this.tried(async () => {
            const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
            await this.client.send(new DeleteObjectCommand(this.at(name)));
        });
    }

    private at(name: string) {
        return { Bucket: this.bucket, Key: this.key(name) };
    }

    private key(name: string): string {
        return this.prefix === "" ? name : `${this.prefix}/${name}`;
    }

    private async tried<T>(work: () => Promise<T>, name?: string): Promise<T> {
        try {
            return await work();
        } catch (error) {
            if (error instanceof SkepError || !(error instanceof Error)) throw error;
            if (error.name === "NoSuchKey" && name !== undefined) throw unknown(name, this.where);
            // The SDK's errors have no class in common, and say nothing secret.
            const isBug = error instanceof TypeError || error instanceof RangeError;
            if (isBug) throw error;
            throw storeFailed(this.where, oneLine(`${error.name} ${error.message}`));
        }
    }
}
