// A fake Docker engine for tests: it has a socket of its own, and gives the answers of the test.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FakeRequest {
    method: string;
    /** The path without its query and without the API's version. */
    path: string;
    query: URLSearchParams;
    body: Buffer;
}

/** An answer: only a status, a text, bytes, or a value to send as JSON. */
export type FakeAnswer = number | string | Buffer | object;

/** Gives the answer to a request; undefined means 404. */
export type Answer = (request: FakeRequest) => FakeAnswer | undefined;

/** Answers that every engine of Docker's gives. */
const USUAL: Record<string, FakeAnswer> = {
    "/_ping": "OK",
    "/version": { Components: [{ Name: "Engine" }], ApiVersion: "1.45" },
    "/networks/bridge": { Name: "bridge" },
    "/info": { ID: "FAKE" },
};

/** An engine at a socket. A function gives its answers; requests without an answer get that of any engine. */
export class FakeEngine {
    readonly socket: string;
    /** All requests so far, such as `GET /path`. */
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
