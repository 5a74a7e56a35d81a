// A host's engine through its HTTP API, over the host's SSH connection. Uses the newest version of the API that both ends
// know.
import * as http from "node:http";
import type { Readable } from "node:stream";
import { negotiatedApi, OLDEST_API } from "../planning/engine-api";
import { brokenRequest, cancelledRequest, EngineError, noAnswer, oldEngine } from "./failures";
import { SshConnection, type HostInput } from "./ssh";
import { within } from "./wait";

const CALL_MS = 10_000;
const REGISTRY_MS = 10_000;
const TRANSFER_MS = 600_000;

export interface CallOptions {
    /** The request's body, sent as JSON. */
    body?: unknown;
    /** Time limit in milliseconds. Default: 10 s. */
    timeoutMs?: number;
}

/** One message of the stream that an engine sends during a transfer. */
export interface TransferMessage {
    error?: string;
    errorDetail?: { message?: string };
    aux?: { Digest?: string };
}

interface Request {
    method: string;
    path: string;
    body?: string | Readable;
    headers?: http.OutgoingHttpHeaders;
    timeoutMs: number;
    signal?: AbortSignal;
}

const remotes = new Map<string, Remote>();

/** This process's one connection to a host. Changed credentials make a new one. */
export function remote(host: HostInput): Remote {
    const { ssh } = host;
    const key = JSON.stringify([ssh.user, ssh.host, ssh.port, ssh.hostKey, ssh.privateKey]);
    const known = remotes.get(key);
    if (known) return known;
    const made = new Remote(host);
    remotes.set(key, made);
    return made;
}

/** Closes every connection, so that a test or another process can end by itself. */
export async function closeRemotes(): Promise<void> {
    const all = [...remotes.values()];
    remotes.clear();
    await Promise.all(all.map((one) => one.close()));
}

/** A host over one SSH connection: its shell and its engine's API. Every request has a time limit. */
export class Remote extends SshConnection {
    private api?: string;

    /**
     * Sends one request to the engine; JSON in, JSON out. It may repeat a read, but never a write that may have been
     * carried out.
     */
    async call<T = unknown>(method: string, path: string, options: CallOptions = {}): Promise<T> {
        const { body, timeoutMs = CALL_MS } = options;
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = text === undefined ? {} : jsonHeaders(text);
        const answer = await this.request({ method, path, body: text, headers, timeoutMs });
        return (answer ? parse(answer) : undefined) as T;
    }

    /** Loads an archive from `docker save` into the host's engine. */
    async load(image: Readable, signal: AbortSignal): Promise<void> {
        const headers = { "content-type": "application/x-tar" };
        const path = "/images/load?quiet=1";
        await this.transfer({ method: "POST", path, body: image, headers, timeoutMs: TRANSFER_MS, signal });
    }

    /** Pushes an image from the host's engine. Returns the messages of the stream. */
    push(name: string, tag: string, auth: string, signal: AbortSignal): Promise<TransferMessage[]> {
        return this.move(`/images/${name}/push?tag=${encodeURIComponent(tag)}`, auth, signal);
    }

    /** Pulls an image into the host's engine. */
    async pull(name: string, tag: string, auth: string, signal: AbortSignal): Promise<void> {
        const query = `fromImage=${encodeURIComponent(name)}&tag=${encodeURIComponent(tag)}`;
        await this.move(`/images/create?${query}`, auth, signal);
    }

    private move(path: string, auth: string, signal: AbortSignal): Promise<TransferMessage[]> {
        const headers = { "X-Registry-Auth": auth, "content-length": 0 };
        return this.transfer({ method: "POST", path, headers, timeoutMs: TRANSFER_MS, signal });
    }

    /** Asks the registry, through the host's engine, for the digest of a reference. */
    async inRegistry(reference: string, auth: string): Promise<string | undefined> {
        const path = `/distribution/${reference}/json`;
        const headers = { "X-Registry-Auth": auth };
        const answer = await this.request({ method: "GET", path, headers, timeoutMs: REGISTRY_MS });
        return (parse(answer) as { Descriptor?: { digest?: string } }).Descriptor?.digest;
    }

