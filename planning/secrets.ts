// Looks for secrets in texts that leave this machine. It knows the stack's own secrets in the forms in which they occur,
// and the looks of others that it was not told. No I/O.

import { SECRET_MARK, SIGNATURE } from "./pulumi-marks";

/** A shorter value occurs by chance. */
const SHORTEST = 8;
/** Part of a longer base64 text. A shorter one occurs by chance. */
const SHORTEST_ENCODED = 10;
/** A shorter line of a key says nothing. */
const SHORTEST_LINE = 16;

/** What a secret looks like, whosoever it is. */
const LOOKS: readonly RegExp[] = [
    /SWMTKN-1-[a-z0-9]{20,}/,
    /SWMKEY-1-[A-Za-z0-9+/]{20,}/,
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
    // A login in an address. Docker itself writes x in place of such a login.
    /[a-z]+:\/\/(?!x+:x+@)[^\s/:@"'<>]+:[^\s/:@"'<>]+@/i,
];

/** Names of the files in which one of these secrets occurs, or something that looks like one. */
export function filesWithSecrets(files: ReadonlyMap<string, string>, secrets: readonly string[]): string[] {
    const forms = [...new Set(secrets.flatMap(formsOf))];
    return [...files]
        .filter(
            ([, text]) => forms.some((form) => text.includes(form)) || LOOKS.some((look) => look.test(text)),
        )
        .map(([name]) => name);
}

/** Shorter ones are words that a text may have by chance. */
const SHORTEST_MASKED = 4;

/** The text with three stars in the place of each line of these secrets. */
export function masked(text: string, secrets: readonly string[]): string {
    const lines = secrets.flatMap((secret) => secret.split("\n").map((line) => line.trim()));
    return lines
        .filter((line) => line.length >= SHORTEST_MASKED)
        .sort((one, other) => other.length - one.length)
        .reduce((shown, line) => shown.replaceAll(line, "***"), text);
}

/** How a secret may be written: as it is, line by line, for JSON and addresses, and in base64 at any place of a text. */
export function formsOf(secret: string): string[] {
    const trimmed = secret.trim();
    if (trimmed.length < SHORTEST) return [];
    const lines = trimmed.split(/\r?\n/).filter((line) => !line.startsWith("-----"));
    const parts = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : [trimmed];
    const written = parts.flatMap((part) => [
        part,
        JSON.stringify(part).slice(1, -1),
        encodeURIComponent(part),
    ]);
    return [...new Set([...written, ...[trimmed, ...parts].flatMap(encoded)])];
}

/** The secret in base64, without the letters that what stands before and after it would change. */
function encoded(secret: string): string[] {
    const bytes = Buffer.from(secret);
    return [0, 1, 2].flatMap((before) => {
        const first = Math.ceil((before * 8) / 6);
        const last = Math.floor(((before + bytes.length) * 8) / 6);
        const text = Buffer.concat([Buffer.alloc(before), bytes])
            .toString("base64")
            .slice(first, last);
        const url = text.replaceAll("+", "-").replaceAll("/", "_");
        return text.length < SHORTEST_ENCODED ? [] : [text, url];
    });
}

/** Names in a secret object whose values are secret themselves. The others are there because they travel with one. */
const SECRET_NAME =
    /(private_?key|access_?key|(^|[^a-z])key([^a-z]|$)|passw|secret|token|unlock|passphrase)/i;

/** The secret texts in a state that was exported with secrets in clear. */
export function secretsIn(state: unknown): string[] {
    if (typeof state !== "object" || state === null) return [];
    const { [SIGNATURE]: signature, plaintext } = state as Record<string, unknown>;
    if (signature === SECRET_MARK && typeof plaintext === "string") return textsOf(JSON.parse(plaintext));
    return Object.values(state).flatMap(secretsIn);
}

/** The same state with each secret in the place where it belongs. */
export function opened(state: unknown): unknown {
    if (Array.isArray(state)) return state.map(opened);
    if (typeof state !== "object" || state === null) return state;
    const { [SIGNATURE]: signature, plaintext } = state as Record<string, unknown>;
    if (signature === SECRET_MARK && typeof plaintext === "string") return opened(JSON.parse(plaintext));
    return Object.fromEntries(Object.entries(state).map(([name, each]) => [name, opened(each)]));
}

/** All texts of a secret that is a text or a list; those with a secret's name of one that is an object. */
function textsOf(value: unknown): string[] {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return textsIn(value, !isObject);
}

function textsIn(value: unknown, isSecret: boolean): string[] {
    if (typeof value === "string") return isSecret ? [value] : [];
    if (Array.isArray(value)) return value.flatMap((each) => textsIn(each, isSecret));
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, each]) => textsIn(each, isSecret || SECRET_NAME.test(name)));
}
