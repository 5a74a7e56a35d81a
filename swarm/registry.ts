// The private registry through its own HTTP API, over the SSH connection of a host that runs it.
import { randomUUID } from "node:crypto";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import { SkepError, skepError } from "../errors";
import {
    type Descriptor,
    emptyIndex,
    type Manifest,
    MANIFEST_TYPES,
    partsOf,
    type TaggedImage,
} from "../planning/registry-images";
import { listed, oneLine, reasonOf } from "../planning/sentence";
import { ConnectionError } from "./failures";
import type { Host } from "./host";
import { within } from "./wait";

const ANSWER_MS = 20_000;
const CHANNELS = 4;
const PAGE = 500;

/** How to log in to a registry. */
export interface RegistryAccess {
    /** `name:port` */
    server: string;
    user: string;
    password: string;
    /** The authority that signed its certificate. */
    ca: string;
}

interface Answer {
    status: number;
    headers: Record<string, string | string[] | undefined>;
    text: string;
}

/** A registry, reached through a host that runs it. */
export class RegistryClient {
    private readonly agent = new https.Agent({ keepAlive: true, maxSockets: CHANNELS });

    private constructor(
        readonly host: Host,
        private readonly access: RegistryAccess,
        private readonly signal: AbortSignal,
    ) {
        const { ca } = access;
        const { name } = serverOf(access);
        const createConnection = (_: unknown, done: (error: Error | null, socket?: Duplex) => void) => {
            tunnelTo(host, access).then(
                (socket) => done(null, connect({ socket, ca, servername: name })),
                (error: Error) => done(error),
            );
        };
        Object.assign(this.agent, { createConnection });
    }

    /** The registry through the first of these hosts at which it answers. Throws REGISTRY_UNREACHABLE. */
    static async find(
        hosts: readonly Host[],
        access: RegistryAccess,
        signal: AbortSignal,
    ): Promise<RegistryClient> {
        // Only a few hosts run it, and the others refuse at once. This needs no manager.
        const tries = hosts.map(async (host) => {
            const client = new RegistryClient(host, access, signal);
            const { status } = await client.ask("GET", "/v2/");
            if (status !== 200) throw client.refused("a login", { status, headers: {}, text: "" });
            return client;
        });
        try {
            return await Promise.any(tries);
        } catch (error) {
            const { errors } = error as AggregateError;
            const bug: unknown = errors.find((each) => !(each instanceof SkepError));
            if (bug) throw bug;
            const closed = (each: unknown) => each instanceof ConnectionError && each.id === "PORT_CLOSED";
            const telling = errors.filter((each) => !closed(each)).map(reasonOf);
            throw skepError(
                "REGISTRY_UNREACHABLE",
                `The registry ${access.server} answers on no host${telling.length > 0 ? ` (${telling.join("; ")})` : ""}.`,
                "See docker service ps registry_registry on a manager, then run up.",
            );
        }
    }

    /** Ends its connections. */
    close(): void {
        this.agent.destroy();
    }

    /** Every image that has a tag, in the order of the names. */
    async images(): Promise<TaggedImage[]> {
        const repositories = await this.all<string>(`/v2/_catalog?n=${PAGE}`, "repositories");
        const found = await Promise.all(
            repositories.sort().map(async (repository) => {
                const tags = (await this.tags(repository)).sort();
                return Promise.all(tags.map((tag) => this.image(repository, tag)));
            }),
        );
        return found.flat().filter((image) => image !== undefined);
    }

    /** The image under a tag; undefined if there is none. */
    async image(repository: string, tag: string): Promise<TaggedImage | undefined> {
        const found = await this.manifest(repository, tag);
        return found && { repository, tag, ...found };
    }

    /** The tags of a repository. One whose tags were all deleted has none. */
    tags(repository: string): Promise<string[]> {
        return this.all<string>(`/v2/${repository}/tags/list?n=${PAGE}`, "tags");
    }

    /** Deletes one tag, and leaves other tags of the same image as they are. Its layers stay until a garbage collection. */
    async delete({ repository, tag, digest }: TaggedImage): Promise<void> {
        const others = (await this.tags(repository)).filter((other) => other !== tag);
        const shares = await Promise.all(others.map((other) => this.manifest(repository, other)));
        const isShared = shares.some((other) => other?.digest === digest);
        const doomed = isShared ? await this.pointAway(repository, tag) : digest;
        const path = `/v2/${repository}/manifests/${doomed}`;
        const answer = await this.ask("DELETE", path);
        if (answer.status !== 202) throw this.refused(`the deletion of ${repository}:${tag}`, answer);
    }

