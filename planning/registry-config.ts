// The registry's configuration file, with its storage as the stack has it. What comes out is secret.

import { parse, stringify } from "yaml";

/** Where images lie on S3. */
export interface S3Storage {
    bucket: string;
    region: string;
    /** Of the API, where it is not AWS's own. */
    endpoint?: string;
    prefix: string;
    /** Without them the registry takes the role of its host. */
    keys?: S3Keys;
}

/** Keys of a user, good until they are taken back. */
export interface S3Keys {
    accessKeyId: string;
    secretAccessKey: string;
}

interface Config {
    storage: Record<string, unknown>;
    http: Record<string, unknown>;
    health?: unknown;
}

/** `httpSecret` signs the state of uploads: registries that share it go on with what another one began. */
export function renderRegistryConfig(text: string, httpSecret: string, storage?: S3Storage): string {
    const config = parse(text) as Config;
    const http = { ...config.http, secret: httpSecret };
    if (!storage) return stringify({ ...config, http });
    const common = { ...config.storage };
    delete common.filesystem;
    // An outage of the bucket is no reason to start every registry again and again, each time answering nobody: without a
    // health check that asks for it, requests say that it is the storage, and go on as soon as it is back.
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
            // Nodes get layers through the registry, which alone may read the bucket.
            redirect: { disable: true },
        },
    });
}
