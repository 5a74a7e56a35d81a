// What a script prints: captured for state, shown line by line where that is allowed, quoted when it fails.
import { StringDecoder } from "node:string_decoder";
import type { Context, Props } from "../../../providers/runtime/types";

export interface Captured {
    stdout: string;
    stderr: string;
}

type StreamName = keyof Captured;

/** Inputs whose secrets a script may print. The connection is always secret and is not among them. */
const SCRIPT_INPUTS = ["create", "update", "delete", "environment", "stdin"];

/** Collects both streams of one run. */
export class OutputCapture {
    private readonly text: Record<StreamName, string> = { stdout: "", stderr: "" };
    private readonly unfinished: Record<StreamName, string> = { stdout: "", stderr: "" };
    private readonly decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
    private both = "";
    private readonly shown: Record<StreamName, boolean>;
    private readonly secretive: boolean;

    constructor(
        inputs: Props,
        private readonly script: string,
        private readonly ctx: Context,
    ) {
        this.secretive = SCRIPT_INPUTS.some((key) => ctx.secretInputs?.has(key));
        const logging = this.secretive ? "none" : (inputs.logging ?? "stdoutAndStderr");
        this.shown = {
            stdout: logging === "stdout" || logging === "stdoutAndStderr",
            stderr: logging === "stderr" || logging === "stdoutAndStderr",
        };
    }

    write(stream: StreamName, chunk: Buffer): void {
        const text = this.decoders[stream].write(chunk);
        this.text[stream] += text;
        this.both += text;
        const lines = (this.unfinished[stream] + text).split("\n");
        this.unfinished[stream] = lines.pop() ?? "";
        for (const line of lines) this.show(stream, line);
    }

    /** Everything printed, without the last line's end. */
    finish(): Captured {
        for (const stream of ["stdout", "stderr"] as const) this.show(stream, this.unfinished[stream]);
        return { stdout: withoutNewline(this.text.stdout), stderr: withoutNewline(this.text.stderr) };
    }

    /** Quotes the script and what it printed; of a script with secrets only what went to stderr. */
    failure(reason: string): Error {
        const printed = this.secretive ? this.text.stderr : this.both;
        const script = this.secretive ? "a script with secret inputs" : JSON.stringify(this.script);
        return new Error(`${reason}: running ${script}:\n${printed}`);
    }

    private show(stream: StreamName, line: string): void {
        if (this.shown[stream] && line.trim() !== "") this.ctx.log(line);
    }
}

function withoutNewline(text: string): string {
    return text.endsWith("\n") ? text.slice(0, -1) : text;
}
