// The stand-in for the command plugin, over real gRPC, with real shells and a real SSH server.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { command } from "../../offline/plugins/command/provider";
import { privateKey } from "../../offline/plugins/tls/private-key";
import type { Context, Props } from "../../providers/runtime/types";
import { secret } from "../../providers/runtime/wire";
import { SshHost, type SshHostOptions } from "../support/ssh-host";
import { failureOf, TestPulumi } from "./support";

const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";

async function generated(inputs: Props): Promise<Props> {
    return (await privateKey.create(inputs, {} as Context)).outs;
}

describe("a command on this machine", () => {
    let pulumi: TestPulumi;
    let folder: string;

    beforeEach(async () => {
        pulumi = await TestPulumi.inProcess(command);
        folder = await mkdtemp(join(tmpdir(), "skep-command-"));
    });

    afterEach(async () => {
        await pulumi.stop();
        await rm(folder, { recursive: true, force: true });
    });

    it("runs its script with stdin, environment and folder, and keeps what it prints", async () => {
        const inputs = { create: 'pwd; echo "$GREETING"; cat; echo oops >&2', stdin: "in", dir: folder };
        const { outs, id } = await pulumi.create(LOCAL, { ...inputs, environment: { GREETING: "hello" } });
        assert.equal(outs.stdout, `${folder}\nhello\nin`);
        assert.equal(outs.stderr, "oops");
        assert.match(id, /^it[0-9a-f]{8}$/);
    });

    it("runs by another interpreter if asked", async () => {
        const inputs = { create: "console.log(40 + 2)", interpreter: ["node", "-e"] };
        assert.equal((await pulumi.create(LOCAL, inputs)).outs.stdout, "42");
    });

    it("updates by its update script, which knows what the last run printed", async () => {
        const inputs = { create: "echo one", update: 'echo "after $PULUMI_COMMAND_STDOUT"' };
        const { outs, id } = await pulumi.create(LOCAL, inputs);
        assert.equal((await pulumi.update(LOCAL, id, outs, inputs)).stdout, "after one");
        const silent = { ...inputs, addPreviousOutputInEnv: false };
        assert.equal((await pulumi.update(LOCAL, id, outs, silent)).stdout, "after ");
    });

    it("runs its create script again where there is no update script", async () => {
        const inputs = { create: `echo x >> ${folder}/runs` };
        const { outs, id } = await pulumi.create(LOCAL, inputs);
        await pulumi.update(LOCAL, id, outs, { ...inputs, environment: { A: "b" } });
        assert.equal(await readFile(join(folder, "runs"), "utf8"), "x\nx\n");
    });

    it("is replaced by other triggers only", async () => {
        const inputs = { create: "true", triggers: [1] };
        const other = await pulumi.diff(LOCAL, inputs, { create: "false", stdin: "x", triggers: [1] });
        assert.deepEqual(other.getReplacesList(), []);
        assert.deepEqual(other.getDiffsList().sort(), ["create", "stdin"]);
        assert.deepEqual((await pulumi.diff(LOCAL, inputs, { ...inputs, triggers: [2] })).getReplacesList(), [
            "triggers",
        ]);
    });

    it("runs its delete script when deleted, and nothing where there is none", async () => {
        await pulumi.delete(LOCAL, "1", {
            create: `touch ${folder}/wrong`,
            delete: `touch ${folder}/deleted`,
        });
        await pulumi.delete(LOCAL, "1", { create: `touch ${folder}/wrong` });
        assert.equal(await readFile(join(folder, "deleted"), "utf8"), "");
        await assert.rejects(readFile(join(folder, "wrong")));
    });

    it("shows its output line by line, as `logging` says", async () => {
        const create = "printf 'a\\nb'; echo c >&2";
        await pulumi.create(LOCAL, { create });
        assert.deepEqual([...pulumi.logged].sort(), ["a", "b", "c"]);
        pulumi.logged.length = 0;
        await pulumi.create(LOCAL, { create, logging: "stderr" });
        assert.deepEqual(pulumi.logged, ["c"]);
        pulumi.logged.length = 0;
        await pulumi.create(LOCAL, { create, logging: "none" });
        assert.deepEqual(pulumi.logged, []);
    });

    it("with a secret input: shows nothing, and what it prints is secret", async () => {
        const { outs } = await pulumi.create(LOCAL, { create: "cat", stdin: secret("pass-word") });
        assert.deepEqual(pulumi.logged, []);
        assert.deepEqual(outs.stdout, secret("pass-word"));
        assert.deepEqual(outs.stdin, secret("pass-word"));
    });

    it("fails with exit status, script and output", async () => {
        const failure = await failureOf(pulumi.create(LOCAL, { create: "echo why >&2; exit 3" }));
        assert.match(failure.details, /^exit status 3: running "echo why >&2; exit 3":\nwhy/);
    });

    it("with a secret input: fails without the script, its output and the secret", async () => {
        const inputs = {
            create: "cat; cat /dev/null >&2; echo pass-word >&2; exit 1",
            stdin: secret("pass-word"),
        };
        const failure = await failureOf(pulumi.create(LOCAL, inputs));
        assert.match(failure.details, /^exit status 1: running a script with secret inputs:\n\[secret\]\n$/);
    });

    it("is stopped, with everything it started, when Pulumi cancels", async () => {
        const create = `sleep 60 & echo $! > ${folder}/pid; wait`;
        const running = failureOf(pulumi.create(LOCAL, { create }));
        await sleep(300);
        const pid = Number(await readFile(join(folder, "pid"), "utf8"));
        await pulumi.cancel();
        assert.match((await running).details, /^cancelled/);
        await sleep(50);
        assert.equal(await isRunning(pid), false);
    });

    it("refuses an input that it would have to ignore", async () => {
        const { failures } = await pulumi.check(LOCAL, { create: "true", assetPaths: ["*"] });
        assert.equal(failures.length, 1);
        assert.match(failures[0] ?? "", /^assetPaths: .*covers only what Skep uses/);
    });
});

