// Keeps secrets out of what people read: the last safety net under log lines and error messages.
import type { Props } from "./types";
import { secretTexts } from "./wire";

/** Shorter texts are too common: hiding every "on" would make messages unreadable. */
const SHORTEST = 6;

export type Scrub = (message: string) => string;

/** A function that replaces every secret text of the given wire values, and every line of it, by `[secret]`. */
export function scrubber(...wires: Props[]): Scrub {
    const texts = wires.flatMap((wire) => secretTexts(wire));
    const lines = texts.flatMap((text) => [text, ...text.split(/\r?\n/)]).map((line) => line.trim());
    const hidden = [...new Set(lines)].filter((line) => line.length >= SHORTEST);
    // Longest first, so that a secret that contains another one is hidden as a whole.
    hidden.sort((a, b) => b.length - a.length);
    return (message) => hidden.reduce((text, line) => text.replaceAll(line, "[secret]"), message);
}
