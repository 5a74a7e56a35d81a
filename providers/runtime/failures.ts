// How handlers' errors reach Pulumi: only their message, and for "made, but not yet as asked" the resource's state as
// well.
import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { SkepError } from "../../errors";
import type { Scrub } from "./scrub";
import type { Props } from "./types";
import { toStruct } from "./wire";

/** An error with its own gRPC code, which goes out as it is. */
export class RpcError extends Error {
    constructor(
        readonly code: grpc.status,
        message: string,
        readonly metadata?: grpc.Metadata,
    ) {
        super(message);
    }
}

/** What Pulumi needs to keep a resource that exists but has not converged. All values are wire values. */
export interface InitFailure {
    id: string;
    properties: Props;
    inputs?: Props;
    reasons: string[];
    refreshBeforeUpdate: boolean;
}

/**
 * The error after which Pulumi keeps the resource in the state and calls update on the next up, even without a change.
 */
export function initFailed(failure: InitFailure): RpcError {
    const detail = new ErrorResourceInitFailed();
    detail.setId(failure.id);
    detail.setProperties(toStruct(failure.properties));
    detail.setReasonsList(failure.reasons);
    detail.setRefreshBeforeUpdate(failure.refreshBeforeUpdate);
    if (failure.inputs) detail.setInputs(toStruct(failure.inputs));

    const message = failure.reasons.join("; ");
    const status = new Status();
    status.setCode(grpc.status.UNKNOWN);
    status.setMessage(message);
    status.addDetails(packed(detail));

    const metadata = new grpc.Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
    return new RpcError(grpc.status.UNKNOWN, message, metadata);
}

function packed(detail: ErrorResourceInitFailed): Any {
    const any = new Any();
    any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    return any;
}

/** The error as gRPC sends it, without stack and secrets. SKEP_DEBUG=1 adds the stack of a bug. */
export function toServiceError(error: unknown, scrub: Scrub): Partial<grpc.StatusObject> {
    const { code = grpc.status.UNKNOWN, metadata } = error instanceof RpcError ? error : {};
    return { code, details: scrub(describe(error)), metadata };
}

function describe(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    const expected = error instanceof SkepError || error instanceof RpcError;
    const debugging = Boolean(process.env.SKEP_DEBUG) && !expected;
    return (debugging && error.stack) || error.message || error.name;
}
