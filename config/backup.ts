// Settings of backups, `skep:backup`.

import { z } from "zod";
import { SHARES } from "../planning/recovery/saves";
import { choice, days, flag, group, text, whole } from "./values";

export const backupSchema = group({
    /**
     * Where backups are kept: a folder, from the project's on, or `s3://BUCKET/PREFIX` with the keys that AWS's SDK finds.
     * Default: the folder `backups` of the project, which git ignores.
     */
    to: text(
        /^(s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w./-]*)?|(?!\w+:\/\/).+)$/,
        "a folder, or a bucket such as s3://my-backups/swarm",
    ).optional(),
    /** How many managers a backup copies: `majority`, `all` or `one`. Only a majority leaves both ways of restoring open. Default `majority`. */
    managers: choice(SHARES).default("majority"),
    /** Whether the images of the registry's volume are saved too. Default false. */
    registry: flag().default(false),
    /** How many backups of the stack are kept; older ones are removed once a new one is verified. Default: all. */
    keep: whole(1, 10_000, 14).optional(),
    /** The recipient of age's for whom backups are encrypted. Default: the project's own key in `.skep/backup-key`. */
    recipient: text(/^age1[a-z0-9]{20,}$/, "a recipient of age's, which begins with age1").optional(),
    /** The age of the last backup in days from which `skep status` warns. Default `7d`. */
    warnAfter: days("7d").prefault("7d"),
});

export type BackupSettings = z.output<typeof backupSchema>;
