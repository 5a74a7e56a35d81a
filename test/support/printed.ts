// What a command prints while it works.

/** Runs `work` and returns what it printed on standard output, and what it threw, if it did. */
export async function printed(work: () => Promise<unknown>): Promise<{ text: string; error?: Error }> {
    const lines: string[] = [];
    const { log } = console;
    console.log = (...parts: unknown[]) => void lines.push(parts.join(" "));
    try {
        await work();
        return { text: lines.join("\n") };
    } catch (error) {
        return { text: lines.join("\n"), error: error as Error };
    } finally {
        console.log = log;
    }
}
