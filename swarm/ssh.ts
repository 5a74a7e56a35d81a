// A host's engine and shell through one SSH connection that lives as long as the process.
// The host key is always pinned; the engine's socket is forwarded, one channel for a pooled HTTP connection.
import * as http from "node:http";
import type { Duplex, Readable } from "node:stream";
import { Client, type ClientChannel, type ServerHostKeyAlgorithm } from "ssh2";
import type { Props } from "./context";
import { brokenRequest, cancelledRequest, EngineError, noAnswer, noConnection, noSocket } from "./failures";
import type { HostInput } from "./host";

const DOCKER_SOCKET = "/var/run/docker.sock";
const CONNECT_MS = 6000;
const CALL_MS = 10_000;
const REGISTRY_MS = 20_000;
const TRANSFER_MS = 600_000;
const MAX_CHANNELS = 4;

export interface ExecResult {
    code: number;
    stdout: string;
    stderr: string;
}

interface Request {
    method: string;
    path: string;
    body?: string | Readable;
    headers?: http.OutgoingHttpHeaders;
    timeoutMs: number;
}

type Channel = Duplex & Record<string, unknown>;

const remotes = new Map<string, Remote>();

/** The one connection to a host; changed credentials make a new one. */
export function remote(host: HostInput): Remote {
    const { ssh } = host;
    const key = JSON.stringify([ssh.user, ssh.host, ssh.port, ssh.hostKey, ssh.privateKey]);
    const known = remotes.get(key);
    if (known) return known;
    const made = new Remote(host);
    remotes.set(key, made);
    return made;
}

/** Ends every connection: for tests, and for a process that wants to end by itself. */
export async function closeRemotes(): Promise<void> {
    const all = [...remotes.values()];
    remotes.clear();
    await Promise.all(all.map((one) => one.close()));
}

/** A host over one SSH connection: commands and its engine's API, each bounded in time. */
export class Remote {
    readonly name: string;
    private readonly endpoint: string;
    private connection?: Promise<Client>;
    private pooled = this.agent(true);
    private single = this.agent(false);
    private readonly open = new Set<Duplex>();
    /** Commands that have no channel yet: their connection must not be ended for another one's sake. */
    private starting = 0;

    constructor(readonly host: HostInput) {
        this.name = host.name;
        this.endpoint = `${host.ssh.host}:${host.ssh.port}`;
    }

    /** One request to the engine; JSON in, JSON out. Reads may be repeated, writes never are. */
    async call<T = Props>(method: string, path: string, body?: unknown, timeoutMs = CALL_MS): Promise<T> {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = text === undefined ? {} : jsonHeaders(text);
        const answer = await this.request({ method, path, body: text, headers, timeoutMs });
        return (answer ? parse(answer) : undefined) as T;
    }

    /** Loads what `docker save` produced into the host's engine. */
    async load(image: Readable, timeoutMs = TRANSFER_MS): Promise<void> {
        const headers = { "content-type": "application/x-tar" };
        const path = "/images/load?quiet=1";
        const answer = await this.request({ method: "POST", path, body: image, headers, timeoutMs });
        this.refuseStreamError(path, answer);
    }

    /** Pushes an image from the host's engine; answers with the messages of the stream. */
    async push(name: string, tag: string, auth: string, timeoutMs = TRANSFER_MS): Promise<Props[]> {
        const path = `/images/${name}/push?tag=${encodeURIComponent(tag)}`;
        const headers = { "X-Registry-Auth": auth, "content-length": 0 };
        const answer = await this.request({ method: "POST", path, headers, timeoutMs });
        return this.refuseStreamError(path, answer);
    }

    /** Pulls an image into the host's engine. */
    async pull(name: string, tag: string, auth: string, timeoutMs = TRANSFER_MS): Promise<void> {
        const path = `/images/create?fromImage=${encodeURIComponent(name)}&tag=${encodeURIComponent(tag)}`;
        const headers = { "X-Registry-Auth": auth, "content-length": 0 };
        const answer = await this.request({ method: "POST", path, headers, timeoutMs });
        this.refuseStreamError(path, answer);
    }

