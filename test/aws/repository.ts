// Serves a folder of packages over HTTP, so hosts on EC2 find docker-ce when Docker's own repository is out of reach.

import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join, normalize } from "node:path";
import { once } from "node:events";

export class PackageServer {
    private constructor(
        private readonly server: Server,
        readonly url: string,
    ) {}

    static async start(folder: string, address: string): Promise<PackageServer> {
        const server = createServer((request, response) => {
            const path = join(folder, normalize(decodeURIComponent(request.url ?? "/")));
            const found = statSync(path, { throwIfNoEntry: false });
            if (!found?.isFile()) return void response.writeHead(404).end();
            response.writeHead(200, { "Content-Length": found.size });
            if (request.method === "HEAD") return void response.end();
            createReadStream(path).pipe(response);
        });
        server.listen(0, address);
        await once(server, "listening");
        const found = server.address();
        const port = typeof found === "object" && found ? found.port : 0;
        return new PackageServer(server, `http://${address}:${port}`);
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((done) => this.server.close(done));
    }
}
