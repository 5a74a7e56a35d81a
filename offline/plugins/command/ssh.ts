// SSH connections as the official plugin makes them: retried dials, an optional pinned host key, an optional proxy.
import { setTimeout as sleep } from "node:timers/promises";
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import type { Context, Props } from "../../../providers/runtime/types";

const DIAL_ERROR_LIMIT = 10;
const DIAL_TIMEOUT_S = 15;
const FIRST_DELAY_MS = 100;
const DELAY_FACTOR = 1.5;
const LONGEST_DELAY_MS = 5000;
/** A connection to a host that froze during a script ends after a minute. */
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 4 };

/** Connects, through the proxy if there is one, runs `use`, and closes the connections. */
export async function withClient<T>(
    connection: Props,
    ctx: Context,
    use: (client: Client) => Promise<T>,
): Promise<T> {
    const { proxy } = connection;
    if (!proxy) {
        return using(await dialWithRetry(connection, ctx, () => dial(connection, ctx)), use);
    }
    const bastion = await dialWithRetry(proxy, ctx, () => dial(proxy, ctx));
    return using(bastion, async () => {
        const through = async () => dial(connection, ctx, await forward(bastion, connection));
        return using(await dialWithRetry(connection, ctx, through), use);
    });
}

async function using<T>(client: Client, use: (client: Client) => Promise<T>): Promise<T> {
    try {
        return await use(client);
    } finally {
        client.end();
    }
}

/** Retries after every failure, also a refused login: a host that boots may refuse for a while. */
async function dialWithRetry(
    connection: Props,
    ctx: Context,
    dialOnce: () => Promise<Client>,
): Promise<Client> {
    const limit: number = connection.dialErrorLimit ?? DIAL_ERROR_LIMIT;
    for (let failures = 1, delay = FIRST_DELAY_MS; ; failures += 1) {
        try {
            return await dialOnce();
        } catch (error) {
            if (ctx.signal.aborted) throw new Error("cancelled", { cause: error });
            const reason = (error as Error).message;
            const where = `${connection.host}:${portOf(connection)}`;
            if (limit >= 0 && failures > limit) {
                throw new Error(`after ${failures} failed dial attempts to ${where}: ${reason}`, {
                    cause: error,
                });
            }
            ctx.log(`Dial ${failures}/${limit < 0 ? "inf" : limit} to ${where} failed: ${reason}`, "debug");
        }
        await sleep(delay, undefined, { signal: ctx.signal });
        delay = Math.min(delay * DELAY_FACTOR, LONGEST_DELAY_MS);
    }
}

function dial(connection: Props, ctx: Context, sock?: Duplex): Promise<Client> {
    return new Promise((resolve, reject) => {
        const client = new Client();
        const stop = () => client.destroy();
        ctx.signal.addEventListener("abort", stop, { once: true });
        client.on("close", () => {
            ctx.signal.removeEventListener("abort", stop);
            reject(new Error("the connection was closed"));
        });
        // Also after the login: an error event nobody listens to would end the whole plugin.
        client.on("error", (error) => {
            reject(error);
            client.destroy();
        });
        client.on("keyboard-interactive", (_name, _instructions, _lang, prompts, answer) =>
            answer(prompts.map(() => connection.password ?? "")),
        );
        client.on("ready", () => resolve(client));
        client.connect(connectConfig(connection, sock));
    });
}

function connectConfig(connection: Props, sock: Duplex | undefined): ConnectConfig {
    const { host, password, privateKey, privateKeyPassword } = connection;
    const ownCredentials = privateKey !== undefined || password !== undefined;
    return {
        host,
        port: portOf(connection),
        username: connection.user ?? "root",
        password,
        tryKeyboard: password !== undefined,
        privateKey,
        passphrase: privateKeyPassword,
        agent: connection.agentSocketPath ?? (ownCredentials ? undefined : process.env.SSH_AUTH_SOCK),
        readyTimeout: (connection.perDialTimeout ?? DIAL_TIMEOUT_S) * 1000,
        sock: sock as ConnectConfig["sock"],
        ...KEEPALIVE,
        ...(connection.hostKey ? pinned(connection.hostKey) : {}),
    };
}

/** Accepts only this host key. Without a pinned key the official plugin accepts any, and so does the stand-in. */
function pinned(hostKey: string): Pick<ConnectConfig, "hostVerifier" | "algorithms"> {
    const [type = "", body = ""] = hostKey.trim().split(/\s+/);
    const expected = Buffer.from(body, "base64");
    return {
        hostVerifier: (key: Buffer) => key.equals(expected),
        algorithms: { serverHostKey: algorithmsOf(type) },
    };
}

function algorithmsOf(type: string): ServerHostKeyAlgorithm[] {
    if (type === "ssh-rsa") return ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];
    return [type as ServerHostKeyAlgorithm];
}

function portOf(connection: Props): number {
    return connection.port ?? 22;
}

function forward(bastion: Client, target: Props): Promise<Duplex> {
    return new Promise((resolve, reject) => {
        bastion.forwardOut("127.0.0.1", 0, target.host, portOf(target), (error, channel) =>
            error ? reject(error) : resolve(channel),
        );
    });
}
