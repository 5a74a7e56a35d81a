// Packages that are added to a repository which lab hosts have mounted already.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgress } from "../../scripts/setup/progress";
import { installPackages } from "../../scripts/setup/programs";
import { ensureRepository, parsePackages } from "../../scripts/setup/repository";
import { Lab } from "./lab";
import { inFull } from "./required";

const ADD = join(__dirname, "../../offline/repository/add.sh");
const silent = createProgress({ silent: true });
const PROGRAMS = [
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "runc",
    "docker",
    "dockerd",
    "docker-proxy",
];

describe("Packages that are added to a repository of lab hosts", function () {
    // The first set-up of a machine builds the repository.
    this.timeout(20 * 60 * 1000);
    const folder = mkdtempSync(join(tmpdir(), "skep-test-"));
    const [repository, programs] = [join(folder, "repository"), join(folder, "programs")];
    const debian = join(repository, "linux/debian");
    const release = join(debian, "dists/bookworm");
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    const read = (path: string) => readFileSync(join(repository, path), "utf8");
    const index = () =>
        parsePackages(readFileSync(join(release, `stable/binary-${architecture}/Packages`), "utf8"));

    before(async () => {
        await installPackages(silent, ["apt-utils", "gnupg", "gpgv"], "A test of docker-ce's repository");
        for (const path of [`pool/stable/${architecture}`, `stable/binary-${architecture}`])
            mkdirSync(join(release, path), { recursive: true });
        mkdirSync(programs);
        const files = [...PROGRAMS, "docker-init", "docker.service", "docker.socket", "containerd.service"];
        for (const name of files) writeFileSync(join(programs, name), "#!/bin/sh\n", { mode: 0o755 });
    });
    after(() => rmSync(folder, { recursive: true }));

    function add(engine: string, containerd: string): void {
        writeFileSync(join(programs, "versions"), `engine=${engine}\ncontainerd=${containerd}\n`);
        execFileSync("sh", [ADD, repository, programs], { stdio: "pipe" });
    }

    function refuseUnsigned(): void {
        const key = join(folder, "key.gpg");
        execFileSync("gpg", ["--batch", "--yes", "--dearmor", "-o", key, join(debian, "gpg")], {
            stdio: "pipe",
        });
        execFileSync("gpgv", ["--keyring", key, join(release, "InRelease")], { stdio: "pipe" });
        execFileSync("gpgv", ["--keyring", key, join(release, "Release.gpg"), join(release, "Release")], {
            stdio: "pipe",
        });
    }

    it("are signed by the key that hosts trust since the first ones, and stand beside these", () => {
        add("29.8.0", "2.3.4");
        const [fingerprint, key] = [read("fingerprint"), read("linux/debian/gpg")];
        refuseUnsigned();
        add("29.8.1", "2.3.5");
        assert.equal(read("fingerprint"), fingerprint);
        assert.equal(read("linux/debian/gpg"), key);
        refuseUnsigned();
        const engines = ["5:29.8.1-1~debian.12~bookworm", "5:29.8.0-1~debian.12~bookworm"];
        const containerds = ["2.3.5-1~debian.12~bookworm", "2.3.4-1~debian.12~bookworm"];
        assert.deepEqual(index(), {
            "docker-ce": engines,
            "docker-ce-cli": engines,
            "containerd.io": containerds,
        });
        assert.equal(read("added"), "29.8.1\n");
        const hash = execFileSync("sha256sum", [join(release, `stable/binary-${architecture}/Packages.gz`)], {
            encoding: "utf8",
        }).split(" ")[0];
        assert.ok(read("linux/debian/dists/bookworm/InRelease").includes(hash!));
    });

    it("leave the key where no host sees it, readable for its owner alone", async () => {
        assert.equal(statSync(join(repository, "key")).mode & 0o777, 0o600);
        const { mount } = await ensureRepository(silent, { official: false });
        assert.match(mount!.source, /\/linux$/);
    });

    it("come to a repository of an earlier Skep, whose key is lost, with a new key", () => {
        const before = read("fingerprint");
        rmSync(join(repository, "key"));
        add("29.8.1", "2.3.5");
        assert.notEqual(read("fingerprint"), before);
        refuseUnsigned();
    });
});

describe("A lab that asks for Docker 29", function () {
    this.timeout(90 * 60 * 1000);
    const lab = new Lab("test-newest");
    const small = { "skep:managers": 1, "skep:workers": 0, "skep:sample": { enabled: false } };

    after(async () => {
        if (process.env.SKEP_TESTS === "full") await lab.skep("destroy", "--yes");
        lab.forget();
    });

    inFull("runs it, and a lab that stands with another engine sees its packages", async () => {
        lab.configure({ ...small, "skep:dockerVersion": "28.5" });
        await lab.skep("up", "--yes");
        lab.configure({ ...small, "skep:dockerVersion": "29" });
        await lab.skep("preview");
        await lab.on("manager-1", "sudo apt-get -qq update");
        assert.match(await lab.on("manager-1", "apt-cache madison docker-ce"), / 5:29\.[^|]+ \|/);
        await lab.skep("up", "--yes");
        const version = await lab.on("manager-1", "docker version --format '{{.Server.Version}}'");
        assert.match(version, /^29\./);
        assert.match(await lab.skep("preview"), /No changes/);
    });
});
