// Points in the code where a test pauses the work, to interrupt or kill it at exactly that moment.
import type { Context } from "./context";

/**
 * If SKEP_TEST_PAUSE_AT names this point, logs that and waits until the work is interrupted or its process is killed.
 * Without the variable it does nothing.
 */
export async function pausePoint(point: string, { signal, log }: Context): Promise<void> {
    if (process.env.SKEP_TEST_PAUSE_AT !== point) return;
    log(`paused at ${point}`, "warning");
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
}
