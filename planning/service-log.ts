// What an engine sends as the log of a service: frames of several streams in one, and lines with details. No I/O.

/** One line of a log. */
export interface LogLine {
    /** When it was written, in RFC 3339. */
    time: string;
    stream: "stdout" | "stderr";
    text: string;
    /** The task and the node that it comes from; none for what a manager itself says. */
    taskId?: string;
    nodeId?: string;
}

const HEADER = 8;
const STDERR = 2;

/** Takes an engine's answer in pieces of any size and gives its lines. A frame has a stream's number and its own length. */
export class LogReader {
    private rest = Buffer.alloc(0);
    private readonly partial = { stdout: "", stderr: "" };

    /** `isRaw` is set for services with a terminal: their log has no frames. */
    constructor(private readonly isRaw = false) {}

    /** The lines that end in this piece. */
    read(piece: Buffer): LogLine[] {
        this.rest = Buffer.concat([this.rest, piece]);
        if (this.isRaw) return this.raw();
        const lines: LogLine[] = [];
        while (this.rest.length >= HEADER) {
            const end = HEADER + this.rest.readUInt32BE(4);
            if (this.rest.length < end) break;
            const stream = this.rest[0] === STDERR ? "stderr" : "stdout";
            lines.push(...this.split(stream, this.rest.toString("utf8", HEADER, end)));
            this.rest = this.rest.subarray(end);
        }
        return lines;
    }

    /** What is left when the answer ends: lines without an end. */
    end(): LogLine[] {
        const raw = this.isRaw ? this.split("stdout", this.rest.toString("utf8")) : [];
        const { stdout, stderr } = this.partial;
        return [...raw, ...lineOf("stdout", stdout), ...lineOf("stderr", stderr)];
    }

    private raw(): LogLine[] {
        // A character may come in two pieces, and a line's end is never a part of one.
        const end = this.rest.lastIndexOf("\n") + 1;
        const whole = this.rest.toString("utf8", 0, end);
        this.rest = this.rest.subarray(end);
        return this.split("stdout", whole);
    }

    private split(stream: LogLine["stream"], text: string): LogLine[] {
        const parts = (this.partial[stream] + text).split("\n");
        this.partial[stream] = parts.pop() ?? "";
        return parts.flatMap((part) => lineOf(stream, part));
    }
}

/** `TIME KEY=VALUE,KEY=VALUE TEXT`, as the engine writes it with timestamps and details. */
function lineOf(stream: LogLine["stream"], text: string): LogLine[] {
    if (text === "") return [];
    const [, time, details = "", said = ""] = /^(\d{4}-\S+Z) (\S*=\S*) ?(.*)$/s.exec(text) ?? [];
    if (time === undefined) return [{ time: "", stream, text: text.trimEnd() }];
    const found = new Map(
        details.split(",").map((pair): [string, string] => {
            const [key = "", value = ""] = pair.split("=");
            return [decodeURIComponent(key), decodeURIComponent(value)];
        }),
    );
    const taskId = found.get("com.docker.swarm.task.id");
    const nodeId = found.get("com.docker.swarm.node.id");
    return [{ time, stream, text: said.trimEnd(), taskId, nodeId }];
}
