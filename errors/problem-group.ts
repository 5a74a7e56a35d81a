// The shape of the catalog's groups.

/** The exit codes of commands. docs/scripting.md explains each of them for scripts that call Skep. */
export const EXIT_CODES = {
    /** Everything is as asked. */
    done: 0,
    /** A bug in Skep. It has no id. */
    bug: 1,
    /** Skep refuses the settings or the command. Nothing was changed. */
    refused: 2,
    /** This machine lacks something. Fix that, then run the same command again. */
    machine: 3,
    /** The command ended early. The same command goes on from what is there. */
    failed: 4,
    /** Another command is at work. Wait for it. */
    busy: 5,
    /** Something was left undone, and everything else is as asked. The same command tries it again. */
    left: 6,
} as const;

/** The name of an exit code. */
export type ExitClass = keyof typeof EXIT_CODES;

/** What is always true of one id. The sentence that a user sees also names the host, the file or the value. */
export interface Entry {
    /** One sentence that says what is wrong. */
    meaning: string;
    /** One sentence that says what helps in general. */
    advice: string;
    /** The exit class. Default: the group's. */
    exit?: ExitClass;
}

/** Ids that a user meets in one kind of situation. */
export interface Group {
    /** The heading in docs/troubleshooting.md. */
    title: string;
    exit: ExitClass;
    entries: Record<string, Entry>;
}
