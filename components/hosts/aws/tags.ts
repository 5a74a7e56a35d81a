// Tags of everything that a stack has on AWS: its stack, and a name that people can read.

export interface Tagging {
    stack: string;
    /** The user's own tags. */
    tags: Readonly<Record<string, string>>;
}

/** The tags of one resource. `name` becomes part of the tag `Name`; `more` are further tags. */
export function tagsFor({ stack, tags }: Tagging, name: string, more: Record<string, string> = {}) {
    return { ...tags, ...more, Name: `skep-${stack}-${name}`, "io.skep.stack": stack };
}