    /** Points a tag at a manifest of its own. Returns that one's digest. */
    private async pointAway(repository: string, tag: string): Promise<string> {
        const { type, body } = emptyIndex(randomUUID());
        const answer = await this.ask(
            "PUT",
            `/v2/${repository}/manifests/${tag}`,
            { "content-type": type },
            body,
        );
        const digest = answer.headers["docker-content-digest"];
        if (answer.status === 201 && typeof digest === "string") return digest;
        throw this.refused(`the deletion of ${repository}:${tag}`, answer);
    }

    private async manifest(
        repository: string,
        reference: string,
    ): Promise<{ digest: string; parts: Descriptor[] } | undefined> {
        const accept = { accept: MANIFEST_TYPES.join(", ") };
        const answer = await this.ask("GET", `/v2/${repository}/manifests/${reference}`, accept);
        if (answer.status === 404) return undefined;
        if (answer.status !== 200) throw this.refused(`the manifest of ${repository}:${reference}`, answer);
        const digest = String(answer.headers["docker-content-digest"]);
        const manifest = JSON.parse(answer.text) as Manifest;
        const children = await Promise.all(
            (manifest.manifests ?? []).map((child) => this.manifest(repository, child.digest)),
        );
        const own = { digest, size: Buffer.byteLength(answer.text) };
        return {
            digest,
            parts: [own, ...partsOf(manifest), ...children.flatMap((child) => child?.parts ?? [])],
        };
    }

    /** All pages of a list. */
    private async all<T>(path: string, key: string): Promise<T[]> {
        const found: T[] = [];
        for (let next: string | undefined = path; next !== undefined;) {
            const answer: Answer = await this.ask("GET", next);
            if (answer.status === 404) return found;
            if (answer.status !== 200) throw this.refused(`a list of ${key}`, answer);
            found.push(...((JSON.parse(answer.text) as Record<string, T[] | null>)[key] ?? []));
            const link = answer.headers.link;
            next = typeof link === "string" ? /^<([^>]+)>; rel="next"/.exec(link)?.[1] : undefined;
        }
        return found;
    }

    private ask(
        method: string,
        path: string,
        headers: Record<string, string> = {},
        body?: string,
    ): Promise<Answer> {
        const { user, password } = this.access;
        const signal = within(ANSWER_MS, this.signal);
        const options = { agent: this.agent, auth: `${user}:${password}`, method, path, headers, signal };
        return new Promise((resolve, reject) => {
            const failed = (error: Error) => reject(this.broken(error));
            const sent = https.request({ ...options, host: serverOf(this.access).name }, (response) => {
                let text = "";
                response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
                response.on("error", failed);
                response.on("end", () =>
                    resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
                );
            });
            sent.on("error", failed).end(body);
        });
    }

    private broken(error: Error): Error {
        if (error instanceof SkepError) return error;
        if (this.signal.aborted)
            return skepError(
                "CANCELLED",
                "Interrupted while the registry was working.",
                "Run the same command again.",
            );
        return skepError(
            "REGISTRY_UNREACHABLE",
            `The registry on ${this.host.name} does not answer: ${oneLine(error.message)}.`,
            "See docker service logs registry_registry on a manager, then run the same command again.",
        );
    }

    private refused(what: string, { status, text }: Answer): Error {
        if (status === 405)
            return skepError(
                "REGISTRY_READ_ONLY",
                `The registry takes no changes now, and refused ${what}.`,
                "Wait for the garbage collection that is at work; if none is, skep registry gc or up mends it.",
            );
        return skepError(
            "REGISTRY_REFUSED",
            `The registry on ${this.host.name} refused ${what} (${status}): ${oneLine(messageOf(text)) || "no reason"}.`,
            "See docker service logs registry_registry on a manager.",
        );
    }
}

/** The port is published on the host's own addresses, and maybe not on its loopback. */
function tunnelTo(host: Host, access: RegistryAccess): Promise<Duplex> {
    return host.connection.tunnel(host.address, serverOf(access).port);
}

function serverOf({ server }: RegistryAccess): { name: string; port: number } {
    const [name = "", port = "5000"] = server.split(":");
    return { name, port: Number(port) };
}

function messageOf(text: string): string {
    try {
        const { errors = [] } = JSON.parse(text) as { errors?: { message?: string }[] };
        return listed(errors.map(({ message = "" }) => message));
    } catch {
        return text.slice(0, 200);
    }
}
