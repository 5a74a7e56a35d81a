// A small Pulumi for tests: starts a provider's gRPC server, in this process or in one of its own, and sends it requests.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { ProviderServer } from "../../providers/runtime/server";
import type { Props, Provider } from "../../providers/runtime/types";
import { fromStruct, toStruct } from "../../providers/runtime/wire";

type Call<Request, Response> = (request: Request, callback: grpc.requestCallback<Response>) => unknown;

/** Speaks to one provider as Pulumi does. Property bags are wire values: secrets are marked. */
export class TestPulumi {
    readonly logged: string[] = [];
    private readonly client: ResourceProviderClient;

    private constructor(
        port: number,
        private readonly stopProvider: () => void | Promise<void>,
    ) {
        const credentials = grpc.credentials.createInsecure();
        this.client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials);
    }

    /** Serves the provider in this process. */
    static async inProcess(provider: Provider): Promise<TestPulumi> {
        const server = new ProviderServer(provider);
        const pulumi = new TestPulumi(await server.listen(), () => server.close());
        const logServer = await pulumi.serveLog();
        server.log.connect(logServer.address);
        return pulumi;
    }

    /** Starts a plugin's executable, as Pulumi does, and reads its port from its first line. */
    static async spawned(
        command: string,
        args: string[],
    ): Promise<{ pulumi: TestPulumi; child: ChildProcess }> {
        const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
        const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, "data")) as [Buffer];
        const pulumi = new TestPulumi(Number(line.toString().trim()), () => void child.kill("SIGKILL"));
        return { pulumi, child };
    }

    urn(type: string, name = "it"): string {
        return `urn:pulumi:test::skep::${type}::${name}`;
    }

    configure(args: Props): Promise<rpc.ConfigureResponse> {
        const request = new rpc.ConfigureRequest().setArgs(toStruct(args));
        return this.call<rpc.ConfigureRequest, rpc.ConfigureResponse>(this.client.configure, request);
    }

    async handshake(pulumiAddress = ""): Promise<rpc.ProviderHandshakeResponse> {
        return this.call(
            this.client.handshake,
            new rpc.ProviderHandshakeRequest().setEngineAddress(pulumiAddress),
        );
    }

    async check(type: string, news: Props): Promise<{ inputs: Props; failures: string[] }> {
        const request = new rpc.CheckRequest().setUrn(this.urn(type)).setNews(toStruct(news));
        const response = await this.call<rpc.CheckRequest, rpc.CheckResponse>(this.client.check, request);
        const failures = response
            .getFailuresList()
            .map((item) => `${item.getProperty()}: ${item.getReason()}`);
        return { inputs: fromStruct(response.getInputs()), failures };
    }

    async diff(
        type: string,
        oldInputs: Props,
        news: Props,
        state: Props = oldInputs,
        ignoreChanges: string[] = [],
    ): Promise<rpc.DiffResponse> {
        const request = new rpc.DiffRequest().setUrn(this.urn(type)).setId("id");
        request.setIgnorechangesList(ignoreChanges);
        request.setOldInputs(toStruct(oldInputs)).setNews(toStruct(news)).setOlds(toStruct(state));
        return this.call<rpc.DiffRequest, rpc.DiffResponse>(this.client.diff, request);
    }

    async create(
        type: string,
        inputs: Props,
        options: { preview?: boolean; name?: string; seconds?: number } = {},
    ) {
        const request = new rpc.CreateRequest().setUrn(this.urn(type, options.name));
        request.setProperties(toStruct(inputs)).setPreview(options.preview ?? false);
        request.setTimeout(options.seconds ?? 0);
        const response = await this.call<rpc.CreateRequest, rpc.CreateResponse>(this.client.create, request);
        const refresh = response.getRefreshBeforeUpdate();
        return { id: response.getId(), outs: fromStruct(response.getProperties()), refresh };
    }

    async update(type: string, id: string, olds: Props, news: Props, preview = false): Promise<Props> {
        const request = new rpc.UpdateRequest().setUrn(this.urn(type)).setId(id).setPreview(preview);
        request.setOlds(toStruct(olds)).setNews(toStruct(news));
        return fromStruct(
            (
                await this.call<rpc.UpdateRequest, rpc.UpdateResponse>(this.client.update, request)
            ).getProperties(),
        );
    }

    async read(type: string, id: string, state: Props, inputs: Props = state) {
        const request = new rpc.ReadRequest().setUrn(this.urn(type)).setId(id);
        request.setProperties(toStruct(state)).setInputs(toStruct(inputs));
        const response = await this.call<rpc.ReadRequest, rpc.ReadResponse>(this.client.read, request);
        const outs = fromStruct(response.getProperties());
        return { id: response.getId(), outs, inputs: fromStruct(response.getInputs()) };
    }

    async delete(type: string, id: string, state: Props, oldInputs: Props = state): Promise<void> {
        const request = new rpc.DeleteRequest().setUrn(this.urn(type)).setId(id);
        request.setProperties(toStruct(state)).setOldInputs(toStruct(oldInputs));
        await this.call(this.client.delete, request);
    }

    async invoke(token: string, args: Props): Promise<Props> {
        const request = new rpc.InvokeRequest().setTok(token).setArgs(toStruct(args));
        return fromStruct(
            (await this.call<rpc.InvokeRequest, rpc.InvokeResponse>(this.client.invoke, request)).getReturn(),
        );
    }

    async cancel(): Promise<void> {
        await this.call(this.client.cancel, new Empty());
    }

    /** Closes only the connection, as Pulumi does before it ends a plugin. */
    hangUp(): void {
        this.client.close();
    }

    async stop(): Promise<void> {
        this.client.close();
        await this.stopProvider();
        this.logServer?.forceShutdown();
    }

    private logServer: grpc.Server | undefined;

    private async serveLog(): Promise<{ address: string }> {
        const server = new grpc.Server();
        this.logServer = server;
        server.addService(EngineService, {
            log: (call: { request: LogRequest }, callback: grpc.sendUnaryData<Empty>) => {
                this.logged.push(call.request.getMessage());
                callback(null, new Empty());
            },
        });
        return new Promise((resolve, reject) => {
            server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
                error ? reject(error) : resolve({ address: `127.0.0.1:${port}` }),
            );
        });
    }

    private call<Request, Response>(method: Call<Request, Response>, request: Request): Promise<Response> {
        return new Promise((resolve, reject) => {
            method.call(this.client, request, (error, response) =>
                error ? reject(error) : resolve(response as Response),
            );
        });
    }
}

/** The message of a failed call, without gRPC's own prefix. */
export async function failureOf(call: Promise<unknown>): Promise<grpc.ServiceError> {
    try {
        await call;
    } catch (error) {
        return error as grpc.ServiceError;
    }
    throw new Error("the call succeeded");
}

const WAIT_MS = 20_000;
const POLL_MS = 20;

/** Repeats `question` until it answers, and returns the answer. */
export async function eventually<T>(question: () => Promise<T | undefined>): Promise<T> {
    for (const end = Date.now() + WAIT_MS; ; await new Promise((done) => setTimeout(done, POLL_MS))) {
        const answer = await question();
        if (answer !== undefined) return answer;
        if (Date.now() > end) throw new Error(`waited ${WAIT_MS / 1000} s in vain`);
    }
}
