// The contract between a provider's resources and the runtime that speaks Pulumi's gRPC protocol for them. Handlers see
// plain values: secrets are unwrapped, unknowns are UNKNOWN. The runtime wraps both again on the way out.

/** A value that is known only once the resources that it comes from exist. */
export const UNKNOWN = Symbol.for("skep.unknown");

// Property bags are typed by each resource's own check; the wire itself is untyped JSON.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- wire values are untyped
export type Props = Record<string, any>;

export interface CheckFailure {
    property: string;
    reason: string;
}

export interface Context {
    /** The resource's URN, and its last part: the name that the program gave the resource. */
    urn: string;
    name: string;
    /** The provider's configuration as it arrived at Configure. */
    config: Props;
    /** Names of the inputs that are or contain a secret. What results from them must not be shown. */
    secretInputs?: ReadonlySet<string>;
    /** Aborts on Pulumi's Cancel: stop at the next safe line. */
    signal: AbortSignal;
    /** Shows one line under the resource. Never give it a secret. */
    log(message: string, severity?: "debug" | "info" | "warning" | "error"): void;
}

export interface Resource {
    /** Inputs that the program must give. */
    required?: readonly string[];
    /** Values that check fills in if the program gave none. */
    defaults?: Props;
    /** Outputs that exist only after create. A preview shows them as unknown, and inputs do not contain them. */
    computed?: readonly string[];
    /**
     * Computed outputs that an update never changes, or those that this one does not: a function gets the state and the new
     * inputs. Its preview still shows them.
     */
    stable?: readonly string[] | ((state: Props, inputs: Props) => readonly string[]);
    /** Outputs (or echoed inputs) that are always secret in state. */
    secretOutputs?: readonly string[];
    /** Inputs that, when secret, make every computed output secret. */
    taintFrom?: readonly string[];
    /** Inputs whose change replaces the resource: top-level keys, or "*" for all. */
    replaceOn?: readonly string[] | "*";
    deleteBeforeReplace?: boolean;
    /**
     * Splits an input into entries with names that are no secrets, whatever the values are. A diff then says which of them
     * differ.
     */
    entries?: Readonly<Record<string, (value: unknown) => Props>>;
    /** Inputs whose change alone causes no update. Handlers still get the newest value. */
    ignoreInDiff?: readonly string[];
    /** Pulumi reads the resource before every preview and update, so that plain `up` sees drift. */
    refreshBeforeUpdate?: boolean;
    /** Refuses bad input, all problems at once. Unknown values must pass. */
    check?(inputs: Props): CheckFailure[];
    /**
     * Names of the inputs that differ from the state, for a provider that compares the program with the real thing as
     * read found it. Without this, the new inputs are compared with the old ones.
     */
    differs?(state: Props, inputs: Props): string[];
    /** Names of inputs to show as changed although none changed: read found the real thing different. */
    drift?(state: Props, inputs: Props): string[];
    /**
     * Names of inputs for which this change replaces the resource, besides those in `replaceOn`. `olds` are the inputs of
     * the last up.
     */
    replaces?(olds: Props, inputs: Props, ctx: Context): string[];
    /**
     * Refuses a planned change by throwing. Pulumi asks in every preview, before anything is touched. `olds` are the
     * inputs of the last up; what depends on a resource that is yet to be made is UNKNOWN. `replaced` says whether the
     * plan replaces the resource.
     */
    guard?(plan: { id: string; olds: Props; inputs: Props; replaced: boolean }, ctx: Context): Promise<void>;
    create(inputs: Props, ctx: Context): Promise<{ id: string; outs: Props }>;
    /** Without it, every change replaces the resource. */
    update?(id: string, olds: Props, inputs: Props, ctx: Context): Promise<Props>;
    /**
     * Returns an empty object if the resource is gone. `inputs` must equal what check produces, or a refresh shows
     * changes that do not exist.
     */
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
    /** What to say about a type or function token that the provider does not have. */
    unknownToken?(token: string): string;
    /** Provider configuration whose change replaces the provider, and with it everything it made. */
    configReplaces?: readonly string[];
}

/**
 * Thrown by create, update and read if the thing exists but is not yet as asked. It stays in the state, and the next up
 * calls update, even without a change.
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
