// What Pulumi asks of one resource: check, diff, create, update, read, delete. Wire values come in, responses go out.
import * as grpc from "@grpc/grpc-js";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { diffResource } from "./diff";
import { initFailed, RpcError } from "./failures";
import { checkResponse, diffResponse } from "./responses";
import { scrubber, type Scrub } from "./scrub";
import { NotConverged, UNKNOWN, type Context, type Props, type Provider, type Resource } from "./types";
import { decodeProps, dropNulls, encode, fromStruct, seal, secretKeys, toStruct } from "./wire";

/** What every operation shares. The server fills it in. */
export interface Environment {
    config: Props;
    signal: AbortSignal;
    log(urn: string, message: string, severity: NonNullable<Parameters<Context["log"]>[1]>): void;
}

interface Addressed {
    getUrn(): string;
    getType?(): string;
}

/** Pulumi passes no `customTimeouts` to a read. */
const NO_TIMEOUT = 0;
/** The longest time that a timer can have, in milliseconds: 24 days. */
const LONGEST = 2 ** 31 - 1;

/** One request while it is handled. */
interface Call {
    /** What the handler works with. */
    wire: Props;
    context: Context;
    /** Hides the secrets of this request, including old ones. */
    scrub: Scrub;
    /** How many seconds it may take, from `customTimeouts`; 0 without a limit. */
    seconds: number;
    /** Whether that time is over and Pulumi has not cancelled. */
    isOverdue(): boolean;
}

/** What the report of a failed handler needs. */
interface Run {
    resource: Resource;
    call: Call;
    /** What the state keeps of a resource that has not converged, beside the handler's outputs. */
    echoed: Props;
    /** The inputs that the state gets then. */
    inputs?: Props;
}

/** A resource's type and name are the last parts of its URN; the type's parents are joined by `$`. */
function typeOf(request: Addressed): string {
    return request.getType?.() || (request.getUrn().split("::")[2]?.split("$").pop() ?? "");
}

function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

/** Pulumi's requests for a provider's resources, one method for each. */
export class Operations {
    constructor(
        private readonly provider: Provider,
        private readonly environment: Environment,
    ) {}

    check(request: rpc.CheckRequest): rpc.CheckResponse {
        const resource = this.resource(request);
        const given = dropNulls(fromStruct(request.getNews()));
        const wire = { ...(encode(resource.defaults ?? {}) as Props), ...given };
        const inputs = decodeProps(wire);
        const missing = (resource.required ?? []).filter((property) => inputs[property] === undefined);
        const failures = missing.map((property) => ({
            property,
            reason: `Missing required property '${property}'`,
        }));
        // A resource's own check may rely on what is required, so it sees complete inputs only.
        if (failures.length === 0) failures.push(...(resource.check?.(inputs) ?? []));
        return checkResponse(wire, failures);
    }

    async diff(request: rpc.DiffRequest): Promise<rpc.DiffResponse> {
        const resource = this.resource(request);
        const oldWire = fromStruct(request.getOldInputs() ?? request.getOlds());
        const wire = fromStruct(request.getNews());
        const olds = decodeProps(oldWire);
        const inputs = decodeProps(wire);
        const { context } = this.call(request, NO_TIMEOUT, wire, oldWire);
        const difference = diffResource(
            { ...resource, replaces: resource.replaces?.(olds, inputs, context) },
            {
                oldInputs: olds,
                newInputs: inputs,
                state: decodeProps(fromStruct(request.getOlds())),
                ignoreChanges: request.getIgnorechangesList(),
            },
        );
        const replaced = difference.changes.some((change) => change.replaces);
        await resource.guard?.({ id: request.getId(), olds, inputs, replaced }, context);
        return diffResponse(difference);
    }

    async create(request: rpc.CreateRequest): Promise<rpc.CreateResponse> {
        const resource = this.resource(request);
        const wire = fromStruct(request.getProperties());
        const inputs = decodeProps(wire);
        const response = new rpc.CreateResponse();
        response.setRefreshBeforeUpdate(resource.refreshBeforeUpdate ?? false);
        if (request.getPreview()) {
            response.setProperties(toStruct(this.sealed(resource, wire, previewOuts(resource, inputs, {}))));
            return response;
        }
        const call = this.call(request, request.getTimeout(), wire);
        const made = await this.run({ resource, call, echoed: wire }, () =>
            resource.create(inputs, call.context),
        );
        response.setId(made.id);
        response.setProperties(toStruct(this.sealed(resource, wire, { ...inputs, ...made.outs })));
        return response;
    }

    async update(request: rpc.UpdateRequest): Promise<rpc.UpdateResponse> {
        const resource = this.resource(request);
        const wire = fromStruct(request.getNews());
        const inputs = decodeProps(wire);
        const oldWire = fromStruct(request.getOlds());
        const olds = decodeProps(oldWire);
        const response = new rpc.UpdateResponse();
        response.setRefreshBeforeUpdate(resource.refreshBeforeUpdate ?? false);
        if (request.getPreview()) {
            response.setProperties(
                toStruct(this.sealed(resource, wire, previewOuts(resource, inputs, olds))),
            );
            return response;
        }
        const { update } = resource;
        if (!update) throw new RpcError(grpc.status.UNIMPLEMENTED, `${typeOf(request)} cannot be updated`);
        const call = this.call(request, request.getTimeout(), wire, oldWire);
        const outs = await this.run({ resource, call, echoed: wire }, () =>
            update(request.getId(), olds, inputs, call.context),
        );
        response.setProperties(toStruct(this.sealed(resource, wire, { ...inputs, ...outs })));
        return response;
    }

