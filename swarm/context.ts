// What every piece of work on a swarm gets beside its inputs.

/** How work reports to the user, and how it is stopped. */
export interface Context {
    /** Aborts when the work must stop at the next safe line. */
    signal: AbortSignal;
    /** Shows one line to the user who waits for the work. Never give it a secret. */
    log(message: string, severity?: "debug" | "info" | "warning" | "error"): void;
}
