// What the work on a swarm is given beside its inputs.

// Inputs as they come over the provider's wire.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- wire values are untyped
export type Props = Record<string, any>;

/** Where work reports, and how it is ended. */
export interface Context {
    /** Aborted when the work must stop at the next safe line. */
    signal: AbortSignal;
    /** Shows one line to whoever waits for the work. Never give it a secret. */
    log(message: string, severity?: "debug" | "info" | "warning" | "error"): void;
}
