import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createProgress } from "../../scripts/setup/progress";
import { ensureGo, isAtLeast } from "../../scripts/setup/go";
import { ensureRepository, listPackages } from "../../scripts/setup/repository";
import type { Tools } from "../../scripts/setup/tools";

const silent = createProgress({ silent: true });
const MAIN = join(__dirname, "../../scripts/setup/main.ts");

function runSetup() {
    const began = Date.now();
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", MAIN], {
        encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return { tools: JSON.parse(stdout) as Tools, stderr, seconds: (Date.now() - began) / 1000 };
}

describe("setup", () => {
    before(function () {
        this.timeout(30 * 60 * 1000);
        runSetup();
    });

    it("done a second time says nothing and is over in a moment", () => {
        const { tools, stderr, seconds } = runSetup();
        assert.equal(stderr, "");
        assert.ok(seconds < 5, `took ${seconds} s`);
        assert.ok(["path", "cache"].includes(tools.pulumi.source));
    }).timeout(30_000);

    it("hands over an engine that runs and a swarm plugin that is there", () => {
        const { tools } = runSetup();
        const version = execFileSync(join(tools.pulumi.root, "bin/pulumi"), ["version"], {
            encoding: "utf8",
        });
        assert.match(version, new RegExp(tools.pulumi.version.replaceAll(".", "\\.")));
        execFileSync("test", ["-x", join(tools.swarmPlugin, "pulumi-resource-swarm")]);
    }).timeout(30_000);

    it("finds engines to install and to upgrade to in the repository for lab hosts", async () => {
        const { tools } = runSetup();
        const packages = await listPackages(tools.repository, "bookworm");
        assert.ok(packages["docker-ce"].length >= 2);
        assert.deepEqual(packages["docker-ce"], packages["docker-ce-cli"]);
        assert.ok(packages["containerd.io"].length >= 1);
        // The second run finds everything in the cache.
        if (tools.repository.kind === "debian")
            assert.deepEqual(await ensureRepository(silent, { official: false }), tools.repository);
    }).timeout(60_000);
});

describe("setup without Go on PATH", () => {
    const outside = { path: process.env.PATH, cache: process.env.XDG_CACHE_HOME };
    let home: string;

    before(async () => {
        home = await mkdtemp(join(tmpdir(), "skep-test-"));
        process.env.XDG_CACHE_HOME = home;
        const folders = (outside.path ?? "").split(delimiter);
        process.env.PATH = folders
            .filter((folder) => spawnSync(join(folder, "go"), ["version"]).error)
            .join(delimiter);
    });
    after(async function () {
        this.timeout(60_000);
        process.env.PATH = outside.path;
        if (outside.cache === undefined) delete process.env.XDG_CACHE_HOME;
        else process.env.XDG_CACHE_HOME = outside.cache;
        await rm(home, { recursive: true, force: true });
    });

    it("gets a toolchain that runs, as a Python package", async () => {
        const go = await ensureGo(silent);
        assert.equal(go.own, true);
        const version = execFileSync(go.path, ["version"], { encoding: "utf8" });
        assert.ok(isAtLeast(version, "1.26"), version);
    }).timeout(10 * 60 * 1000);
});
