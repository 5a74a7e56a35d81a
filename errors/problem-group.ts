// The shape of the catalog's groups.

/** What a command's exit code says; docs/scripting.md explains each to whoever calls Skep from a script. */
export const EXIT_CODES = {
    /** All is as asked. */
    done: 0,
    /** A bug of Skep's: it has no id. */
    bug: 1,
    /** Settings or the command are refused. Nothing was changed. */
    refused: 2,
    /** This machine lacks something. Mend it, then run the same command again. */
    machine: 3,
    /** It ended early. The same command goes on from what is there. */
    failed: 4,
    /** Another command is at work. Wait for it. */
    busy: 5,
    /** All else is as asked, and something was left undone. The same command tries it again. */
    left: 6,
} as const;

export type ExitClass = keyof typeof EXIT_CODES;

/** What is always true of one id. The sentence that a user sees names the host, the file or the value as well. */
export interface Entry {
    /** One sentence of what is wrong. */
    meaning: string;
    /** One sentence of what helps in general. */
    advice: string;
    /** The group's, unless it says otherwise. */
    exit?: ExitClass;
}

/** Ids that a user meets in one kind of situation. */
export interface Group {
    /** The heading in docs/troubleshooting.md. */
    title: string;
    exit: ExitClass;
    entries: Record<string, Entry>;
}