/** A killed child of another process may stay as a zombie if nobody reaps it. A zombie has ended, too. */
async function isRunning(pid: number): Promise<boolean> {
    const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    return status !== undefined && !/\) [ZX] /.test(status);
}

describe("a command on a host", () => {
    let pulumi: TestPulumi;
    let host: SshHost | undefined;
    let keys: { host: Props; user: Props };

    before(async () => {
        const [hostKey, user] = await Promise.all(
            ["ED25519", "ED25519"].map((algorithm) => generated({ algorithm })),
        );
        keys = { host: hostKey as Props, user: user as Props };
    });

    beforeEach(async () => {
        pulumi = await TestPulumi.inProcess(command);
    });

    afterEach(async () => {
        await pulumi.stop();
        await host?.close();
    });

    /** Starts the host and returns the connection to it. */
    async function start(options: Partial<SshHostOptions> = {}): Promise<Props> {
        const { host: hostKeys, user } = keys;
        host = new SshHost({
            hostKey: hostKeys.privateKeyOpenssh,
            authorizedKey: user.publicKeyOpenssh,
            ...options,
        });
        const port = await host.listen();
        return {
            host: "127.0.0.1",
            port,
            user: "admin",
            privateKey: user.privateKeyOpenssh,
            dialErrorLimit: 0,
        };
    }

    it("runs its script with stdin and closes its connection", async () => {
        const connection = await start();
        const { outs } = await pulumi.create(REMOTE, {
            connection,
            create: "cat; echo err >&2",
            stdin: "in",
        });
        assert.equal(outs.stdout, "in");
        assert.equal(outs.stderr, "err");
        await sleep(50);
        assert.equal(host?.open.size, 0);
    });

    it("keeps its connection secret in state", async () => {
        const connection = await start();
        const { outs } = await pulumi.create(REMOTE, { connection, create: "echo plain" });
        assert.deepEqual(outs.connection, secret(connection));
        assert.equal(outs.stdout, "plain");
    });

    it("logs in with an ECDSA key, too, in either format", async () => {
        const user = await generated({ algorithm: "ECDSA" });
        const connection = await start({ authorizedKey: user.publicKeyOpenssh });
        for (const key of [user.privateKeyOpenssh, user.privateKeyPem]) {
            const own = { ...connection, privateKey: key };
            const { outs } = await pulumi.create(REMOTE, { connection: own, create: "echo in" });
            assert.equal(outs.stdout, "in");
        }
    });

    it("talks only to the host whose key is pinned", async () => {
        const connection = await start();
        const right = { ...connection, hostKey: keys.host.publicKeyOpenssh };
        assert.equal(
            (await pulumi.create(REMOTE, { connection: right, create: "echo ok" })).outs.stdout,
            "ok",
        );
        const wrong = { ...connection, hostKey: keys.user.publicKeyOpenssh };
        const failure = await failureOf(pulumi.create(REMOTE, { connection: wrong, create: "echo no" }));
        assert.match(failure.details, /after 1 failed dial attempts to 127\.0\.0\.1:\d+: .*host/i);
    });

    it("dials again until the host answers, as often as allowed", async () => {
        const connection = await start({ refuseFirst: 3 });
        const patient = { ...connection, dialErrorLimit: 3 };
        assert.equal(
            (await pulumi.create(REMOTE, { connection: patient, create: "echo up" })).outs.stdout,
            "up",
        );
        assert.equal(host?.connections, 4);
        await host?.close();
        const again = await start({ refuseFirst: 3 });
        const failure = await failureOf(
            pulumi.create(REMOTE, { connection: { ...again, dialErrorLimit: 2 }, create: "echo no" }),
        );
        assert.match(failure.details, /^after 3 failed dial attempts/);
    });

    it("goes through a proxy", async () => {
        const connection = await start();
        const viaProxy = { ...connection, proxy: connection };
        assert.equal(
            (await pulumi.create(REMOTE, { connection: viaProxy, create: "echo far" })).outs.stdout,
            "far",
        );
        assert.equal(host?.connections, 2);
    });

    it("passes the environment that the server takes, and fails for what it drops", async () => {
        const connection = await start();
        const inputs = { connection, create: 'echo "$LC_NAME"' };
        const taken = await pulumi.create(REMOTE, { ...inputs, environment: { LC_NAME: "x" } });
        assert.equal(taken.outs.stdout, "x");
        const failure = await failureOf(pulumi.create(REMOTE, { ...inputs, environment: { TOKEN: "x" } }));
        assert.match(failure.details, /did not accept the environment variables TOKEN/);
    });

    it("fails with the exit status of its script", async () => {
        const connection = await start();
        const failure = await failureOf(pulumi.create(REMOTE, { connection, create: "echo why; exit 7" }));
        assert.match(failure.details, /^Process exited with status 7: running "echo why; exit 7":\nwhy/);
    });

    it("a changed connection is an update, not a replacement", async () => {
        const inputs = { connection: { host: "a" }, create: "true" };
        const response = await pulumi.diff(REMOTE, inputs, { ...inputs, connection: { host: "b" } });
        assert.deepEqual(response.getDiffsList(), ["connection"]);
        assert.deepEqual(response.getReplacesList(), []);
    });

    it("without a delete script, being deleted touches no host", async () => {
        const connection = await start();
        await pulumi.delete(REMOTE, "1", { connection, create: "true" });
        assert.equal(host?.connections, 0);
        await pulumi.delete(REMOTE, "1", { connection, create: "true", delete: "true" });
        assert.equal(host?.connections, 1);
    });

    it("gives up at once when Pulumi cancels, also while dialling", async () => {
        const connection = await start();
        const running = failureOf(pulumi.create(REMOTE, { connection, create: "sleep 30" }));
        const unreachable = { ...connection, port: 1, dialErrorLimit: -1 };
        const dialling = failureOf(
            pulumi.create(REMOTE, { connection: unreachable, create: "true" }, { name: "b" }),
        );
        await sleep(300);
        const asked = Date.now();
        await pulumi.cancel();
        assert.match((await running).details, /^cancelled/);
        await dialling;
        assert.ok(Date.now() - asked < 500);
    });

    it("needs a connection with a host", async () => {
        assert.deepEqual((await pulumi.check(REMOTE, {})).failures, [
            "connection: Missing required property 'connection'",
        ]);
        const { failures } = await pulumi.check(REMOTE, { connection: { user: "root" } });
        assert.deepEqual(failures, ["connection.host: Missing required property 'host'"]);
    });
});
