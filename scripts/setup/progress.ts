// What a person sees while something takes time: one line a step, a spinner on a terminal, nothing with --json.
// It goes to stderr, so that stdout holds results only. No decisions live here.

export interface Progress {
    /**
     * Shows a step while `work` runs and how long it took; steps may run side by side and inside each other.
     * `update` adds a word on what is being waited for; it shows on terminals only.
     */
    step<T>(title: string, work: (update: (text: string) => void) => Promise<T>): Promise<T>;
    /** One line to keep. */
    note(text: string): void;
}

/** Where lines go: a terminal gets a spinner, anything else plain lines. */
export interface ProgressStream {
    isTTY?: boolean;
    columns?: number;
    write(text: string): unknown;
}

/** Progress for a person, or none at all where only the result was asked for. */
export function createProgress(options: { silent?: boolean; stream?: ProgressStream } = {}): Progress {
    if (options.silent) return silent;
    const stream = options.stream ?? process.stderr;
    const dumb = process.env.TERM === "dumb" || process.env.CI !== undefined;
    return stream.isTTY && !dumb ? new Spinner(stream) : plain(stream);
}

const silent: Progress = {
    step: (_title, work) => work(() => undefined),
    note: () => undefined,
};

function plain(stream: ProgressStream): Progress {
    return {
        async step(title, work) {
            const began = Date.now();
            stream.write(`• ${title}\n`);
            try {
                const result = await work(() => undefined);
                stream.write(` ✓ ${title}${took(began)}\n`);
                return result;
            } catch (error) {
                stream.write(` ✗ ${title}${took(began)}\n`);
                throw error;
            }
        },
        note: (text) => void stream.write(`• ${text}\n`),
    };
}

function took(began: number): string {
    const seconds = Math.round((Date.now() - began) / 1000);
    return seconds < 1 ? "" : ` (${seconds} s)`;
}

interface Running {
    title: string;
    began: number;
    text: string;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MILLISECONDS = 100;
const ERASE_LINE_AND_UP = "\u001b[1A\u001b[2K";

/** Keeps the running steps as the last lines of the terminal; what is finished scrolls up above them. */
class Spinner implements Progress {
    private readonly running: Running[] = [];
    private frame = 0;
    private drawn = 0;
    private timer: NodeJS.Timeout | undefined;

    constructor(private readonly stream: ProgressStream) {}

    async step<T>(title: string, work: (update: (text: string) => void) => Promise<T>): Promise<T> {
        const step: Running = { title, began: Date.now(), text: "" };
        this.running.push(step);
        this.timer ??= setInterval(() => this.draw(), FRAME_MILLISECONDS);
        // A spinner alone is no reason for the process to live on.
        this.timer.unref();
        this.draw();
        let mark = "✗";
        try {
            const result = await work((text) => (step.text = text));
            mark = "✓";
            return result;
        } finally {
            this.running.splice(this.running.indexOf(step), 1);
            if (this.running.length === 0) {
                clearInterval(this.timer);
                this.timer = undefined;
            }
            this.draw(` ${mark} ${title}${took(step.began)}\n`);
        }
    }

    note(text: string): void {
        this.draw(`• ${text}\n`);
    }

    private draw(above = ""): void {
        this.frame = (this.frame + 1) % FRAMES.length;
        const width = (this.stream.columns ?? 80) - 1;
        const lines = this.running.map(({ title, began, text }) => {
            const detail = text === "" ? "" : `: ${text}`;
            return ` ${FRAMES[this.frame]} ${title}${took(began)}${detail}`.slice(0, width) + "\n";
        });
        this.stream.write(ERASE_LINE_AND_UP.repeat(this.drawn) + above + lines.join(""));
        this.drawn = lines.length;
    }
}