    /** The digest that the registry has for a reference, asked by the host's engine. */
    async inRegistry(reference: string, auth: string): Promise<string | undefined> {
        const path = `/distribution/${reference}/json`;
        const headers = { "X-Registry-Auth": auth };
        const answer = await this.request({ method: "GET", path, headers, timeoutMs: REGISTRY_MS });
        return (parse(answer) as Props).Descriptor?.digest as string | undefined;
    }

    /**
     * Runs a command in the host's shell; everything secret belongs on its standard input. An abort ends the waiting, not
     * the command.
     */
    async exec(command: string, stdin = "", timeoutMs = 30_000, signal?: AbortSignal): Promise<ExecResult> {
        this.starting += 1;
        const client = await this.connect().catch((error: unknown) => {
            this.starting -= 1;
            throw error;
        });
        return new Promise((resolve, reject) => {
            const failed = (error: Error) => reject(brokenRequest(this.name, "a command", error));
            const started = (error: Error | undefined, channel: ClientChannel) => {
                this.starting -= 1;
                if (error) return failed(error);
                this.track(channel);
                collect(channel, resolve);
                const giveUp = (why: Error) => {
                    reject(why);
                    channel.close();
                };
                const timer = setTimeout(
                    () => giveUp(noAnswer(this.name, "a command", timeoutMs)),
                    timeoutMs,
                );
                const stop = () => giveUp(cancelledRequest(this.name));
                if (signal?.aborted) stop();
                signal?.addEventListener("abort", stop);
                channel.on("error", failed).on("close", () => {
                    clearTimeout(timer);
                    signal?.removeEventListener("abort", stop);
                });
                channel.end(stdin);
            };
            try {
                client.exec(command, started);
            } catch (error) {
                // A connection that has just ended refuses at once, and may never say that it is closed.
                this.starting -= 1;
                this.forget(noConnection(this.name, this.endpoint, error as Error));
                failed(error as Error);
            }
        });
    }

    async close(): Promise<void> {
        const { connection } = this;
        this.forget(noConnection(this.name, this.endpoint, undefined));
        (await connection?.catch(() => undefined))?.end();
    }

    private connect(): Promise<Client> {
        this.connection ??= this.dial();
        return this.connection;
    }

    private dial(): Promise<Client> {
        const attempt: Promise<Client> = new Promise((resolve, reject) => {
            const client = new Client();
            const lost = (error?: Error) => {
                const why = noConnection(this.name, this.endpoint, error);
                reject(why);
                if (this.connection === attempt) this.forget(why);
            };
            client.on("ready", () => {
                client.setNoDelay(true); // else every call waits 40 ms for an acknowledgement
                resolve(client);
            });
            client.on("error", lost).on("close", () => lost());
            client.connect(this.connectConfig());
        });
        attempt.catch(() => undefined);
        return attempt;
    }

    private connectConfig() {
        const { host, port, user, privateKey, hostKey } = this.host.ssh;
        const [kind, pinned] = hostKey.trim().split(/\s+/);
        return {
            host,
            port,
            username: user,
            privateKey,
            readyTimeout: CONNECT_MS,
            keepaliveInterval: 2000,
            keepaliveCountMax: 3,
            // Else another kind of key may be negotiated, and the pinned one never matches.
            algorithms: { serverHostKey: [kind as ServerHostKeyAlgorithm] },
            hostVerifier: (key: Buffer) => pinned !== undefined && key.toString("base64") === pinned,
        };
    }

    /** ssh2 does not fail waiting channels of a lost connection: without this their requests hang for ever. */
    private forget(why: Error): void {
        this.connection = undefined;
        this.pooled = this.agent(true);
        this.single = this.agent(false);
        const dead = [...this.open];
        this.open.clear();
        for (const channel of dead) channel.emit("error", Object.assign(why, { code: "ECONNRESET" }));
    }

    private agent(keepAlive: boolean): http.Agent {
        const agent = new http.Agent({ keepAlive, maxSockets: MAX_CHANNELS, maxFreeSockets: MAX_CHANNELS });
        const connect = (_options: unknown, done: (error: Error | null, socket?: Duplex) => void) => {
            this.forward().then(
                (channel) => done(null, channel),
                (error: Error) => done(error),
            );
        };
        return Object.assign(agent, { createConnection: connect });
    }

