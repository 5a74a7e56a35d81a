// A site on this machine that plays a site of the internet: it serves files, records requests, and can fail half way.

import { once } from "node:events";
import {
    createServer as createHttpServer,
    type IncomingMessage,
    type Server,
    type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { isIP } from "node:net";

/** How a site sends a file: all of it, half of it before it closes the connection, or half of it and then nothing. */
export type Manner = "whole" | "half" | "stalled";

export class Site {
    /** The files by path, which begins with a slash. */
    readonly files = new Map<string, Buffer>();
    /** The requests as `METHOD path`, in order. */
    readonly asked: string[] = [];
    /** How the site sends large files. */
    manner: Manner = "whole";

    private constructor(
        private readonly server: Server,
        readonly host: string,
        readonly port: number,
    ) {
        server.on("request", (request: IncomingMessage, response: ServerResponse) =>
            this.answer(request, response),
        );
    }

    /** Listens on an address of this machine, with TLS if there is a certificate. */
    static async start(address = "127.0.0.1", tls?: { key: string; cert: string }): Promise<Site> {
        const server: Server = tls ? createHttpsServer(tls) : createHttpServer();
        return new Site(server, address, await listen(server, address));
    }

    private answer({ method = "", url = "/" }: IncomingMessage, response: ServerResponse): void {
        this.asked.push(`${method} ${url}`);
        const content = this.files.get(url);
        if (!content) return void response.writeHead(404).end();
        response.writeHead(200, { "Content-Length": content.length });
        if (method === "HEAD") return void response.end();
        if (this.manner === "whole" || content.length < SMALL) return void response.end(content);
        response.write(content.subarray(0, content.length / 2), () => {
            if (this.manner === "half") response.destroy();
        });
    }

    stop(): Promise<void> {
        return stop(this.server);
    }
}

/** Lists of checksums are smaller than this, archives larger. */
const SMALL = 1000;

/** Listens on a free port, and returns it. */
export async function listen(server: Server, address: string): Promise<number> {
    if (isIP(address) === 0) throw new Error(`${address} is no address`);
    server.listen(0, address);
    await once(server, "listening");
    const found = server.address();
    if (typeof found !== "object" || !found) throw new Error("the server has no address");
    return found.port;
}

export async function stop(server: Server): Promise<void> {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
}
