// The registry's configuration file, with the storage of the stack. The result is secret.

import { parse, stringify } from "yaml";

/** Where the registry keeps images on S3. */
export interface S3Storage {
    bucket: string;
    region: string;
    /** The URL of the S3 API. Default: AWS's own. */
    endpoint?: string;
    prefix: string;
    /** Default: the registry uses the role of its host. */
    keys?: S3Keys;
}

/** Long-lived access keys of a user. */
export interface S3Keys {
    accessKeyId: string;
    secretAccessKey: string;
}

interface Config {
    storage: Record<string, unknown>;
    http: Record<string, unknown>;
    health?: unknown;
}

/**
 * Renders the file from `text`, the template. `httpSecret` signs the state of uploads: registries that share it can continue
 * each other's uploads.
 */
export function renderRegistryConfig(text: string, httpSecret: string, storage?: S3Storage): string {
    const config = parse(text) as Config;
    const http = { ...config.http, secret: httpSecret };
    if (!storage) return stringify({ ...config, http });
    const common = { ...config.storage };
    delete common.filesystem;
    // With a health check of the bucket, an outage would restart every registry again and again. Without it, requests name
    // the storage as the cause, and succeed as soon as the bucket is back.
    delete config.health;
    const { bucket, region, endpoint, prefix, keys } = storage;
    const s3 = {
        region,
        bucket,
        rootdirectory: `/${prefix}`,
        ...(endpoint !== undefined && {
            regionendpoint: endpoint,
            secure: endpoint.startsWith("https:"),
        }),
        ...(keys && { accesskey: keys.accessKeyId, secretkey: keys.secretAccessKey }),
    };
    return stringify({
        ...config,
        http,
        storage: {
            ...common,
            s3,
            // Only the registry may read the bucket, so nodes get layers through it.
            redirect: { disable: true },
        },
    });
}
