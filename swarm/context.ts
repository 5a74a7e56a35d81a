// What the work on a swarm is given beside its inputs.

/** Where work reports, and how it is ended. */
export interface Context {
    /** Aborted when the work must stop at the next safe line. */
    signal: AbortSignal;
    /** Shows one line to whoever waits for the work. Never give it a secret. */
    log(message: string, severity?: "debug" | "info" | "warning" | "error"): void;
}
