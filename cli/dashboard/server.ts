// Serves the dashboard on 127.0.0.1, for reading only: the page, and a stream of what it shows. Whoever does not know the
// token in the address gets nothing, and neither does a page of another site that leads its own name to 127.0.0.1.

import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { skepError } from "../../errors";
import { renderPage } from "./page";

const TOKEN_BYTES = 24;
/** A comment on the stream, so that a connection that is gone is noticed. */
const KEEP_ALIVE_MS = 15_000;

/** What the page gets: one value that changes now and then. */
export interface Source {
    /** The present value, as JSON. */
    now(): string;
    /** Calls back with each new value. Returns how to end that. */
    watch(changed: (value: string) => void): () => void;
}

export interface Dashboard {
    /** The address with the token. */
    url: string;
    close(): Promise<void>;
}

/** Starts the server. Throws DASHBOARD_PORT if the port is taken. */
export async function serve(source: Source, port = 0): Promise<Dashboard> {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const server = createServer((request, response) => {
        const { port: own } = server.address() as AddressInfo;
        answer(request, response, { token, port: own, source });
    });
    await listening(server, port);
    const { port: own } = server.address() as AddressInfo;
    return {
        url: `http://127.0.0.1:${own}/${token}/`,
        close: () =>
            new Promise((done) => {
                server.close(() => done());
                server.closeAllConnections();
            }),
    };
}

function listening(server: Server, port: number): Promise<void> {
    return new Promise((done, fail) => {
        server.once("error", ({ code }: NodeJS.ErrnoException) =>
            fail(
                skepError(
                    "DASHBOARD_PORT",
                    `The dashboard cannot listen on port ${port} of 127.0.0.1: ${code}.`,
                    "Give another one with --port, or none: then any free one is taken.",
                ),
            ),
        );
        server.listen(port, "127.0.0.1", done);
    });
}

interface Served {
    token: string;
    port: number;
    source: Source;
}

function answer(
    { method = "", url = "", headers }: IncomingMessage,
    response: ServerResponse,
    { token, port, source }: Served,
): void {
    const refuse = (status: number) =>
        response.writeHead(status, { "content-type": "text/plain" }).end("No.\n");
    // Another site's name that leads here would otherwise make this server a part of that site.
    if (![`127.0.0.1:${port}`, `localhost:${port}`].includes(headers.host ?? "")) return void refuse(421);
    const [, given = "", name = ""] = /^\/([^/?]*)\/([^/?]*)$/.exec(url) ?? [];
    if (!isSame(given, token)) return void refuse(403);
    if (method !== "GET") return void refuse(405);
    const common = {
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
    };
    if (name === "") {
        const { html, policy } = renderPage(source.now(), { live: true });
        response.writeHead(200, {
            ...common,
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": policy,
        });
        return void response.end(html);
    }
    if (name !== "events") return void refuse(404);
    response.writeHead(200, { ...common, "content-type": "text/event-stream" });
    const send = (value: string) => response.write(`data: ${value}\n\n`);
    send(source.now());
    const stop = source.watch(send);
    const alive = setInterval(() => response.write(": \n\n"), KEEP_ALIVE_MS);
    response.on("close", () => {
        stop();
        clearInterval(alive);
    });
}

function isSame(given: string, token: string): boolean {
    const [a, b] = [Buffer.from(given), Buffer.from(token)];
    return a.length === b.length && timingSafeEqual(a, b);
}
