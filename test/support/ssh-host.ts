// A fake host for tests: an SSH server in this process that runs commands in a shell.
import { spawn } from "node:child_process";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { Server, utils, type Connection, type Session } from "ssh2";

/** Connects two streams: each gets what the other one sends. */
function join(channel: Duplex, target: Socket): void {
    channel.pipe(target).pipe(channel);
    for (const end of [channel, target]) end.on("error", () => undefined);
}

/** The variables that the server accepts, like sshd's AcceptEnv. */
const ACCEPTED = /^(LANG|LC_.*)$/;

export interface SshHostOptions {
    hostKey: string;
    /** The only key that may log in. */
    authorizedKey: string;
    /** How many of the first connections it drops, like a host that boots. */
    refuseFirst?: number;
    /** The socket to which it forwards socket connections, whatever path they name. Without it, they get no answer. */
    engineSocket?: string;
    /** How many of the first logins may not open the engine's socket, like logins before the user was in its group. */
    forbidFirst?: number;
    /** How many commands may run on a connection at once. Default: any number. */
    maxSessions?: number;
    /** Closes a command's session after so many milliseconds, as an idle timeout does. */
    sessionMs?: number;
}

/** An SSH server on loopback, with an engine behind it. */
export class SshHost {
    connections = 0;
    /** The connections that are still open. */
    readonly open = new Set<Connection>();
    private readonly server: Server;

    constructor(private readonly options: SshHostOptions) {
        this.server = new Server({ hostKeys: [options.hostKey] }, (client) => this.accept(client));
    }

    async listen(): Promise<number> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
        return (this.server.address() as AddressInfo).port;
    }

    async close(): Promise<void> {
        for (const client of this.open) client.end();
        await new Promise<void>((resolve) => this.server.close(() => resolve()));
    }

    private accept(client: Connection): void {
        this.connections += 1;
        client.on("error", () => undefined);
        if (this.connections <= (this.options.refuseFirst ?? 0)) return void client.end();
        this.open.add(client);
        client.on("close", () => this.open.delete(client));
        client.on("authentication", (context) => {
            const offered = context.method === "publickey" ? context.key.data : undefined;
            if (offered?.equals(this.authorized())) context.accept();
            else context.reject(["publickey"]);
        });
        const { maxSessions = Infinity, sessionMs } = this.options;
        let sessions = 0;
        client.on("session", (accept, reject) => {
            if (sessions >= maxSessions) return void reject();
            sessions += 1;
            const session = accept();
            session.on("close", () => (sessions -= 1));
            serveSession(session, sessionMs);
        });
        const login = this.connections;
        client.on("openssh.streamlocal", (accept, reject) => {
            const { engineSocket, forbidFirst = 0 } = this.options;
            if (login <= forbidFirst) return reject?.();
            if (engineSocket !== undefined) join(accept(), connect(engineSocket));
        });
        client.on("tcpip", (accept, _reject, { destIP, destPort }) => {
            join(accept(), connect(destPort, destIP));
        });
    }

    private authorized(): Buffer {
        const key = utils.parseKey(this.options.authorizedKey);
        if (key instanceof Error) throw key;
        return key.getPublicSSH();
    }
}

function serveSession(session: Session, sessionMs?: number): void {
    const env: Record<string, string> = {};
    session.on("env", (accept, reject, { key, val }) => {
        if (!ACCEPTED.test(key)) return void reject?.();
        env[key] = val;
        accept?.();
    });
    session.on("exec", (accept, _reject, { command }) => {
        const channel = accept();
        const shell = spawn("/bin/sh", ["-c", command], {
            env: { PATH: process.env.PATH, ...env },
            detached: true,
        });
        if (sessionMs !== undefined) setTimeout(() => channel.close(), sessionMs);
        channel.pipe(shell.stdin);
        shell.stdin.on("error", () => undefined);
        shell.stdout.on("data", (chunk) => channel.write(chunk));
        shell.stderr.on("data", (chunk) => channel.stderr.write(chunk));
        shell.on("close", (code) => {
            channel.exit(code ?? 255);
            channel.end();
        });
    });
}
