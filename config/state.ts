// The parts of Pulumi's state that Skep reads.

/** A resource in the state. */
export interface StateResource {
    urn: string;
    type: string;
    custom?: boolean;
    protect?: boolean;
    /** Set for what a replacement has left: it is yet to be deleted. */
    delete?: boolean;
    id?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    parent?: string;
    provider?: string;
}

/** What `pulumi stack export` gives, as far as Skep reads it. */
export interface Deployment {
    resources?: StateResource[];
    /** What a run has begun and not ended: one that is at work, or one that was killed. */
    pending_operations?: { type: string; resource: StateResource }[];
}
