// A script's output: captured for the state, shown line by line where that is allowed, and quoted when the script fails.
import { StringDecoder } from "node:string_decoder";
import type { Context, Props } from "../../../providers/runtime/types";

export interface Captured {
    stdout: string;
    stderr: string;
}

type StreamName = keyof Captured;

/** Inputs whose secrets a script may print. The connection is always secret and does not count. */
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

    /** The whole output, without a line feed at its end. */
    finish(): Captured {
        for (const stream of ["stdout", "stderr"] as const) this.show(stream, this.unfinished[stream]);
        return { stdout: withoutNewline(this.text.stdout), stderr: withoutNewline(this.text.stderr) };
    }

    /** An error that quotes the script and its output. With secret inputs it quotes stderr only. */
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