    private async forward(mayRepeat = this.connection !== undefined): Promise<Duplex> {
        const connection = this.connect();
        const client = await connection;
        return new Promise((resolve, reject) => {
            client.openssh_forwardOutStreamLocal(DOCKER_SOCKET, (error, channel) => {
                if (error) {
                    // A login keeps the groups that it began with, and the engine's may be newer: a new one has it.
                    const isIdle = this.open.size === 0 && this.starting === 0;
                    if (this.connection === connection && isIdle) {
                        this.connection = undefined;
                        client.end();
                    }
                    return mayRepeat
                        ? this.forward(false).then(resolve, reject)
                        : reject(noSocket(this.name, error));
                }
                this.track(channel);
                resolve(asSocket(channel));
            });
        });
    }

    private track(channel: ClientChannel): void {
        this.open.add(channel);
        channel.on("error", () => undefined); // a loss between two uses must not end the process
        channel.on("close", () => this.open.delete(channel));
    }

    private request(request: Request): Promise<string> {
        const { method, path, body, headers, timeoutMs } = request;
        const what = `${method} ${pathOnly(path)}`;
        return new Promise((resolve, reject) => {
            // A pooled channel dies silently with the engine behind it: only what may be repeated uses one.
            const agent = method === "GET" ? this.pooled : this.single;
            const signal = AbortSignal.timeout(timeoutMs);
            // A request that still waits for a channel tells nobody that it was given up.
            signal.addEventListener("abort", () => reject(noAnswer(this.name, what, timeoutMs)));
            const sent = http.request(
                { agent, method, path, host: "docker", signal, headers },
                (response) => {
                    this.answer(request, response).then(resolve, reject);
                },
            );
            sent.on("error", (error: NodeJS.ErrnoException) => {
                const repeat = method === "GET" && sent.reusedSocket && error.code === "ECONNRESET";
                if (typeof body === "object") body.destroy();
                if (repeat) this.request(request).then(resolve, reject);
                else reject(brokenRequest(this.name, what, error));
            });
            if (body === undefined || typeof body === "string") return void sent.end(body);
            body.on("error", (error) => sent.destroy(error));
            body.pipe(sent);
        });
    }

    private async answer(request: Request, response: http.IncomingMessage): Promise<string> {
        let text = "";
        response.setEncoding("utf8");
        for await (const chunk of response) text += chunk;
        const status = response.statusCode ?? 0;
        if (status < 400) return text;
        const parsed = parse(text) as Props | string;
        const reason = typeof parsed === "string" ? parsed : String(parsed.message ?? "");
        throw new EngineError(this.name, `${request.method} ${pathOnly(request.path)}`, status, reason);
    }

    /** A transfer that failed half-way still ends with status 200: the error is one of the messages. */
    private refuseStreamError(path: string, answer: string): Props[] {
        const messages = answer
            .split("\n")
            .filter((line) => line.trim())
            .map((line) => parse(line))
            .filter((message): message is Props => typeof message === "object" && message !== null);
        const failed = messages.find((message) => message.error ?? message.errorDetail);
        if (failed) {
            const reason = String(failed.errorDetail?.message ?? failed.error);
            throw new EngineError(this.name, `POST ${pathOnly(path)}`, 200, reason);
        }
        return messages;
    }
}

/** What was asked for, without its parameters: they make a sentence unreadable. */
function pathOnly(path: string): string {
    return path.split("?")[0] ?? path;
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

function collect(channel: ClientChannel, done: (result: ExecResult) => void): void {
    let stdout = "";
    let stderr = "";
    channel.on("data", (data: Buffer) => (stdout += data.toString()));
    channel.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    channel.on("close", (code: number | null) => done({ code: code ?? -1, stdout, stderr }));
}

/** Node's HTTP client expects methods of a net.Socket that an SSH channel lacks, and that a destroyed one closes. */
function asSocket(duplex: Duplex): Duplex {
    const channel = duplex as Channel;
    const chain = () => channel;
    for (const method of ["setKeepAlive", "setNoDelay", "setTimeout", "ref", "unref"])
        channel[method] ??= chain;
    const destroy = channel.destroy.bind(channel);
    // A channel closes only after all of it was read: one that is not would keep its place in the pool for ever.
    channel.destroy = (error) => destroy(error).resume();
    channel.destroySoon ??= () => channel.destroy();
    return channel;
}
