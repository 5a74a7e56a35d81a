// The connection to a host's engine through SSH, against an SSH server in this process and an engine that only answers.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { json, text } from "node:stream/consumers";
import type { Client } from "ssh2";
import { until } from "../../swarm/wait";
import { ConnectionError } from "../../swarm/failures";
import { closeRemotes, remote, type Remote } from "../../swarm/engine";
import { SshHost, type SshHostOptions } from "../support/ssh-host";
import { sshKeyPair } from "../support/ssh-key";

/** More requests at once than the connection keeps channels. */
const BURST = 12;
const { signal } = new AbortController();

describe("The way to a host's engine", function () {
    this.timeout(10_000);
    const folder = mkdtempSync(join(tmpdir(), "skep-test-"));
    const engineSocket = join(folder, "engine.sock");
    let engine: Server;
    let host: SshHost | undefined;
    let api: string;
    const { PATH } = process.env;
    /** What `docker version` on the host ends with. */
    const dockerEnds = (code: number) =>
        writeFileSync(join(folder, "docker"), `#!/bin/sh\nexit ${code}\n`, { mode: 0o755 });

    before((done) => {
        process.env.PATH = `${folder}${delimiter}${PATH ?? ""}`;
        engine = createServer((request, response) => {
            const { url = "" } = request;
            if (url.endsWith("/slow")) return;
            const isOther = /^\/v/.test(url) && url !== "/version" && !url.startsWith(`/v${api}/`);
            if (isOther) response.statusCode = 400;
            const refusal = {
                message: `client version 1.47 is too new. Maximum supported API version is ${api}`,
            };
            const answer = url === "/version" ? { ApiVersion: api } : { path: url };
            response.end(JSON.stringify(isOther ? refusal : answer));
        });
        engine.listen(engineSocket, done);
    });
    beforeEach(() => {
        api = "1.47";
        dockerEnds(1);
    });
    afterEach(async () => {
        await closeRemotes();
        await host?.close();
    });
    after(() => {
        process.env.PATH = PATH;
        engine.close();
        rmSync(folder, { recursive: true });
    });

    async function connect(socket?: string, forbidFirst = 0, more: Partial<SshHostOptions> = {}) {
        const [own, user] = [sshKeyPair(), sshKeyPair()];
        host = new SshHost({
            hostKey: own.private,
            authorizedKey: user.public,
            engineSocket: socket,
            forbidFirst,
            ...more,
        });
        const port = await host.listen();
        const ssh = { host: "127.0.0.1", port, user: "admin", privateKey: user.private, hostKey: own.public };
        return remote({ id: "1", name: "manager-1", role: "manager", zone: "a", address: "10.0.0.1", ssh });
    }

    const burst = (to: Remote, timeoutMs: number) =>
        Promise.all(Array.from({ length: BURST }, (_, i) => to.call("GET", `/${i}`, { timeoutMs })));

    it("answers after many requests at once, again and again", async () => {
        const to = await connect(engineSocket);
        for (let round = 0; round < 3; round += 1)
            assert.deepEqual(
                await burst(to, 3000),
                Array.from({ length: BURST }, (_, i) => ({ path: `/v1.47/${i}` })),
            );
    });

    it("reads characters whole that come in two pieces", async () => {
        const to = await connect(engineSocket);
        const pieces = "printf '\\303'; sleep 0.3; printf '\\244'";
        assert.equal((await to.exec(pieces, { signal })).stdout, "ä");
    });

    it("logs in anew when the login is older than the user's right to the engine", async () => {
        const to = await connect(engineSocket, 1);
        await to.exec("true", { signal });
        assert.deepEqual(await to.call("GET", "/2"), { path: "/v1.47/2" });
        await burst(to, 3000);
        assert.equal(host?.connections, 2);
    });

    it("says that the engine is stopped when a new login does not reach it either", async () => {
        const to = await connect(engineSocket, 2);
        await to.exec("true", { signal });
        await assert.rejects(to.call("GET", "/1"), /^ConnectionError: ENGINE_STOPPED: /);
        assert.equal(host?.connections, 2);
    });

    it("says that sshd forwards nothing where the engine answers on the host itself", async () => {
        dockerEnds(0);
        const to = await connect(engineSocket, 99);
        await assert.rejects(to.call("GET", "/1"), (error) => {
            assert.ok(error instanceof ConnectionError && !error.passes);
            assert.match(error.message, /HOST_FORWARDING: .*Set AllowStreamLocalForwarding yes/);
            return true;
        });
    });

    it("runs many commands at once where sshd takes one session a connection, and no more connections than four", async () => {
        const to = await connect(engineSocket, 0, { maxSessions: 1 });
        const commands = Array.from({ length: BURST }, (_, i) => to.exec(`sleep 0.2; echo ${i}`, { signal }));
        const found = (await Promise.all(commands)).map(({ stdout }) => Number(stdout));
        assert.deepEqual(
            found,
            found.map((_, i) => i),
        );
        assert.ok(host!.connections > 1 && host!.connections <= 4, `${host!.connections} connections`);
        await closeRemotes();
        await until("every connection to end", () => Promise.resolve(host!.open.size === 0), 2000, {
            signal,
        });
    });

    it("stays closed, also for requests that were under way", async () => {
        const to = await connect(engineSocket);
        await to.call("GET", "/info");
        const slow = assert.rejects(to.call("GET", "/slow"), /HOST_UNREACHABLE|ENGINE_CONNECTION/);
        await until("the request to begin", () => Promise.resolve(host!.open.size > 0), 2000, { signal });
        await new Promise((done) => setTimeout(done, 100));
        await closeRemotes();
        await slow;
        assert.equal(host?.connections, 1);
    });

    it("says that no session opens where not even one does", async () => {
        const to = await connect(engineSocket, 0, { maxSessions: 0 });
        await assert.rejects(to.exec("true", { signal }), /HOST_SESSIONS: .*Set MaxSessions .* to 1 or more/);
    });

    it("dials again where sshd hangs up before the login, and says so when it goes on doing that", async () => {
        const busy = await connect(engineSocket, 0, { refuseFirst: 2 });
        assert.equal((await busy.exec("echo here", { signal })).stdout, "here\n");
        assert.equal(host?.connections, 3);
        await closeRemotes();
        await host?.close();
        const lost = await connect(engineSocket, 0, { refuseFirst: 99 });
        await assert.rejects(lost.exec("true", { signal }), /HOST_HANGS_UP: .*MaxStartups/);
        assert.equal(host?.connections, 5);
    });

    it("takes no command for ended whose session an idle timeout closed", async () => {
        const to = await connect(engineSocket, 0, { sessionMs: 200 });
        await assert.rejects(to.exec("sleep 2", { signal }), /HOST_IDLE_TIMEOUT: .*ChannelTimeout/);
    });

    it("gives a command up in its time, which begins before the login", async () => {
        const raw = createTcp(() => undefined).listen(0, "127.0.0.1");
        await once(raw, "listening");
        const to = await connect(engineSocket);
        const { port } = raw.address() as AddressInfo;
        const mute = remote({ ...to.host, ssh: { ...to.host.ssh, port } });
        const began = Date.now();
        await assert.rejects(mute.exec("true", { signal, timeoutMs: 300 }), /HOST_TIMEOUT/);
        assert.ok(Date.now() - began < 1000);
        raw.close();
    });

    it("ends no login under a command that just begins", async () => {
        const to = await connect(engineSocket, 99);
        await to.exec("true", { signal });
        const asked = to.call("GET", "/1").catch((error: Error) => error.message);
        const commands = Array.from({ length: BURST }, () => to.exec("echo here", { signal }));
        for (const { stdout } of await Promise.all(commands)) assert.equal(stdout, "here\n");
        assert.match(String(await asked), /^ENGINE_STOPPED: /);
    });

    it("says that the connection broke when it has just ended, and connects anew for the next command", async () => {
        const to = await connect(engineSocket);
        const client = await (to as unknown as { connect(): Promise<Client> }).connect();
        client.destroy();
        await assert.rejects(
            to.exec("true", { signal }),
            /ENGINE_CONNECTION: The connection to the engine of manager-1 broke/,
        );
        assert.equal((await to.exec("echo here", { signal })).stdout, "here\n");
        (await (to as unknown as { connect(): Promise<Client> }).connect()).destroy();
        // Not ENGINE_STOPPED: an engine at work would be taken for one that nobody needs.
        await assert.rejects(to.call("POST", "/1"), /^ConnectionError: ENGINE_CONNECTION: /);
        assert.equal((to as unknown as { starting: number }).starting, 0);
    });

    it("stops waiting for a command when it is interrupted, also before it begins", async () => {
        const to = await connect(engineSocket);
        const interrupt = new AbortController();
        const began = Date.now();
        setTimeout(() => interrupt.abort(), 100);
        await assert.rejects(to.exec("sleep 5", interrupt), /CANCELLED/);
        await assert.rejects(to.exec("sleep 5", interrupt), /CANCELLED/);
        assert.ok(Date.now() - began < 3000);
    });

    it("speaks the version of the API that both ends know, also after another engine was installed", async () => {
        const to = await connect(engineSocket);
        assert.deepEqual(await to.call("GET", "/info"), { path: "/v1.47/info" });
        api = "1.41";
        assert.deepEqual(await to.call("POST", "/swarm/leave"), { path: "/v1.41/swarm/leave" });
    });

    it("refuses an engine that is too old", async () => {
        api = "1.40";
        const to = await connect(engineSocket);
        await assert.rejects(to.call("GET", "/info"), /ENGINE_API_OLD: .* API 1\.40, and Skep needs 1\.41/);
    });

    it("ends a transfer that is interrupted", async () => {
        const to = await connect(engineSocket);
        await assert.rejects(to.pull("web", "1", "", AbortSignal.abort()), /CANCELLED/);
    });

    it("gives a request up in its time, also when no channel to the engine ever opens", async () => {
        const to = await connect();
        const began = Date.now();
        await assert.rejects(burst(to, 300), /HOST_TIMEOUT/);
        assert.ok(Date.now() - began < 2000);
    });

    it("gives the lines of a command as they come, and ends it when they are no longer wanted", async () => {
        const to = await connect(engineSocket);
        const stop = new AbortController();
        const lines: string[] = [];
        for await (const line of to.lines("echo one; echo two; exec sleep 60", stop.signal)) {
            lines.push(line);
            if (line === "two") stop.abort();
        }
        assert.deepEqual(lines, ["one", "two"]);
    });

    it("says with which words a command failed whose lines it gives", async () => {
        const to = await connect(engineSocket);
        const lines: string[] = [];
        const all = async () => {
            for await (const line of to.lines("echo one; echo no journal >&2; exit 3", signal))
                lines.push(line);
        };
        await assert.rejects(all(), /COMMAND_FAILED: A command ended with 3 on manager-1: no journal\./);
        assert.deepEqual(lines, ["one"]);
    });

    it("streams what the engine sends, and names its refusal", async () => {
        const to = await connect(engineSocket);
        const stream = await to.stream("/services/web/logs", signal);
        assert.deepEqual(await json(stream), { path: "/v1.47/services/web/logs" });
        api = "1.41";
        await assert.rejects(to.stream("/services/web/logs", signal), /ENGINE_REFUSED: .*too new/);
    });

    it("opens a connection to a port of the host", async () => {
        const to = await connect(engineSocket);
        const echo = createTcp((socket) => void socket.end("hello"));
        await new Promise<void>((done) => echo.listen(0, "127.0.0.1", done));
        const { port } = echo.address() as AddressInfo;
        assert.equal(await text(await to.tunnel("127.0.0.1", port)), "hello");
        echo.close();
    });
});
