// An office's proxy, the only way out. It knows names that nobody else knows, records all requests, and refuses other places.

import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { listen, stop } from "./site";

interface Place {
    host: string;
    port: number;
}

export class Proxy {
    /** `host:port` of every requested tunnel, in order. */
    readonly tunnels: string[] = [];
    /** The URL of every request without a tunnel, in order. */
    readonly requests: string[] = [];
    private readonly open = new Set<Duplex>();

    private constructor(
        private readonly server: Server,
        readonly url: string,
        private readonly names: Readonly<Record<string, Place>>,
        private readonly passesOthers: boolean,
    ) {
        server.on("connect", (asked: IncomingMessage, client: Duplex, head: Buffer) =>
            this.tunnel(asked.url ?? "", client, head),
        );
        server.on("request", (asked: IncomingMessage, response: ServerResponse) =>
            this.forward(asked, response),
        );
    }

    /** `names` maps `host:port` to real addresses. With `passesOthers`, the proxy also forwards to all other places. */
    static async start(
        address: string,
        names: Readonly<Record<string, Place>>,
        passesOthers = false,
    ): Promise<Proxy> {
        const server = createServer();
        const port = await listen(server, address);
        return new Proxy(server, `http://${address}:${port}`, names, passesOthers);
    }

    private place(host: string, port: number): Place | undefined {
        return this.names[`${host}:${port}`] ?? (this.passesOthers ? { host, port } : undefined);
    }

    private tunnel(to: string, client: Duplex, head: Buffer): void {
        this.tunnels.push(to);
        const { hostname, port } = new URL(`http://${to}`);
        const place = this.place(hostname, Number(port || 80));
        if (!place) return void client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        const site: Socket = connect(place.port, place.host, () => {
            client.write("HTTP/1.1 200 Connection established\r\n\r\n");
            site.write(head);
            site.pipe(client).pipe(site);
        });
        for (const end of [site, client]) {
            this.open.add(end);
            end.on("close", () => this.open.delete(end));
        }
        site.on("error", () => client.destroy());
        client.on("error", () => site.destroy());
    }

    private forward(asked: IncomingMessage, response: ServerResponse): void {
        const url = asked.url ?? "";
        this.requests.push(url);
        const { hostname, port, pathname, search } = new URL(url);
        const place = this.place(hostname, Number(port || 80));
        if (!place) return void response.writeHead(403).end();
        const { method, headers } = asked;
        const onward = request({ ...place, method, path: pathname + search, headers }, (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
        });
        onward.on("error", () => response.destroy());
        asked.pipe(onward);
    }

    async stop(): Promise<void> {
        for (const end of this.open) end.destroy();
        await stop(this.server);
    }
}
