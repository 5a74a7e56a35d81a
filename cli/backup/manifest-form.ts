// Reads the manifest of a backup.

import { z } from "zod";
import { skepError } from "../../errors";
import { type BackupManifest, MANIFEST_FORM } from "../../planning/recovery/manifest";

const role = z.enum(["manager", "worker"]);
const object = z.object({ name: z.string(), id: z.string() });
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const manifest: z.ZodType<BackupManifest> = z.object({
    form: z.literal(MANIFEST_FORM),
    skep: z.string(),
    stack: z.string(),
    clusterId: z.string(),
    made: z.iso.datetime(),
    autolock: z.boolean(),
    managers: z.array(
        z.object({
            name: z.string(),
            nodeId: z.string(),
            address: z.string(),
            engine: z.string(),
            at: z.iso.datetime(),
            sha256: digest,
            bytes: z.number(),
        }),
    ),
    members: z.array(
        z.object({
            name: z.string(),
            nodeId: z.string(),
            role,
            address: z.string(),
            availability: z.string(),
            labels: z.record(z.string(), z.string()),
        }),
    ),
    objects: z.object({
        services: z.array(
            object.extend({
                image: z.string(),
                replicas: z.number().nullable(),
            }),
        ),
        secrets: z.array(object),
        configs: z.array(object),
        networks: z.array(object),
    }),
    registry: z
        .object({ host: z.string(), volume: z.string(), bytes: z.number(), sha256: digest })
        .optional(),
});

/** The manifest with this text. Throws BACKUP_FORM if it is of another form, and BACKUP_DAMAGED if it is none. */
export function manifestOf(text: string): BackupManifest {
    let found: unknown;
    try {
        found = JSON.parse(text);
    } catch {
        found = undefined;
    }
    const form = z.object({ form: z.number() }).safeParse(found);
    if (form.success && form.data.form !== MANIFEST_FORM)
        throw skepError(
            "BACKUP_FORM",
            `The backup has form ${form.data.form}, and this version of Skep reads form ${MANIFEST_FORM}.`,
            "Use the version of Skep that made it.",
        );
    const checked = manifest.safeParse(found);
    if (checked.success) return checked.data;
    throw skepError(
        "BACKUP_DAMAGED",
        `The backup is damaged: ${where(checked.error)} of its manifest cannot be read.`,
        "Take another one: skep backup list shows them.",
    );
}

function where({ issues }: z.ZodError): string {
    return issues[0]?.path.join(".") || "the text";
}
