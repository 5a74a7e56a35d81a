// The names of backups, and which of them are kept. No I/O.

const NAME = /^([a-z][a-z0-9-]*)-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z\.skep$/;

/** The label of a swarm that says when its last backup was finished, in ISO 8601 and UTC. */
export const LAST_BACKUP = "io.skep.backup";

/** A backup by its name alone. */
export interface Archive {
    name: string;
    stack: string;
    /** When it was begun, in milliseconds since 1970. */
    at: number;
}

/** The name of a backup of this stack that begins at this time. */
export function archiveName(stack: string, at: Date): string {
    return `${stack}-${at.toISOString().replace(/[-:]|\.\d+/g, "")}.skep`;
}

/** The backup with this name; undefined if it is the name of something else. */
export function archiveOf(name: string): Archive | undefined {
    const [, stack, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
    if (stack === undefined) return undefined;
    return { name, stack, at: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) };
}

/** The oldest backups of this stack beyond the newest `keep`. The backup just made stays, whatever clocks say. */
export function superfluous(names: readonly string[], made: string, keep: number): string[] {
    const stack = archiveOf(made)?.stack;
    return names
        .flatMap((name) => archiveOf(name) ?? [])
        .filter((archive) => archive.stack === stack && archive.name !== made)
        .sort((one, other) => other.at - one.at)
        .slice(Math.max(keep - 1, 0))
        .map(({ name }) => name);
}
