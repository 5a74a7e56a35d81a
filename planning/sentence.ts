// Errors and other texts as parts of a sentence.
import { SkepError } from "../errors";

/** What was wrong, without the advice: for sentences that name it as a part. */
export function reasonOf(error: unknown): string {
    const sentence =
        error instanceof SkepError
            ? error.problems.map(({ problem }) => problem).join(" ")
            : error instanceof Error
              ? error.message
              : String(error);
    return oneLine(sentence);
}

/** Text of any shape as a part of a sentence: on one line, and without a full stop of its own. */
export function oneLine(text: string): string {
    return text.trim().replace(/\s+/g, " ").replace(/\.+$/, "");
}
