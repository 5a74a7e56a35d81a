// A mirror of Docker's package repository, `skep:repository`. Hosts of every kind install docker-ce from it.

import type { z } from "zod";
import { group, text, url } from "./values";

export const repositorySchema = group({
    /**
     * The URL before the suite in apt's sources, such as https://mirror.example/linux/debian; `<url>/gpg` is the key. This
     * machine and the hosts must reach it. Hosts trust public certificate authorities only; plain http is safe too, because
     * apt checks packages with the key.
     */
    url: url("https://mirror.example/linux/debian").transform((url) => url.replace(/\/+$/, "")),
    /** The fingerprint of the repository's key: 40 hexadecimal digits, in capitals. */
    fingerprint: text(
        /^[0-9A-F]{40}$/,
        "the fingerprint of the repository's key: 40 hexadecimal digits, in capitals and without spaces",
    ),
});

export type RepositorySettings = z.output<typeof repositorySchema>;
