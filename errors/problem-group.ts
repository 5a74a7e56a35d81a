// The shape of the catalog's groups.

/** The exit codes of commands. docs/scripting.md explains each of them for scripts that call Skep. */
export const EXIT_CODES = {
    /** Everything is as asked. */
    done: 0,
    /** A bug in Skep. It has no id. */
    bug: 1,
    /** The command line is wrong: an unknown command, option or name, or an answer that is missing. Nothing was changed. */
    usage: 2,
    /** Skep refuses the settings, or what they would do. Nothing was changed. */
    refused: 3,
    /** A host does not answer, or something on it is wrong. The same command goes on from what is there. */
    host: 4,
    /** The swarm, or what runs in it, is not as it should be. */
    swarm: 5,
    /** Something between machines does not pass: between the zones, to the registry, to a site on the internet. */
    network: 6,
    /** Something was left undone, and everything else is as asked. The same command tries it again. */
    left: 7,
    /** This machine lacks something. Fix that, then run the same command again. */
    machine: 8,
    /** Another command is at work. Wait for it. */
    busy: 9,
    /** The command ended early for another reason. The same command goes on from what is there. */
    failed: 10,
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
