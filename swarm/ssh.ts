// One SSH connection to a host, which lives as long as the process. It carries the host's shell and channels to its
// engine's socket, one for each pooled HTTP connection. The host key is always pinned.
import * as http from "node:http";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { Client, type ClientChannel, type ServerHostKeyAlgorithm } from "ssh2";
import { SkepError } from "../errors";
import { asSocket, collect } from "./channels";
import {
    brokenRequest,
    cancelledRequest,
    closedPort,
    ConnectionError,
    cutShort,
    failedCommand,
    hangsUp,
    noAnswer,
    noConnection,
    noForwarding,
    noSession,
    noSocket,
} from "./failures";
import { pause, within } from "./wait";

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
/** Further connections for commands, where sshd allows few sessions on each. */
const SPARES = 3;
const SESSION_POLL_MS = 200;
/** How often sshd may refuse a command while no other is at work. */
const LONELY_TRIES = 3;
/** How often a connection is tried that sshd closes before the login, and the first pause, in milliseconds. */
const DIALS = 5;
const DIAL_PAUSE_MS = 300;
/** Ends with 0 if the engine answers on the host itself. */
const ENGINE_ANSWERS = "timeout 5 docker version >/dev/null 2>&1";
const ASK_MS = 6000;
/** How many of the last characters of a command's standard error an error may have. */
const SAID = 300;

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

/** A login at a host: runs commands, each with a time limit, and opens channels to the engine's socket. */
export class SshConnection {
    readonly name: string;
    private readonly endpoint: string;
    private connection?: Promise<Client>;
    private isClosed = false;
    /** Reuses channels to the engine. */
    protected pooled = this.agent(true);
    /** Opens a new channel for each request. */
    protected single = this.agent(false);
    private readonly open = new Set<Duplex>();
    /** The number of commands that have no channel yet. While there are any, nobody else may end the connection. */
    private starting = 0;

    /** Open sessions: commands at work. */
    private readonly sessions = new Set<Duplex>();
    private spare?: SshConnection;
    /** The question to the host whether its engine answers there, while it is asked. */
    private asking?: Promise<ExecResult>;

    constructor(
        readonly host: HostInput,
        /** How many further connections commands may open. */
        private readonly spares = SPARES,
    ) {
        this.name = host.name;
        this.endpoint = `${host.ssh.host}:${host.ssh.port}`;
    }

    /**
     * Runs a command in the host's shell. Throws a ConnectionError if the host does not answer in time; the time begins
     * with the call.
     */
    exec(command: string, { stdin = "", timeoutMs = 30_000, signal }: ExecOptions): Promise<ExecResult> {
        const over = within(timeoutMs, signal);
        return new Promise((resolve, reject) => {
            const stop = () =>
                reject(
                    signal.aborted
                        ? cancelledRequest(this.name)
                        : noAnswer(this.name, "a command", timeoutMs),
                );
            if (over.aborted) return stop();
            over.addEventListener("abort", stop);
            void this.run(command, stdin, over)
                .then(resolve, reject)
                .finally(() => over.removeEventListener("abort", stop));
        });
    }

