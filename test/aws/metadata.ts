// Stands in for the instances' metadata service, version 2 only: it gives an instance the credentials of its role.
// The hosts limit how far its answers travel (instances.ts).
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { DescribeInstancesCommand, type EC2Client } from "@aws-sdk/client-ec2";
import { CREDENTIALS } from "./credentials";

const TOKEN_PATH = "/latest/api/token";
const ROLES_PATH = "/latest/meta-data/iam/security-credentials/";
const HOUR = 3_600_000;
const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";

export class MetadataService {
    private readonly tokens = new Set<string>();

    private constructor(
        private readonly ec2: EC2Client,
        private readonly server: Server,
    ) {
        server.on("request", (request: IncomingMessage, response: ServerResponse) => {
            this.answer(request).then(
                ([status, text]) =>
                    response
                        .writeHead(status, { [TTL_HEADER]: request.headers[TTL_HEADER] ?? "60" })
                        .end(text),
                () => response.writeHead(500).end(),
            );
        });
    }

    static async start(ec2: EC2Client, address: string): Promise<MetadataService> {
        const server = createServer();
        server.listen(0, address);
        await once(server, "listening");
        return new MetadataService(ec2, server);
    }

    get url(): string {
        const address = this.server.address();
        if (typeof address !== "object" || !address) throw new Error("the metadata service has been stopped");
        return `http://${address.address}:${address.port}`;
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((done) => this.server.close(done));
    }

    private async answer({ method, url, headers, socket }: IncomingMessage): Promise<[number, string]> {
        if (method === "PUT" && url === TOKEN_PATH) {
            const token = randomUUID();
            this.tokens.add(token);
            return [200, token];
        }
        if (!this.tokens.has(String(headers["x-aws-ec2-metadata-token"]))) return [401, ""];
        const role = await this.profileAt(socket.remoteAddress ?? "");
        if (role === undefined || !url?.startsWith(ROLES_PATH)) return [404, ""];
        if (url === ROLES_PATH) return [200, role];
        const credentials = {
            Code: "Success",
            Type: "AWS-HMAC",
            LastUpdated: new Date().toISOString(),
            AccessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
            SecretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
            Token: "token",
            Expiration: new Date(Date.now() + 6 * HOUR).toISOString(),
        };
        return url === ROLES_PATH + role ? [200, JSON.stringify(credentials)] : [404, ""];
    }

    /** The profile of the running instance at this address; undefined if it has none, and so no credentials. */
    private async profileAt(address: string): Promise<string | undefined> {
        const { Reservations = [] } = await this.ec2.send(
            new DescribeInstancesCommand({
                Filters: [
                    { Name: "private-ip-address", Values: [address] },
                    { Name: "instance-state-name", Values: ["running"] },
                ],
            }),
        );
        return Reservations[0]?.Instances?.[0]?.IamInstanceProfile?.Arn?.split("/").at(-1);
    }
}
