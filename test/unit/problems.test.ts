// Problems that a single call raises, each by its id.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { spawnSync } from "node:child_process";
import { EXIT_CODES } from "../../errors/problem-group";
import { choosePackages } from "../../planning/package-choice";
import { run } from "../../scripts/setup/programs";
import { Host } from "../../swarm/host";
import type { HostInput } from "../../swarm/ssh";
import { Lab } from "../lab/lab";

const ROOT = resolve(__dirname, "../..");

describe("A problem", function () {
    this.timeout(60_000);

    it("is an old Node.js, before anything is installed", () => {
        const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.20.0'})";
        const { status, stderr } = spawnSync(
            process.execPath,
            ["--import", old, join(ROOT, "scripts/skep.mjs"), "preview"],
            { encoding: "utf8" },
        );
        assert.equal(status, EXIT_CODES.machine);
        assert.match(stderr, /^NODE_VERSION: Skep needs Node 20\.19 or newer, and this is 18\.20\.0\.$/m);
    });

    it("is a folder in which TypeScript cannot be run", () => {
        const folder = mkdtempSync(join(tmpdir(), "skep-test-?"));
        mkdirSync(join(folder, "scripts"));
        const script = join(folder, "scripts/skep.mjs");
        copyFileSync(join(ROOT, "scripts/skep.mjs"), script);
        const { status, stderr } = spawnSync(process.execPath, [script, "preview"], { encoding: "utf8" });
        rmSync(folder, { recursive: true });
        assert.equal(status, EXIT_CODES.machine);
        assert.match(stderr, /^CLONE_FOLDER: /m);
    });

    it("is a failure of npm, which says the reason itself", () => {
        const folder = mkdtempSync(join(tmpdir(), "skep-test-"));
        mkdirSync(join(folder, "scripts"));
        copyFileSync(join(ROOT, "scripts/skep.mjs"), join(folder, "scripts/skep.mjs"));
        writeFileSync(join(folder, "package-lock.json"), "{}");
        writeFileSync(join(folder, "npm"), "#!/bin/sh\necho no network >&2\nexit 1\n", { mode: 0o755 });
        const { status, stderr } = spawnSync(
            process.execPath,
            [join(folder, "scripts/skep.mjs"), "preview"],
            {
                env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
                encoding: "utf8",
            },
        );
        rmSync(folder, { recursive: true });
        assert.equal(status, EXIT_CODES.machine);
        assert.match(stderr, /^NPM_INSTALL: npm ci failed\./m);
    });

    it("is a program of set-up that is missing, or does not end", async () => {
        const options = { what: "asking", timeoutSeconds: 0.2 };
        await assert.rejects(
            run("no-such-program", [], options),
            /SETUP_PROGRAM_MISSING: .*"no-such-program"/,
        );
        await assert.rejects(
            run("sleep", ["5"], options),
            /SETUP_TIMEOUT: Asking took more than 0\.2 seconds/,
        );
    });

    it("is a stack without settings", async () => {
        const preview = new Lab("test-nowhere").start("preview");
        assert.equal(await preview.result(), EXIT_CODES.usage);
        assert.match(preview.said, /^✗ STACK_UNKNOWN: .*Pulumi\.test-nowhere\.yaml/m);
    });

    it("is a version that the repository does not have", () => {
        const versions = {
            "docker-ce": ["5:26.1.4-1"],
            "docker-ce-cli": ["5:26.1.4-1"],
            "containerd.io": ["1.7.1-1"],
        };
        const offer = { available: versions, system: "debian-12", built: false } as const;
        const { problems } = choosePackages(offer, { docker: "19.03" });
        assert.deepEqual(
            problems.map(({ id, advice }) => [id, /26\.1\.4/.test(advice)]),
            [["VERSION_UNKNOWN", true]],
        );
    });

    it("is what a host's script says by an id of the catalog; any other end is the script's own", async () => {
        const saying = (stderr: string) => {
            const ssh = { host: "127.0.0.1", port: 1, user: "admin", privateKey: "", hostKey: "" };
            const input = { id: "1", name: "worker-1", role: "worker", zone: "a", address: "10.0.0.1", ssh };
            const exec = () => Promise.resolve({ code: stderr === "" ? 0 : 1, stdout: "welcome\n", stderr });
            const host = Object.assign(Host.of(input as HostInput), { exec });
            return host.script("true", {}, { signal: new AbortController().signal });
        };
        await assert.rejects(
            saying("noise\nskep: ENGINE_INSTALL: It could not be installed. Mend it.\n"),
            /^SkepError: ENGINE_INSTALL: On worker-1: It could not be installed\. Mend it\.$/,
        );
        await assert.rejects(
            saying("skep: FOO_BAR: Nobody knows this.\n"),
            /^SkepError: HOST_SCRIPT: .* ended with 1 on worker-1: skep: FOO_BAR: Nobody knows this\. Look at/,
        );
        await assert.rejects(
            saying(""),
            /^SkepError: HOST_SCRIPT: .* on worker-1 without its result: welcome\. /,
        );
    });
});
