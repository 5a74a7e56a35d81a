// How Pulumi marks secrets, on the wire and in an exported state.

/** The key under which Pulumi marks special objects. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
/** Its value in a secret's object. */
export const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";