    /**
     * Asks the engine for something that it sends as it comes, such as logs. An abort ends the stream; the caller ends it
     * by destroying it.
     */
    async stream(path: string, signal: AbortSignal): Promise<Readable> {
        const what = `GET ${plain(path)}`;
        const api = await this.negotiate(CALL_MS);
        return new Promise((resolve, reject) => {
            const options = { agent: this.single, path: `/v${api}${path}`, host: "docker", signal };
            const asked = http.get(options, (response) => {
                clearTimeout(limit);
                if ((response.statusCode ?? 0) < 400) return resolve(response);
                this.answer({ method: "GET", path, timeoutMs: CALL_MS }, response).catch(reject);
            });
            const limit = setTimeout(() => {
                asked.destroy();
                reject(noAnswer(this.name, what, CALL_MS));
            }, CALL_MS);
            asked.on("error", (error) => {
                clearTimeout(limit);
                reject(signal.aborted ? cancelledRequest(this.name) : brokenRequest(this.name, what, error));
            });
        });
    }

    private async request(request: Request): Promise<string> {
        const isFirst = this.api === undefined;
        const api = await this.negotiate(request.timeoutMs);
        try {
            return await this.send({ ...request, path: `/v${api}${request.path}` });
        } catch (error) {
            // Another version of the engine has been installed since. It refused the request because of the API version,
            // so it did nothing, and the request can be sent again.
            const isVersion = error instanceof EngineError && /client version .* is too/.test(error.reason);
            if (isFirst || !isVersion || typeof request.body === "object") throw error;
            this.api = undefined;
            return this.request(request);
        }
    }

    private async negotiate(timeoutMs: number): Promise<string> {
        if (this.api !== undefined) return this.api;
        const answer = await this.send({ method: "GET", path: "/version", timeoutMs });
        const { ApiVersion = "" } = parse(answer) as { ApiVersion?: string };
        const api = negotiatedApi(ApiVersion);
        if (api === undefined) throw oldEngine(this.name, ApiVersion, OLDEST_API);
        this.api = api;
        return api;
    }

    private send(request: Request): Promise<string> {
        const { method, path, body, headers, timeoutMs } = request;
        const what = `${method} ${plain(path)}`;
        return new Promise((resolve, reject) => {
            // A pooled channel dies silently with the engine behind it, so only requests that may be repeated use one.
            const agent = method === "GET" ? this.pooled : this.single;
            const asked = request.signal ?? new AbortController().signal;
            const signal = within(timeoutMs, asked);
            // A request that still waits for a channel reports nothing when it is given up, so reject here.
            const stop = () =>
                reject(asked.aborted ? cancelledRequest(this.name) : noAnswer(this.name, what, timeoutMs));
            if (signal.aborted) return stop();
            signal.addEventListener("abort", stop);
            const sent = http.request(
                { agent, method, path, host: "docker", signal, headers },
                (response) => {
                    this.answer(request, response).then(resolve, reject);
                },
            );
            sent.on("error", (error: NodeJS.ErrnoException) => {
                const repeat = method === "GET" && sent.reusedSocket && error.code === "ECONNRESET";
                if (typeof body === "object") body.destroy();
                if (repeat) this.send(request).then(resolve, reject);
                else reject(brokenRequest(this.name, what, error));
            });
            if (body === undefined || typeof body === "string") return void sent.end(body);
            body.on("error", (error) => sent.destroy(error));
            body.pipe(sent);
        });
    }

    private async answer(request: Request, response: http.IncomingMessage): Promise<string> {
        const what = `${request.method} ${plain(request.path)}`;
        let text = "";
        response.setEncoding("utf8");
        try {
            for await (const chunk of response) text += chunk;
        } catch (error) {
            throw brokenRequest(this.name, what, error as Error);
        }
        const status = response.statusCode ?? 0;
        if (status < 400) return text;
        const parsed = parse(text);
        const reason = typeof parsed === "string" ? parsed : (parsed as { message?: string }).message;
        throw new EngineError(this.name, what, status, reason ?? "");
    }

    /** A transfer that fails half-way still ends with status 200. Its error is one of the messages. */
    private async transfer(request: Request): Promise<TransferMessage[]> {
        const lines = (await this.request(request)).split("\n").filter((line) => line.trim());
        const messages = lines.map(parse).filter((line) => typeof line === "object") as TransferMessage[];
        const failed = messages.find(({ error, errorDetail }) => error ?? errorDetail);
        if (failed) {
            const reason = failed.errorDetail?.message ?? failed.error ?? "";
            throw new EngineError(this.name, `POST ${plain(request.path)}`, 200, reason);
        }
        return messages;
    }
}

/** The path without version and parameters, which would make a sentence unreadable. */
function plain(path: string): string {
    return path.replace(/^\/v1\.\d+/, "").replace(/\?.*$/, "");
}

function jsonHeaders(text: string): http.OutgoingHttpHeaders {
    return { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text.trim();
    }
}