    /**
     * Runs a command in the host's shell, and gives each line that it writes as it comes. An abort ends the command, and
     * the lines without an error. Throws COMMAND_FAILED with its last words if the command fails.
     */
    async *lines(command: string, signal: AbortSignal): AsyncGenerator<string> {
        const channel = await this.openSession(command);
        if (!channel) throw noSession(this.name);
        let code: number | null | undefined;
        let said = "";
        channel.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-SAID)));
        channel.on("exit", (exit: number | null) => (code = exit));
        const stop = () => channel.close();
        signal.addEventListener("abort", stop);
        try {
            yield* createInterface({ input: channel, crlfDelay: Infinity });
        } finally {
            signal.removeEventListener("abort", stop);
            channel.close();
        }
        if (signal.aborted || code === 0) return;
        throw code === undefined ? cutShort(this.name) : failedCommand(this.name, code, said);
    }

    private async run(command: string, stdin: string, over: AbortSignal): Promise<ExecResult> {
        const isAlone = () => this.sessions.size === 0 && this.starting === 0;
        let alone = 0;
        for (;;) {
            const wasAlone = isAlone();
            const channel = await this.openSession(command);
            if (channel) return this.finish(channel, stdin, over);
            // sshd counts the sessions of a connection, so other commands explain a refusal. So does one that has just
            // ended: sshd counts it a moment longer.
            if (wasAlone && isAlone()) alone += 1;
            else if (this.spares > 0) return this.nextSpare().run(command, stdin, over);
            if (alone === LONELY_TRIES) throw noSession(this.name);
            await pause(SESSION_POLL_MS, over);
            if (over.aborted) throw cancelledRequest(this.name);
        }
    }

    /** Starts a command; undefined if sshd opens no further session on this connection. */
    private async openSession(command: string): Promise<ClientChannel | undefined> {
        this.starting += 1;
        try {
            const client = await this.connect();
            return await new Promise<ClientChannel | undefined>((resolve, reject) => {
                client.exec(command, (error, channel) => {
                    if (error && isRefused(error)) return resolve(undefined);
                    if (error) return reject(brokenRequest(this.name, "a command", error));
                    this.track(channel);
                    this.sessions.add(channel);
                    channel.on("close", () => this.sessions.delete(channel));
                    resolve(channel);
                });
            });
        } catch (error) {
            if (error instanceof SkepError) throw error;
            // A connection that has just ended refuses at once, and may never report that it is closed.
            this.forget(noConnection(this.name, this.endpoint, error as Error));
            throw brokenRequest(this.name, "a command", error as Error);
        } finally {
            this.starting -= 1;
        }
    }

    private finish(channel: ClientChannel, stdin: string, over: AbortSignal): Promise<ExecResult> {
        return new Promise((resolve, reject) => {
            const stop = () => channel.close();
            if (over.aborted) stop();
            over.addEventListener("abort", stop);
            collect(channel, (result) => {
                if (result) resolve(result);
                else reject(cutShort(this.name));
            });
            channel
                .on("error", (error: Error) => reject(brokenRequest(this.name, "a command", error)))
                .on("close", () => over.removeEventListener("abort", stop));
            channel.end(stdin);
        });
    }

    /** A further connection to the same host, for commands that sshd does not take on this one. */
    private nextSpare(): SshConnection {
        this.spare ??= new SshConnection(this.host, this.spares - 1);
        return this.spare;
    }

    /** Ends the connection for good. What is still under way must not open another one: it would keep the process alive. */
    async close(): Promise<void> {
        const { connection } = this;
        this.isClosed = true;
        this.forget(noConnection(this.name, this.endpoint, undefined));
        (await connection?.catch(() => undefined))?.end();
        await this.spare?.close();
    }

    private connect(): Promise<Client> {
        if (this.isClosed) return Promise.reject(noConnection(this.name, this.endpoint, undefined));
        this.connection ??= this.dial();
        return this.connection;
    }

    private dial(): Promise<Client> {
        const lost = (why: ConnectionError) => {
            if (this.connection === attempt) this.forget(why);
        };
        const attempt = this.dialAgain(lost);
        attempt.catch(lost);
        return attempt;
    }

    /** Dials, and dials again if sshd hangs up before the login: it does so at random while many others log in. */
    private async dialAgain(lost: (why: ConnectionError) => void): Promise<Client> {
        for (let tried = 1; ; tried += 1)
            try {
                return await this.dialOnce(lost);
            } catch (error) {
                const hungUp = error instanceof ConnectionError && error.id === "HOST_HANGS_UP";
                if (!hungUp || tried === DIALS) throw error;
                // At random, or all that were refused would come again together.
                await pause(DIAL_PAUSE_MS * tried * (0.5 + Math.random()));
            }
    }

    private dialOnce(lost: (why: ConnectionError) => void): Promise<Client> {
        return new Promise((resolve, reject) => {
            const client = new Client();
            let isReady = false;
            const failed = (error?: Error) => {
                const { name, endpoint } = this;
                const why =
                    !isReady && isHangUp(error)
                        ? hangsUp(name, endpoint)
                        : noConnection(name, endpoint, error);
                reject(why);
                if (isReady) lost(why);
            };
            client.on("ready", () => {
                isReady = true;
                client.setNoDelay(true); // otherwise every call waits 40 ms for an acknowledgement
                resolve(client);
            });
            client.on("error", failed).on("close", () => failed());
            client.connect(this.connectConfig());
        });
    }

    /** Opens a connection to a port of the host, as if from the host itself. The caller ends it. */
    async tunnel(address: string, port: number): Promise<Duplex> {
        const client = await this.connect();
        return new Promise((resolve, reject) =>
            client.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
                if (error) return reject(closedPort(this.name, port, error));
                this.track(channel);
                resolve(channel);
            }),
        );
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
        this.sessions.clear();
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
                    if (mayRepeat && this.connection === connection && isIdle) {
                        this.connection = undefined;
                        client.end();
                    }
                    const answer = mayRepeat ? this.forward(false) : this.whyNoSocket(error);
                    return void answer.then(resolve, reject);
                }
                this.track(channel);
                resolve(asSocket(channel));
            });
        });
    }

    /** Throws the reason why sshd does not open the engine's socket. Its own answer is the same for every reason. */
    private async whyNoSocket(error: Error): Promise<never> {
        this.asking ??= this.exec(ENGINE_ANSWERS, { signal: AbortSignal.timeout(ASK_MS) }).finally(
            () => (this.asking = undefined),
        );
        const asked = await this.asking.catch((failure: unknown) => {
            if (failure instanceof SkepError) return undefined;
            throw failure;
        });
        throw asked?.code === 0 ? noForwarding(this.name) : noSocket(this.name, error);
    }

    private track(channel: ClientChannel): void {
        this.open.add(channel);
        channel.on("error", () => undefined); // a loss between two uses must not crash the process
        channel.on("close", () => this.open.delete(channel));
    }
}

/** Whether the other end closed the connection. */
function isHangUp(error?: Error): boolean {
    return error === undefined || /lost before handshake|ECONNRESET/i.test(error.message);
}

/** Whether sshd refused to open a channel. It does not do so when the connection is lost. */
function isRefused(error: Error): boolean {
    return /Channel open failure: (?!server closed)/.test(error.message);
}
