// The SSH key with which Skep logs in: what the script makes of a host's list of keys, and a host that does not answer.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostLogin } from "../../providers/swarm/host-login";
import type { Context } from "../../providers/runtime/types";
import { renderHostScript } from "../../planning/shell";
import { scriptFile } from "../../swarm/script-files";

const [FIRST, SECOND] = ["ssh-ed25519 AAAAfirst", "ssh-ed25519 AAAAsecond"];
const FAIL = 'fail() { echo "skep: $1: $2" >&2; exit 1; }';

describe("The login keys of a host", () => {
    let folder: string;
    let file: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "skep-login-"));
        file = join(folder, ".ssh/authorized_keys");
        mkdirSync(join(folder, ".ssh"));
        writeFileSync(join(folder, "getent"), `#!/bin/sh\necho admin:x:1000:1000::${folder}:/bin/bash\n`);
        chmodSync(join(folder, "getent"), 0o755);
    });
    after(() => rmSync(folder, { recursive: true }));

    /** Runs the script as a host does, on a list of keys in a folder of the test. */
    const change = (keys: { ADD?: string; DROP?: string }) => {
        const variables = { LOGIN: "admin", ADD: "", DROP: "", ...keys };
        const input = renderHostScript(`${FAIL}\n${scriptFile("login")}`, variables);
        const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
        const { status, stderr } = spawnSync("sh", { input, env, encoding: "utf8" });
        return { status, stderr, lines: readFileSync(file, "utf8").trim().split("\n") };
    };

    it("get the new key once, lose the one before only when that is asked, and keep those of others", () => {
        writeFileSync(file, `# ours\n${FIRST} skep\nssh-rsa AAAAother user\n`);
        const others = ["# ours", "ssh-rsa AAAAother user"];
        assert.deepEqual(change({ ADD: SECOND }).lines, [others[0], `${FIRST} skep`, others[1], SECOND]);
        assert.deepEqual(change({ ADD: SECOND }).lines.length, 4);
        assert.deepEqual(change({ ADD: SECOND, DROP: FIRST }).lines, [...others, SECOND]);
        assert.equal(statSync(file).mode & 0o777, 0o600);
    });

    it("never become none: HOST_LOGINS", () => {
        writeFileSync(file, `${FIRST}\n`);
        const { status, stderr, lines } = change({ DROP: FIRST });
        assert.equal(status, 1);
        assert.match(stderr, /^skep: HOST_LOGINS: /m);
        assert.deepEqual(lines, [FIRST]);
    });

    it("stay as they are on a host that does not answer, and the stack keeps its key until the next up: HOST_LOGIN_KEPT", async () => {
        const said: string[] = [];
        const ctx = {
            signal: new AbortController().signal,
            log: (text: string) => void said.push(text),
        } as unknown as Context;
        const ssh = {
            host: "127.0.0.1",
            port: 1,
            user: "admin",
            privateKey: "new",
            hostKey: "ssh-ed25519 AAAA",
        };
        const host = { id: "a", name: "worker-1", role: "worker", zone: "a", address: "10.0.0.1", ssh };
        const { outs } = await hostLogin.create({ host, hostId: "a", formerKey: "before" }, ctx);
        assert.deepEqual(outs, { privateKey: "before", pending: true });
        assert.match(said.join(), /HOST_LOGIN_KEPT: worker-1 still takes the login key before/);
        assert.deepEqual(hostLogin.drift?.(outs, {}), ["pending"]);
    });
});
