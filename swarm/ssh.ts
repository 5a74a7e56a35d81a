// One SSH connection to a host, which lives as long as the process. It carries the host's shell and channels to its
// engine's socket, one for each pooled HTTP connection. The host key is always pinned.
import * as http from "node:http";
import type { Duplex } from "node:stream";
import { Client, type ClientChannel, type ServerHostKeyAlgorithm } from "ssh2";
import { brokenRequest, cancelledRequest, noAnswer, noConnection, noSocket } from "./failures";

/** A host as the program passes it. `id` changes when the host is replaced; name and address do not. */
export interface HostInput {
    id: string;
    name: string;
    role: "manager" | "worker";
    zone: string;
    /** The private address at which the other members of the swarm reach it. */
    address: string;
    ssh: HostSsh;
}

/** How this machine reaches the host. */
export interface HostSsh {
    host: string;
    port: number;
    user: string;
    privateKey: string;
    /** The only accepted host key: `ssh-ed25519 AAAA...`. */
    hostKey: string;
}

const DOCKER_SOCKET = "/var/run/docker.sock";
const CONNECT_MS = 6000;
const MAX_CHANNELS = 4;

export interface ExecResult {
    code: number;
    stdout: string;
    stderr: string;
}

export interface ExecOptions {
    /** Ends the wait, not the command. */
    signal: AbortSignal;
    /** Standard input. Everything secret belongs here. */
    stdin?: string;
    /** Time limit in milliseconds. Default: 30 s. */
    timeoutMs?: number;
}

type Channel = Duplex & Record<string, unknown>;

/** A login at a host: runs commands, each with a time limit, and opens channels to the engine's socket. */
export class SshConnection {
    readonly name: string;
    private readonly endpoint: string;
    private connection?: Promise<Client>;
    /** Reuses channels to the engine. */
    protected pooled = this.agent(true);
    /** Opens a new channel for each request. */
    protected single = this.agent(false);
    private readonly open = new Set<Duplex>();
    /** The number of commands that have no channel yet. While there are any, nobody else may end the connection. */
    private starting = 0;

    constructor(readonly host: HostInput) {
        this.name = host.name;
        this.endpoint = `${host.ssh.host}:${host.ssh.port}`;
    }

    /** Runs a command in the host's shell. Throws a ConnectionError if the host does not answer in time. */
    async exec(command: string, options: ExecOptions): Promise<ExecResult> {
        const { stdin = "", timeoutMs = 30_000, signal } = options;
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
                const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
                const stop = () => {
                    const { name } = this;
                    reject(signal.aborted ? cancelledRequest(name) : noAnswer(name, "a command", timeoutMs));
                    channel.close();
                };
                if (over.aborted) stop();
                over.addEventListener("abort", stop);
                channel.on("error", failed).on("close", () => over.removeEventListener("abort", stop));
                channel.end(stdin);
            };
            try {
                client.exec(command, started);
            } catch (error) {
                // A connection that has just ended refuses at once, and may never report that it is closed.
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
                client.setNoDelay(true); // otherwise every call waits 40 ms for an acknowledgement
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
            // Otherwise another kind of key may be negotiated, which never matches the pinned one.
            algorithms: { serverHostKey: [kind as ServerHostKeyAlgorithm] },
            hostVerifier: (key: Buffer) => pinned !== undefined && key.toString("base64") === pinned,
        };
    }

    /**
     * Forgets a lost connection and fails its channels. ssh2 does not fail channels that wait, and their requests would
     * hang for ever.
     */
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
                    // A login keeps the groups that it began with. The engine's group may be newer, and a new login has
                    // it.
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
        channel.on("error", () => undefined); // a loss between two uses must not crash the process
        channel.on("close", () => this.open.delete(channel));
    }
}

function collect(channel: ClientChannel, done: (result: ExecResult) => void): void {
    let stdout = "";
    let stderr = "";
    // A character may come in two pieces.
    channel.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    channel.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    channel.on("close", (code: number | null) => done({ code: code ?? -1, stdout, stderr }));
}

/**
 * Makes an SSH channel look like a net.Socket to Node's HTTP client: adds the methods that it lacks, and lets a destroyed
 * channel close.
 */
function asSocket(duplex: Duplex): Duplex {
    const channel = duplex as Channel;
    const chain = () => channel;
    for (const method of ["setKeepAlive", "setNoDelay", "setTimeout", "ref", "unref"])
        channel[method] ??= chain;
    const destroy = channel.destroy.bind(channel);
    // A channel closes only after all of it was read. An unread one would keep its place in the pool for ever.
    channel.destroy = (error) => destroy(error).resume();
    channel.destroySoon ??= () => channel.destroy();
    return channel;
}
