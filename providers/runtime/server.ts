// The gRPC service: one method each, thin; what they mean lives in operations.ts and configuration.ts.
import { setMaxListeners } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { diffConfig, readConfig } from "./configuration";
import { PulumiLog } from "./pulumi-log";
import { toServiceError } from "./failures";
import { Operations, unknownToken, type Environment } from "./operations";
import { checkResponse, diffResponse } from "./responses";
import { scrubber, type Scrub } from "./scrub";
import type { Props, Provider } from "./types";
import { decodeProps, encode, fromStruct, toStruct } from "./wire";

/** Uploads and compose files travel inside properties; the default of 4 MB is too small for them. */
const MAX_MESSAGE = 400 * 1024 * 1024;

// Each method has its own request and response type; the table below only cares that they match by name.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
type Handler = (request: any) => unknown;

/** Serves one provider. It has a listener of its own, because gRPC does not say when Pulumi hangs up. */
export class ProviderServer {
    readonly log = new PulumiLog();
    private readonly listener: Server;
    private readonly connections = new Set<Socket>();
    private readonly hangUpCallbacks: (() => void)[] = [];
    private cancelled = new AbortController();
    private readonly server = new grpc.Server({
        "grpc.max_receive_message_length": MAX_MESSAGE,
        "grpc.max_send_message_length": MAX_MESSAGE,
    });
    private readonly environment: Environment;
    private readonly operations: Operations;
    private readonly running = new Set<Promise<unknown>>();

    constructor(private readonly provider: Provider) {
        this.environment = {
            config: {},
            signal: this.cancelled.signal,
            log: (urn, message, severity) => this.log.write(urn, message, severity),
        };
        this.operations = new Operations(provider, this.environment);
        this.server.addService(ResourceProviderService, this.methods());
        const injector = this.server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
        this.listener = createServer((socket) => {
            this.follow(socket);
            injector.injectConnection(socket);
        });
    }

    /** Listens on a free loopback port and returns it. */
    listen(): Promise<number> {
        return new Promise((resolve, reject) => {
            this.listener.once("error", reject);
            this.listener.listen(0, "127.0.0.1", () =>
                resolve((this.listener.address() as AddressInfo).port),
            );
        });
    }

    /** Whether Pulumi holds a connection. */
    get connected(): boolean {
        return this.connections.size > 0;
    }

    /** Calls `callback` each time the last connection closes. */
    onHangUp(callback: () => void): void {
        this.hangUpCallbacks.push(callback);
    }

    private follow(socket: Socket): void {
        socket.setNoDelay(true);
        this.connections.add(socket);
        socket.on("close", () => {
            this.connections.delete(socket);
            if (!this.connected) for (const callback of this.hangUpCallbacks) callback();
        });
    }

    /** Aborts the handlers' signal, so that they stop at the next safe line, and refuses new work. */
    cancel(): void {
        this.cancelled.abort();
    }

    /** Resolves when no handler runs any more. */
    async idle(): Promise<void> {
        await Promise.allSettled(this.running);
    }

    close(): void {
        this.listener.close();
        for (const socket of this.connections) socket.destroy();
        this.server.forceShutdown();
        this.log.close();
    }

