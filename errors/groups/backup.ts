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
    },
} as const satisfies Group;
