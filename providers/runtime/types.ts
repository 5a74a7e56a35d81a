// The contract between a provider's resources and the runtime that speaks Pulumi's gRPC protocol for them.
// Handlers see plain values: secrets unwrapped, unknowns as UNKNOWN; the runtime wraps both again on the way out.

/** A value that will only be known when the resources it comes from exist. */
export const UNKNOWN = Symbol.for("skep.unknown");

// Property bags are typed by each resource's own check; the wire itself is untyped JSON.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- wire values are untyped
export type Props = Record<string, any>;

export interface CheckFailure {
    property: string;
    reason: string;
}

export interface Context {
    /** The resource's URN and its last part, the name that the program gave it. */
    urn: string;
    name: string;
    /** The provider's configuration as it arrived at Configure. */
    config: Props;
    /** Names of the inputs that are, or hold, a secret: what they lead to must not be shown. */
    secretInputs?: ReadonlySet<string>;
    /** Aborted by the engine's Cancel: stop at the next safe line. */
    signal: AbortSignal;
    /** Shows one line under the resource. Never give it a secret. */
    log(message: string, severity?: "debug" | "info" | "warning" | "error"): void;
}

export interface Resource {
    /** Inputs without which check fails. */
    required?: readonly string[];
    /** Filled in by check where the program gave nothing. */
    defaults?: Props;
    /** Outputs that exist only after create: unknown at preview, kept out of inputs. */
    computed?: readonly string[];
    /** Computed outputs that an update never changes: its preview keeps showing them. */
    stable?: readonly string[];
    /** Outputs (or echoed inputs) that are always secret in state. */
    secretOutputs?: readonly string[];
    /** Inputs that, when secret, make every computed output secret. */
    taintFrom?: readonly string[];
    /** Changed inputs that force replacement: top-level keys, or "*" for all. */
    replaceOn?: readonly string[] | "*";
    deleteBeforeReplace?: boolean;
    /** Inputs whose change alone is no reason to update (the newest value is still what handlers get). */
    ignoreInDiff?: readonly string[];
    /** The engine reads the resource before every preview and update, so that plain `up` sees drift. */
    refreshBeforeUpdate?: boolean;
    /** Refuses bad input, all problems at once. Unknown values must pass. */
    check?(inputs: Props): CheckFailure[];
    /**
     * Names of the inputs that differ from the state, for a provider that compares the program with the real thing as it
     * was read back. Without it the new inputs are compared with the old ones.
     */
    differs?(state: Props, inputs: Props): string[];
    /** Names of inputs to show as changed though no input changed: what read found different on the real thing. */
    drift?(state: Props, inputs: Props): string[];
    create(inputs: Props, ctx: Context): Promise<{ id: string; outs: Props }>;
    /** Without it every change replaces. */
    update?(id: string, olds: Props, inputs: Props, ctx: Context): Promise<Props>;
    /** An empty answer means: gone. `inputs` must equal what check produces, or refresh shows phantom changes. */
    read?(id: string, state: Props, ctx: Context): Promise<{ id?: string; outs?: Props; inputs?: Props }>;
    delete?(id: string, state: Props, ctx: Context): Promise<void>;
}

export interface Provider {
    name: string;
    version: string;
    /** By type token, such as "swarm:index:Cluster". */
    resources: Record<string, Resource>;
    /** By function token. */
    functions?: Record<string, (args: Props, ctx: Pick<Context, "config" | "signal">) => Promise<Props>>;
    configure?(config: Props): Promise<void>;
    /** What to say about a type or function token that is not here. */
    unknownToken?(token: string): string;
    /** Provider configuration whose change replaces the provider, and with it everything it made. */
    configReplaces?: readonly string[];
}

/**
 * Thrown by create, update and read when the thing exists but is not yet what was asked:
 * it stays in state and the next up calls update again, even without a change.
 */
export class NotConverged extends Error {
    constructor(
        readonly id: string,
        readonly outs: Props,
        readonly reasons: string[],
    ) {
        super(reasons.join("; "));
        this.name = "NotConverged";
    }
}
