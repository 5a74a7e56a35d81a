// What Skep finds out about a host's engine, against an SSH server in this process, a list of packages and an engine that
// only answers.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Context, Props } from "../../providers/runtime/types";
import { engineRollout } from "../../providers/swarm/engine-rollout";
import { hostEngine } from "../../providers/swarm/host-engine";
import { closeRemotes } from "../../swarm/engine";
import { SshHost } from "../support/ssh-host";
import { sshKeyPair } from "../support/ssh-key";

const CE = "5:26.1.5-1~debian.12~bookworm";
const ASKED = { "docker-ce": CE, "docker-ce-cli": CE, "containerd.io": "1.7.24-1" };
const ALL_HELD = Object.entries(ASKED).map(([name, version]) => `${name} ${version} hold installed`);

describe("A host's engine", () => {
    const folder = mkdtempSync(join(tmpdir(), "skep-test-"));
    const engineSocket = join(folder, "engine.sock");
    const path = process.env.PATH;
    let engine: Server;
    let host: SshHost | undefined;

    before((done) => {
        process.env.PATH = `${folder}${delimiter}${path ?? ""}`;
        engine = createServer((_request, response) =>
            response.end(JSON.stringify({ Version: "26.1.5+dfsg1", ApiVersion: "1.45" })),
        );
        engine.listen(engineSocket, done);
    });
    afterEach(async () => {
        await closeRemotes();
        await host?.close();
        host = undefined;
    });
    after(() => {
        process.env.PATH = path;
        engine.close();
        rmSync(folder, { recursive: true });
    });

    /** The state of a host whose dpkg-query prints these lines. */
    async function stateOf(listed: readonly string[], isStopped = false): Promise<Props> {
        const program = join(folder, "dpkg-query");
        writeFileSync(program, `#!/bin/sh\ncat <<'END'\n${listed.join("\n")}\nEND\nexit 1\n`);
        chmodSync(program, 0o755);
        const sudo =
            '#!/bin/sh\ncase "$*" in *daemon*.json*systemctl*) exit 1 ;; *daemon*.json*) ;; *) exit 1 ;; esac\n';
        writeFileSync(join(folder, "sudo"), sudo, { mode: 0o755 });
        writeFileSync(join(folder, "docker"), `#!/bin/sh\nexit ${isStopped ? 1 : 0}\n`, { mode: 0o755 });
        const [own, user] = [sshKeyPair(), sshKeyPair()];
        // Skep takes an engine that no login reaches for a stopped one.
        const forbidFirst = isStopped ? 99 : 0;
        host = new SshHost({ hostKey: own.private, authorizedKey: user.public, engineSocket, forbidFirst });
        const port = await host.listen();
        const ssh = { host: "127.0.0.1", port, user: "admin", privateKey: user.private, hostKey: own.public };
        const input = { id: "1", name: "worker-1", role: "worker", zone: "a", address: "10.0.0.1", ssh };
        return {
            host: input,
            hosts: [input],
            engines: { "worker-1": ASKED },
            daemon: {},
            packages: ASKED,
            mesh: true,
            esp: false,
        };
    }

    const said: string[] = [];

    async function packagesRead(state: Props): Promise<Props> {
        said.length = 0;
        const log = (text: string, severity = "info") => void said.push(`${severity} ${text}`);
        const context = { signal: new AbortController().signal, log };
        const found = await engineRollout.read!("1", state, context as unknown as Context);
        assert.deepEqual(found.inputs?.engines, found.outs?.engines);
        assert.deepEqual(found.outs?.differing, {});
        const installed = await hostEngine.read!("1", state, context as unknown as Context);
        assert.equal(installed.outs?.mesh, true);
        assert.ok(!("mesh" in (installed.inputs ?? {})));
        return (found.inputs?.engines as Record<string, Props>)["worker-1"]!;
    }

    it("is what was asked where the host has that, so that a preview shows nothing", async () => {
        assert.deepEqual(await packagesRead(await stateOf(ALL_HELD)), ASKED);
    });

    it("is what somebody made of it: another version, a hold that is gone, an engine that is stopped", async () => {
        const changed = ALL_HELD.map((line) =>
            line.replace("24-1 hold", "20-1 hold").replace(/(cli .*)hold/, "$1install"),
        );
        assert.deepEqual(await packagesRead(await stateOf(changed, true)), {
            "docker-ce": `${CE} (not running)`,
            "docker-ce-cli": `${CE} (not held)`,
            "containerd.io": "1.7.20-1",
        });
    });

    it("is said to have to restart where its firewall was flushed, with what mends that", async () => {
        const lines = [...ALL_HELD, "no-chains"];
        const { "docker-ce": engine } = await packagesRead(await stateOf(lines));
        assert.equal(engine, `${CE} (its firewall rules are gone)`);
        assert.match(
            said.join(),
            /^warning ENGINE_STALE: The engine of worker-1 has to restart: .* Run up: /,
        );
    });

    it("stays what it was, and is said to be out of sight, where sshd forwards nothing to it", async () => {
        const state = await stateOf(ALL_HELD, true);
        writeFileSync(join(folder, "docker"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
        assert.deepEqual(await packagesRead(state), ASKED);
        assert.match(
            said.join("\n"),
            /^warning ENGINE_LEFT: The engine of worker-1 could not be looked at \(HOST_FORWARDING\): .* Set Allow/m,
        );
    });

    it("stays what it was where the host does not answer: looking never fails", async () => {
        const state = await stateOf([]);
        await host?.close();
        host = undefined;
        assert.deepEqual(await packagesRead(state), ASKED);
    });
});
