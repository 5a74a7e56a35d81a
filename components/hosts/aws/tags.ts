// Tags for everything that a stack has on AWS: whose it is, and what a person would call it.

export interface Tagging {
    stack: string;
    /** The user's own. */
    tags: Readonly<Record<string, string>>;
}

/** The tags of one resource, which a person would call `name`. */
export function tagsFor({ stack, tags }: Tagging, name: string, more: Record<string, string> = {}) {
    return { ...tags, ...more, Name: `skep-${stack}-${name}`, "io.skep.stack": stack };
}