    private methods(): grpc.UntypedServiceImplementation {
        const handlers: Record<string, Handler> = {
            handshake: (request: rpc.ProviderHandshakeRequest) => this.handshake(request),
            attach: (request: { getAddress(): string }) => this.attach(request.getAddress()),
            getPluginInfo: () => new PluginInfo().setVersion(this.provider.version),
            getSchema: () => this.schema(),
            checkConfig: (request: rpc.CheckRequest) => checkResponse(fromStruct(request.getNews()), []),
            diffConfig: (request: rpc.DiffRequest) => this.diffConfig(request),
            configure: (request: rpc.ConfigureRequest) => this.configure(request),
            check: (request: rpc.CheckRequest) => this.operations.check(request),
            diff: (request: rpc.DiffRequest) => this.operations.diff(request),
            create: (request: rpc.CreateRequest) => this.operations.create(request),
            update: (request: rpc.UpdateRequest) => this.operations.update(request),
            read: (request: rpc.ReadRequest) => this.operations.read(request),
            delete: (request: rpc.DeleteRequest) => this.operations.delete(request),
            invoke: (request: rpc.InvokeRequest) => this.invoke(request),
            cancel: () => this.cancel(),
        };
        const known = Object.entries(handlers).map(([name, handler]) => [name, this.unary(handler)]);
        const all = Object.keys(ResourceProviderService).map((name) => [name, unimplemented(name)]);
        return Object.fromEntries([...all, ...known]) as grpc.UntypedServiceImplementation;
    }

    /**
     * A gRPC method for a handler. Its errors go out as messages without stacks and secrets, after the lines that it
     * logged.
     */
    private unary(handler: Handler): grpc.handleUnaryCall<unknown, unknown> {
        return (call, callback) => {
            const work = Promise.resolve()
                .then(() => handler(call.request))
                .finally(() => this.log.flush());
            this.running.add(work);
            work.then(
                (response) => callback(null, response ?? new Empty()),
                (error: unknown) => callback(toServiceError(error, requestScrubber(call.request))),
            ).finally(() => this.running.delete(work));
        };
    }

    private handshake(request: rpc.ProviderHandshakeRequest): rpc.ProviderHandshakeResponse {
        // A Pulumi that is done cancels, too. The next one that attaches begins anew.
        if (this.cancelled.signal.aborted) this.cancelled = new AbortController();
        // Every wait of a run listens to it, and Node warns of more than ten.
        setMaxListeners(0, this.cancelled.signal);
        this.environment.signal = this.cancelled.signal;
        this.log.connect(request.getEngineAddress());
        return new rpc.ProviderHandshakeResponse().setAcceptSecrets(true);
    }

    private attach(address: string): void {
        this.log.connect(address);
    }

    private schema(): rpc.GetSchemaResponse {
        const { name, version } = this.provider;
        return new rpc.GetSchemaResponse().setSchema(JSON.stringify({ name, version }));
    }

    private diffConfig(request: rpc.DiffRequest): rpc.DiffResponse {
        const olds = decodeProps(fromStruct(request.getOldInputs() ?? request.getOlds()));
        const news = decodeProps(fromStruct(request.getNews()));
        return diffResponse({ changes: diffConfig(this.provider, olds, news), deleteBeforeReplace: false });
    }

    private async configure(request: rpc.ConfigureRequest): Promise<rpc.ConfigureResponse> {
        this.environment.config = readConfig(fromStruct(request.getArgs()));
        await this.provider.configure?.(this.environment.config);
        return new rpc.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }

    private async invoke(request: rpc.InvokeRequest): Promise<rpc.InvokeResponse> {
        const run = this.provider.functions?.[request.getTok()];
        if (!run) throw unknownToken(this.provider, request.getTok());
        const { config, signal } = this.environment;
        const result = await run(decodeProps(fromStruct(request.getArgs())), { config, signal });
        return new rpc.InvokeResponse().setReturn(toStruct(encode(result) as Props));
    }
}

function unimplemented(name: string) {
    const error = { code: grpc.status.UNIMPLEMENTED, details: `${name} is not implemented` };
    return (call: { emit(event: string, error: unknown): void }, callback?: grpc.sendUnaryData<unknown>) =>
        callback ? callback(error) : call.emit("error", error);
}

/** Hides every secret in the request, whatever the names of its property bags are. */
function requestScrubber(request: unknown): Scrub {
    const getters = ["getProperties", "getNews", "getOlds", "getOldInputs", "getInputs", "getArgs"];
    const bags = request as Record<string, (() => Struct | undefined) | undefined>;
    return scrubber(...getters.map((getter) => fromStruct(bags[getter]?.call(request))));
}
