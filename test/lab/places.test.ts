// Machines on which a lab cannot come up: each gives one clear sentence with an id, and Skep makes nothing. No host is needed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { exitCodeOf, type ProblemId } from "../../errors";
import { LOOPBACK } from "../../planning/proxies";
import { cacheFolder } from "../../scripts/setup/cache";
import { dockerClient } from "../../scripts/setup/docker";
import { ensureLanguageHost } from "../../scripts/setup/plugins";
import { createProgress } from "../../scripts/setup/progress";
import { pulumiAlone } from "../../scripts/setup/setup";
import { makeClone } from "./clone";
import { Lab } from "./lab";

const PORTS = 20_600;
const STACK = "test-places";

describe("A lab that cannot be brought up here", function () {
    this.timeout(120_000);
    let lab: Lab;

    before(() => {
        lab = new Lab(STACK, makeClone());
        lab.configure({
            "skep:zones": 1,
            "skep:managers": 1,
            "skep:workers": 0,
            "skep:sample": { enabled: false },
            "skep:labPorts": PORTS,
        });
    });
    after(async () => {
        await lab.skep("destroy", "--yes").catch(() => undefined);
        rmSync(lab.project, { recursive: true, force: true });
    });

    async function assertRefused(id: ProblemId, sentence: RegExp, command = ["up"], on = lab): Promise<void> {
        const running = on.start(...command);
        assert.equal(await running.result(), exitCodeOf(id), running.said);
        const lines = running.said.split("\n").filter((line) => line.startsWith("✗"));
        assert.equal(lines.length, 1, running.said);
        assert.ok(lines[0]?.startsWith(`✗ ${id}: `), running.said);
        assert.match(lines[0] ?? "", sentence);
        assert.doesNotMatch(running.said, /BUG|\n\s+at /);
        const filters = { label: [`io.skep.stack=${STACK}`] };
        assert.equal((await dockerClient().listContainers({ all: true, filters })).length, 0);
    }

    it("by plain pulumi before a skep command has prepared it: nothing is installed, started or written", async () => {
        const empty = mkdtempSync(join(tmpdir(), "skep-test-"));
        try {
            // Pulumi itself refuses a project without this folder; the link is there once any stack was prepared.
            mkdirSync(join(lab.project, ".skep/plugins/swarm"), { recursive: true });
            const pulumi = await plainPulumi(empty);
            await pulumi("stack", "init", STACK);
            const before_ = readdirSync(join(lab.project, ".skep"), { recursive: true }).sort();
            await assert.rejects(pulumi("preview", "--stack", STACK), (error: Error & { stdout: string }) => {
                assert.match(error.stdout, /NOT_PREPARED: .*skep -- env --stack test-places/);
                return true;
            });
            const after_ = readdirSync(join(lab.project, ".skep"), { recursive: true }).sort();
            assert.deepEqual(after_, before_);
            assert.deepEqual(readdirSync(join(empty, "home")), []);
        } finally {
            rmSync(empty, { recursive: true });
            rmSync(join(lab.project, ".skep/plugins"), { recursive: true });
        }
    });

    /** The plain pulumi command in the clone, for a user who has nothing else: state, PULUMI_HOME and home in this folder. */
    async function plainPulumi(folder: string): Promise<(...args: string[]) => Promise<string>> {
        const progress = createProgress({ silent: true });
        const tools = await pulumiAlone(progress);
        const programs = [
            await ensureLanguageHost(progress, tools),
            join(tools.root, "bin"),
            process.env.PATH,
        ];
        for (const name of ["home", "state"]) mkdirSync(join(folder, name));
        const environment = {
            HOME: join(folder, "home"),
            XDG_CACHE_HOME: join(folder, "home"),
            PULUMI_HOME: join(folder, "pulumi"),
            PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "none",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL: "true",
            no_grpc_proxy: LOOPBACK.join(","),
            PATH: programs.join(delimiter),
        };
        return (...args) => lab.run("pulumi", [...args, "--non-interactive"], environment);
    }

    it("since another program has one of its ports", async () => {
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(PORTS, "127.0.0.1", resolve));
        try {
            await assertRefused("LAB_PORTS_TAKEN", /port 20600 on 127\.0\.0\.1.*ss -ltnp/);
            await assertRefused("LAB_PORTS_TAKEN", /port 20600/, ["preview"]);
        } finally {
            server.close();
        }
    });

    it("since no Docker engine answers, over TCP or at a socket", async () => {
        for (const DOCKER_HOST of ["tcp://127.0.0.1:9", "unix:///nowhere/docker.sock"]) {
            const silent = new Lab(STACK, lab.project, { DOCKER_HOST });
            for (const command of ["up", "destroy"])
                await assertRefused(
                    "DOCKER_UNREACHABLE",
                    /DOCKER_HOST \(.*Start it, or unset/,
                    [command, "--yes"],
                    silent,
                );
        }
    });

    it("since the disk of the cache is full", async function () {
        if (!canMount()) return this.skip();
        const home = mkdtempSync(join(tmpdir(), "skep-test-"));
        mkdirSync(join(home, "skep"));
        try {
            await refusedOnFullDisk(join(home, "skep"), { XDG_CACHE_HOME: home });
        } finally {
            rmSync(home, { recursive: true });
        }
    });

    it("since the disk of its state is full", async function () {
        if (!canMount()) return this.skip();
        mkdirSync(join(lab.project, ".skep"), { recursive: true });
        await refusedOnFullDisk(join(lab.project, ".skep"), {});
    });

    /** Runs a command that sees a disk of 16 kB at that folder. */
    async function refusedOnFullDisk(folder: string, environment: NodeJS.ProcessEnv): Promise<void> {
        const link = (name: string) => `ln -s '${join(cacheFolder(), name)}' '${join(folder, name)}'`;
        // The cache lacks only the provider plugins, so the command bundles them.
        const links = environment.XDG_CACHE_HOME
            ? readdirSync(cacheFolder())
                  .filter((name) => !/^(plugins|images|labs)/.test(name))
                  .map(link)
            : [];
        const failed = await refusedWith(
            [`mount -t tmpfs -o size=16k tmpfs '${folder}'`, ...links],
            environment,
        );
        assert.match(failed, /^✗ DISK_FULL: A disk is full: /m);
    }

    it("since the kernel lets too few hosts boot", async function () {
        if (!canMount()) return this.skip();
        const file = join(lab.project, "limit");
        writeFileSync(file, "25\n");
        const failed = await refusedWith([`mount --bind '${file}' /proc/sys/fs/inotify/max_user_instances`]);
        assert.match(failed, /^✗ LAB_TOO_LARGE: .*lets 0 lab hosts boot.*sudo sysctl/m);
    });

    /** The errors of a preview that must fail. These shell commands first change the mounts that it sees, and only for it. */
    async function refusedWith(
        commands: readonly string[],
        environment: NodeJS.ProcessEnv = {},
    ): Promise<string> {
        const script = [...commands, 'exec "$@"'].join(" && ");
        const preview = [process.execPath, "scripts/skep.mjs", "preview", "--stack", STACK];
        const failed = await lab
            .run("unshare", ["--mount", "sh", "-c", script, "sh", ...preview], environment)
            .then(
                (printed) => assert.fail(printed),
                (error: Error & { stderr: string }) => error.stderr,
            );
        assert.doesNotMatch(failed, /BUG|\n\s+at /);
        return failed;
    }
});

function canMount(): boolean {
    try {
        execFileSync("unshare", ["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], { stdio: "ignore" });
        return true;
    } catch {
        console.log("      skipped: this user may not mount a file system in a namespace of its own");
        return false;
    }
}