    async read(request: rpc.ReadRequest): Promise<rpc.ReadResponse> {
        const resource = this.resource(request);
        const inputWire = fromStruct(request.getInputs());
        const stateWire = withNewest(resource, fromStruct(request.getProperties()), inputWire);
        const state = decodeProps(stateWire);
        const response = new rpc.ReadResponse();
        response.setRefreshBeforeUpdate(resource.refreshBeforeUpdate ?? false);

        const { read } = resource;
        const call = this.call(request, NO_TIMEOUT, stateWire, inputWire);
        const found = read
            ? await this.run({ resource, call, echoed: stateWire, inputs: inputWire }, () =>
                  read(request.getId(), state, call.context),
              )
            : { id: request.getId() };
        if (!found.id) return response; // gone

        response.setId(found.id);
        response.setProperties(toStruct(this.sealed(resource, stateWire, found.outs ?? state)));
        const inputs = found.inputs ? seal(found.inputs, { always: [], origin: inputWire }) : inputWire;
        response.setInputs(toStruct(inputs));
        return response;
    }

    async delete(request: rpc.DeleteRequest): Promise<void> {
        const resource = this.resource(request);
        const oldInputs = fromStruct(request.getOldInputs());
        const stateWire = withNewest(resource, fromStruct(request.getProperties()), oldInputs);
        const call = this.call(request, request.getTimeout(), stateWire, oldInputs);
        await this.run({ resource, call, echoed: stateWire }, async () =>
            resource.delete?.(request.getId(), decodeProps(stateWire), call.context),
        );
    }

    private resource(request: Addressed): Resource {
        const type = typeOf(request);
        const resource = this.provider.resources[type];
        if (resource) return resource;
        throw unknownToken(this.provider, type);
    }

    /** Runs a handler. If the resource exists but has not converged, throws the error that keeps it in the state. */
    private async run<T>({ resource, call, echoed, inputs }: Run, handler: () => Promise<T>): Promise<T> {
        this.refuseWhenCancelled();
        try {
            return await handler();
        } catch (error) {
            if (error instanceof NotConverged)
                throw initFailed({
                    id: error.id,
                    properties: this.sealed(resource, call.wire, { ...decodeProps(echoed), ...error.outs }),
                    inputs,
                    reasons: error.reasons.map(call.scrub),
                    refreshBeforeUpdate: resource.refreshBeforeUpdate ?? false,
                });
            if (!call.isOverdue()) throw error;
            const reason = call.scrub(error instanceof Error ? error.message : String(error));
            const late = `not done within the ${call.seconds} seconds of customTimeouts`;
            throw new RpcError(grpc.status.DEADLINE_EXCEEDED, `${late}: ${reason}`);
        }
    }

    private refuseWhenCancelled(): void {
        if (this.environment.signal.aborted) throw new RpcError(grpc.status.CANCELLED, "cancelled");
    }

    /**
     * The outputs as they go into the state. What must be secret is secret there, and so is what was made from a secret.
     */
    private sealed(resource: Resource, origin: Props, outs: Props): Props {
        const { secretOutputs = [], taintFrom = [], computed = [] } = resource;
        const tainted = secretKeys(origin).some((key) => taintFrom.includes(key));
        return seal(outs, { always: [...secretOutputs, ...(tainted ? computed : [])], origin });
    }

    /**
     * One request. Its signal aborts on Pulumi's Cancel and after `seconds`, the limit from the resource's
     * `customTimeouts`; 0 sets no limit. `wire` is what the handler works with. Messages hide the secrets in it and in
     * `others`.
     */
    private call(request: Addressed, seconds: number, wire: Props, ...others: Props[]): Call {
        const urn = request.getUrn();
        const scrub = scrubber(wire, ...others);
        const cancelled = this.environment.signal;
        const overdue = seconds > 0 ? AbortSignal.timeout(Math.min(seconds * 1000, LONGEST)) : undefined;
        return {
            wire,
            scrub,
            seconds,
            isOverdue: () => overdue?.aborted === true && !cancelled.aborted,
            context: {
                urn,
                name: nameOf(urn),
                config: this.environment.config,
                secretInputs: new Set(secretKeys(wire)),
                signal: overdue ? AbortSignal.any([cancelled, overdue]) : cancelled,
                log: (message, severity = "info") => this.environment.log(urn, scrub(message), severity),
            },
        };
    }
}

/** The error for a type that the provider does not have, with the provider's own reason if it gives one. */
export function unknownToken(provider: Provider, token: string): RpcError {
    const reason = provider.unknownToken?.(token) ?? `the provider ${provider.name} has no ${token}`;
    return new RpcError(grpc.status.NOT_FOUND, reason);
}

/** What a preview shows: inputs as they are, and outputs that only the real thing has as unknown. */
function previewOuts({ computed = [], stable = [] }: Resource, inputs: Props, olds: Props): Props {
    const outs: Props = { ...inputs };
    const kept = typeof stable === "function" ? stable(olds, inputs) : stable;
    for (const key of computed) {
        if (key in inputs) continue;
        outs[key] = kept.includes(key) && key in olds ? olds[key] : UNKNOWN;
    }
    return outs;
}

/**
 * The state with its newest inputs. The state keeps the inputs of the last update; inputs whose change causes no update
 * are newer in `inputs`.
 */
function withNewest({ ignoreInDiff = [] }: Resource, state: Props, inputs: Props): Props {
    const newest = ignoreInDiff.filter((key) => key in inputs).map((key) => [key, inputs[key]]);
    return { ...state, ...Object.fromEntries(newest) };
}
