// A site on this machine that plays one of the world: it has files, says what it was asked for, and can fail half way.

import { once } from "node:events";
import {
    createServer as createHttpServer,
    type IncomingMessage,
    type Server,
    type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { isIP } from "node:net";

/** How a site sends what is asked for: all of it, half of what it announced before it hangs up, or half and then nothing. */
export type Manner = "whole" | "half" | "stalled";

export class Site {
    /** By path, with the first slash. */
    readonly files = new Map<string, Buffer>();
    /** `METHOD path`, in order. */
    readonly asked: string[] = [];
    /** How files of more than a few bytes are sent. */
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

    /** Listens on an address of this machine; with TLS where a certificate is given. */
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

/** Lists of checksums are smaller, archives larger. */
const SMALL = 1000;

/** Begins to listen on a free port, and says which. */
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
