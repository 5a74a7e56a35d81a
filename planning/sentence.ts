// Errors and other texts as parts of a sentence.
import { SkepError } from "../errors";

/** What is wrong, without the advice, for a sentence that contains it. */
export function reasonOf(error: unknown): string {
    const sentence =
        error instanceof SkepError
            ? error.problems.map(({ problem }) => problem).join(" ")
            : error instanceof Error
              ? error.message
              : String(error);
    return oneLine(sentence);
}

/** Text made fit for a part of a sentence: on one line, without a full stop at the end. */
export function oneLine(text: string): string {
    return text.trim().replace(/\s+/g, " ").replace(/\.+$/, "");
}

/** Several as one part of a sentence: "a, b and c". */
export function listed(parts: readonly string[]): string {
    return new Intl.ListFormat("en-GB").format(parts);
}

/** Shorter ones are words that a text may have by chance. */
const SHORTEST_SECRET = 4;

/** The text with three stars in the place of each line of these secrets. */
export function masked(text: string, secrets: readonly string[]): string {
    const lines = secrets.flatMap((secret) => secret.split("\n").map((line) => line.trim()));
    return lines
        .filter((line) => line.length >= SHORTEST_SECRET)
        .sort((one, other) => other.length - one.length)
        .reduce((shown, line) => shown.replaceAll(line, "***"), text);
}
