// Keeps what the commands that change a stack say, in a small file of the stack: `skep support` puts it into its bundle.
// These commands print no secret; the file is its owner's alone all the same.

import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { outputFile } from "../config/folders";

/** A longer file is cut at its beginning when the next command begins. */
const MOST_BYTES = 256 * 1024;
const SPINNER = /^ [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /;

/** From now on, everything that this process prints is also kept for this stack. */
export function keepOutput(stack: string, command: readonly string[]): void {
    const file = outputFile(stack);
    mkdirSync(dirname(file), { recursive: true });
    const before = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    rmSync(file, { force: true });
    const heading = `\n== ${new Date().toISOString()} skep ${command.join(" ")}\n`;
    writeFileSync(file, `${before.subarray(-MOST_BYTES).toString("utf8")}${heading}`, { mode: 0o600 });
    for (const stream of [process.stdout, process.stderr]) tee(stream, file);
}

function tee(stream: NodeJS.WriteStream, file: string): void {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = ((chunk: string | Uint8Array, ...others: unknown[]) => {
        const kept = withoutSpinner(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
        // A full disk must not end a command that is at work: it would be the worse fault.
        if (kept !== "") attempt(() => appendFileSync(file, kept));
        return write(chunk, ...others);
    }) as typeof stream.write;
}

function attempt(work: () => void): void {
    try {
        work();
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
}

/** The text without colours, and without the lines that a spinner draws again and again. */
function withoutSpinner(text: string): string {
    const lines = stripVTControlCharacters(text).split("\n");
    return lines.filter((line) => !SPINNER.test(line)).join("\n");
}
