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
