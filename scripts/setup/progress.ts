// Shows a person what takes time: a line for each step, a spinner on a terminal, nothing with --json. Writes to stderr, so
// that stdout holds results only. Not ora or listr2: ora shows one spinner, listr2 wants all steps beforehand, and either
// takes 70 ms or more to load.

export interface Progress {
    /**
     * Shows a step while `work` runs, then how long it took. Steps may run side by side and inside each other.
     * `update` shows what the step waits for; without a terminal, only what it has waited for for a while.
     */
    step<T>(title: string, work: (update: (text: string) => void) => Promise<T>): Promise<T>;
    /** Shows a line that stays. `mark` stands before it. Default: •. */
    note(text: string, mark?: string): void;
}

const NOTE = "•";
/** After how many seconds a plain line says what a step waits for, and after how many more it says so again. */
const SLOW_SECONDS = 15;
const AGAIN_SECONDS = 60;

/** Where lines go: a terminal gets a spinner, anything else plain lines. */
export interface ProgressStream {
    isTTY?: boolean;
    columns?: number;
    write(text: string): unknown;
}

/** Progress on stderr or another stream; none at all when `silent`. */
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
            const slow = new Slow((text) => void stream.write(`   … ${text}\n`));
            stream.write(`• ${title}\n`);
            let mark = "✗";
            try {
                const result = await work((text) => slow.update(text));
                mark = "✓";
                return result;
            } finally {
                slow.update("");
                stream.write(` ${mark} ${title}${took(began)}\n`);
            }
        },
        note: (text, mark = NOTE) => void stream.write(`${mark} ${text}\n`),
    };
}

/** Says what a step waits for once that has stayed the same for a while, and then now and then. */
class Slow {
    private text = "";
    private timer: NodeJS.Timeout | undefined;

    constructor(private readonly say: (text: string) => void) {}

    update(text: string): void {
        if (text === this.text) return;
        this.text = text;
        clearTimeout(this.timer);
        if (text !== "") this.wait(SLOW_SECONDS, 0);
    }

    private wait(seconds: number, waited: number): void {
        const all = waited + seconds;
        this.timer = setTimeout(() => {
            this.say(`${this.text} (${all} s)`);
            this.wait(AGAIN_SECONDS, all);
        }, seconds * 1000).unref();
    }
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

/** Shows running steps in the last lines of the terminal, and finished ones above them. */
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
        // The spinner must not keep the process alive.
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

    note(text: string, mark = NOTE): void {
        this.draw(`${mark} ${text}\n`);
    }

    private draw(above = ""): void {
        this.frame = (this.frame + 1) % FRAMES.length;
        // A terminal that does not know its width says 0.
        const width = (this.stream.columns || 80) - 1;
        const lines = this.running.map(({ title, began, text }) => {
            const detail = text === "" ? "" : `: ${text}`;
            return ` ${FRAMES[this.frame]} ${title}${took(began)}${detail}`.slice(0, width) + "\n";
        });
        this.stream.write(ERASE_LINE_AND_UP.repeat(this.drawn) + above + lines.join(""));
        this.drawn = lines.length;
    }
}
