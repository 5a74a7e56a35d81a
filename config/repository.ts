// A mirror of Docker's package repository, `skep:repository`: where hosts of every kind install docker-ce from.

import { z } from "zod";

export const repositorySchema = z.strictObject({
    /**
     * What stands before the suite in apt's sources, such as https://mirror.example/linux/debian; `<url>/gpg` is the key.
     * This machine and the hosts reach it. Hosts trust public certificate authorities only: plain http will do, since
     * packages are checked by the key.
     */
    url: z
        .url({ error: "the repository's url is a URL", protocol: /^https?$/ })
        .transform((url) => url.replace(/\/+$/, "")),
    /** Fingerprint of the key that signs it: 40 hexadecimal digits, in capitals. */
    fingerprint: z
        .string({ error: "the fingerprint of the repository's key must be given" })
        .regex(/^[0-9A-F]{40}$/, { error: "a fingerprint is 40 hexadecimal digits, in capitals" }),
});

export type RepositorySettings = z.output<typeof repositorySchema>;
