// The way back to Pulumi: log lines that appear under a resource.
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { Context } from "./types";

type Severity = NonNullable<Parameters<Context["log"]>[1]>;

const SEVERITIES: Record<Severity, LogSeverity> = {
    debug: LogSeverity.DEBUG,
    info: LogSeverity.INFO,
    warning: LogSeverity.WARNING,
    error: LogSeverity.ERROR,
};

/** Pulumi is on this machine, so a proxy from the environment must not be used. */
const DIRECT = { "grpc.enable_http_proxy": 0 };

/** Sends log lines in order. Drops them if no Pulumi is connected, or if it has gone. */
export class PulumiLog {
    private client: EngineClient | undefined;
    private sent: Promise<void> = Promise.resolve();

    connect(address: string | undefined): void {
        if (!address) return;
        this.client?.close();
        this.client = new EngineClient(address, grpc.credentials.createInsecure(), DIRECT);
    }

    write(urn: string, message: string, severity: Severity): void {
        const request = new LogRequest();
        request.setUrn(urn);
        request.setMessage(message);
        request.setSeverity(SEVERITIES[severity]);
        this.sent = this.sent.then(() => this.send(request));
    }

    /** Resolves when all lines so far have been shown, so that they appear before the operation's end. */
    flush(): Promise<void> {
        return this.sent;
    }

    close(): void {
        this.client?.close();
    }

    private send(request: LogRequest): Promise<void> {
        const { client } = this;
        if (!client) return Promise.resolve();
        const options = { deadline: Date.now() + 2000 };
        return new Promise((resolve) => client.log(request, new grpc.Metadata(), options, () => resolve()));
    }
}
