// The parts of Pulumi's state that Skep reads.

/** A resource in the state. */
export interface StateResource {
    urn: string;
    type: string;
    custom?: boolean;
    protect?: boolean;
    id?: string;
    inputs?: object;
    outputs?: Record<string, unknown>;
    parent?: string;
    provider?: string;
}
