// A mirror of Docker's package repository, `skep:repository`: where hosts of every kind install docker-ce from.

import type { z } from "zod";
import { group, text, url } from "./values";

export const repositorySchema = group({
    /**
     * What stands before the suite in apt's sources, such as https://mirror.example/linux/debian; `<url>/gpg` is the key.
     * This machine and the hosts reach it. Hosts trust public certificate authorities only: plain http will do, since
     * packages are checked by the key.
     */
    url: url("https://mirror.example/linux/debian").transform((url) => url.replace(/\/+$/, "")),
    /** Fingerprint of the key that signs it: 40 hexadecimal digits, in capitals. */
    fingerprint: text(
        /^[0-9A-F]{40}$/,
        "the fingerprint of the repository's key: 40 hexadecimal digits, in capitals and without spaces",
    ),
});

export type RepositorySettings = z.output<typeof repositorySchema>;
