// The registry's configuration file, with its storage as the stack's hosts have it.

import { parse, stringify } from "yaml";

/** Where images lie on S3. */
export interface S3Storage {
    bucket: string;
    region: string;
    /** Of the API, where it is not AWS's own. */
    endpoint?: string;
    prefix: string;
}

/** Credentials are the role of the registry's host: none stand here. */
export function renderRegistryConfig(text: string, storage?: S3Storage): string {
    if (!storage) return text;
    const config = parse(text) as { storage: Record<string, unknown> };
    const common = { ...config.storage };
    delete common.filesystem;
    const s3 = {
        region: storage.region,
        bucket: storage.bucket,
        rootdirectory: `/${storage.prefix}`,
        ...(storage.endpoint !== undefined && {
            regionendpoint: storage.endpoint,
            secure: storage.endpoint.startsWith("https:"),
        }),
    };
    return stringify({
        ...config,
        storage: {
            ...common,
            s3,
            // Nodes get layers through the registry, which alone may read the bucket.
            redirect: { disable: true },
        },
    });
}
