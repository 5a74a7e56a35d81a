import type { Group } from "../problem-group";

/** Making backups, and reading them. */
export const BACKUP = {
    title: "Backups",
    exit: "failed",
    entries: {
        BACKUP_FORM: {
            meaning: "A file is no backup of Skep's, or one of a form that this version does not read.",
            advice: "`npm run skep -- backup list` shows the backups there are.",
            exit: "usage",
        },
        BACKUP_KEY: {
            meaning: "A backup is encrypted for a key that this machine does not have.",
            advice: "Give the file of the key that it was made for: `--identity FILE`.",
            exit: "usage",
        },
        BACKUP_DAMAGED: {
            meaning: "A backup was cut short, or bytes of it have changed.",
            advice: "Take another one: `npm run skep -- backup list` shows them.",
        },
        BACKUP_IDENTITY: {
            meaning: "A file that should have the key of backups has none.",
            advice: "Give a file as age-keygen writes it, with a line that begins with `AGE-SECRET-KEY-1`.",
            exit: "usage",
        },
        BACKUP_RECIPIENT: {
            meaning: "What backups should be encrypted for is no recipient of age's.",
            advice: "Take the public key that age-keygen prints: it begins with `age1`.",
            exit: "usage",
        },
        BACKUP_NONE: {
            meaning: "The stack has no backup where they are looked for.",
            advice: "Make one with `npm run skep -- backup`, or name where they are with `--to`.",
            exit: "usage",
        },
        BACKUP_UNKNOWN: {
            meaning: "There is no backup of this name.",
            advice: "`npm run skep -- backup list` shows those that there are.",
            exit: "usage",
        },
        BACKUP_STORE: {
            meaning: "The folder or bucket of the backups does not take or give them.",
            advice: "Mend what the line says, or name another place: `--to DIR` or `--to s3://BUCKET/PREFIX`.",
        },
        BACKUP_KEY_CHANGED: {
            meaning:
                "The unlock key was changed while managers were copied, so the copies have different keys.",
            advice: "Run the backup again.",
        },
        BACKUP_NO_VOLUME: {
            meaning:
                "The registry's images are in a bucket, or its task does not run: there is no volume to save.",
            advice: "Leave out `--registry` and `skep:backup.registry`; a bucket has backups of its own.",
            exit: "usage",
        },
        BACKUP_OLD: {
            meaning: "The last backup is older than `skep:backup.warnAfter`.",
            advice: "Make one, or have one made every day: `npm run skep -- backup schedule`.",
            exit: "done",
        },
        BACKUP_HOST: {
            meaning: "A manager's data could not be copied. Its engine runs again.",
            advice: "Mend what the line says, then run the backup again.",
            exit: "host",
        },
    },
} as const satisfies Group;
