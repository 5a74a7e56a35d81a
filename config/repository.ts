// A mirror of Docker's package repository, `skep:repository`. Hosts of every kind install docker-ce from it.

import { z } from "zod";

export const repositorySchema = z.strictObject({
    /**
     * The URL before the suite in apt's sources, such as https://mirror.example/linux/debian; `<url>/gpg` is the key. This
     * machine and the hosts must reach it. Hosts trust public certificate authorities only; plain http is safe too, because
     * apt checks packages with the key.
     */
    url: z
        .url({ error: "the repository's url is a URL", protocol: /^https?$/ })
        .transform((url) => url.replace(/\/+$/, "")),
    /** The fingerprint of the repository's key: 40 hexadecimal digits, in capitals. */
    fingerprint: z
        .string({ error: "the fingerprint of the repository's key must be given" })
        .regex(/^[0-9A-F]{40}$/, { error: "a fingerprint is 40 hexadecimal digits, in capitals" }),
});

export type RepositorySettings = z.output<typeof repositorySchema>;
