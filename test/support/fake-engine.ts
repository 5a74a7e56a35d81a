// A Docker engine to test against: it answers at a socket of its own with what a test gives it.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FakeRequest {
    method: string;
    /** Without the query and without a version before it. */
    path: string;
    query: URLSearchParams;
    body: Buffer;
}

/** An answer: a status alone, text or bytes as they are, or something to be sent as JSON. */
export type FakeAnswer = number | string | Buffer | object;

/** What it answers; nothing stands for 404. */
export type Answer = (request: FakeRequest) => FakeAnswer | undefined;

/** What every engine of Docker's answers, whoever asks. */
const USUAL: Record<string, FakeAnswer> = {
    "/_ping": "OK",
    "/version": { Components: [{ Name: "Engine" }], ApiVersion: "1.45" },
    "/networks/bridge": { Name: "bridge" },
    "/info": { ID: "FAKE" },
};

/** An engine at a socket that answers by a function; a request that the function leaves is answered as by any engine. */
export class FakeEngine {
    readonly socket: string;
    /** All requests so far, as `GET /path`. */
    readonly asked: string[] = [];
    private readonly folder = mkdtempSync(join(tmpdir(), "skep-test-"));
    private readonly server: Server;

    constructor(private readonly answer: Answer = () => undefined) {
        this.socket = join(this.folder, "docker.sock");
        this.server = createServer((request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => {
                const url = new URL(request.url ?? "/", "http://engine");
                const path = url.pathname.replace(/^\/v1\.\d+/, "");
                const method = request.method ?? "GET";
                this.asked.push(`${method} ${path}`);
                const given = { method, path, query: url.searchParams, body: Buffer.concat(chunks) };
                const found = this.answer(given) ?? (method === "GET" ? USUAL[path] : undefined) ?? 404;
                const isText = typeof found === "string" || Buffer.isBuffer(found);
                const body = typeof found === "number" ? { message: `status ${found}` } : found;
                response.writeHead(typeof found === "number" ? found : 200);
                response.end(isText ? found : JSON.stringify(body));
            });
        });
    }

    async listen(): Promise<this> {
        await new Promise<void>((resolve) => this.server.listen(this.socket, resolve));
        return this;
    }

    async close(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise<void>((resolve) => this.server.close(() => resolve()));
        rmSync(this.folder, { recursive: true, force: true });
    }
}
