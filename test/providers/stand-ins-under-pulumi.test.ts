// The stand-ins under the real Pulumi: a program with real npm SDKs is previewed, created, changed, interrupted and
// destroyed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as auto from "@pulumi/pulumi/automation";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { installStandIns } from "../../providers/bundle/build";

const ROOT = process.env.SKEP_PULUMI_ROOT;

describe("the stand-ins under the real Pulumi", function () {
    this.timeout(180_000);
    let folder: string;
    let installed: Awaited<ReturnType<typeof installStandIns>>;
    let environment: Record<string, string>;

    before(async function () {
        if (!ROOT || !existsSync(join(ROOT, "bin/pulumi"))) {
            console.log("      skipped: SKEP_PULUMI_ROOT names no folder that contains bin/pulumi");
            return this.skip();
        }
        folder = await mkdtemp(join(tmpdir(), "skep-stand-ins-"));
        await mkdir(join(folder, "state"));
        environment = {
            PULUMI_HOME: join(folder, "home"),
            PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "1",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        };
        installed = await installStandIns(environment.PULUMI_HOME as string);
    });

    after(async () => {
        if (folder) await rm(folder, { recursive: true, force: true });
    });

    async function stackOf(stackName: string, program: pulumi.runtime.ResourceModule | auto.PulumiFn) {
        const pulumiCommand = await auto.PulumiCommand.get({ root: ROOT, skipVersionCheck: true });
        return auto.LocalWorkspace.createOrSelectStack(
            { stackName, projectName: "skep-test", program: program as auto.PulumiFn },
            { envVars: environment, pulumiCommand },
        );
    }

    async function everythingInState(): Promise<string> {
        const names = await readdir(join(folder, "state"), { recursive: true });
        const texts = names.map(async (name) => {
            const path = join(folder, "state", name);
            return (await stat(path)).isFile() ? readFile(path, "utf8") : "";
        });
        return (await Promise.all(texts)).join("\n");
    }

    it("are executables where Pulumi looks for them", async () => {
        for (const { name, version } of installed) {
            const plugin = join(
                environment.PULUMI_HOME!,
                "plugins",
                `resource-${name}-v${version}`,
                `pulumi-resource-${name}`,
            );
            assert.equal((await stat(plugin)).mode & 0o777, 0o755);
            assert.match(await readFile(plugin, "utf8"), /^#!\/usr\/bin\/env node\n/);
        }
    });

    it("previews, makes, keeps, changes and destroys keys, certificates, passwords and commands", async () => {
        let trigger = 1;
        let text = "one";
        const program = async () => {
            const caKey = new tls.PrivateKey("ca-key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
            const ca = new tls.SelfSignedCert("ca", {
                privateKeyPem: caKey.privateKeyPem,
                allowedUses: ["cert_signing"],
                isCaCertificate: true,
                validityPeriodHours: 24,
                subject: { commonName: "test ca" },
            });
            const key = new tls.PrivateKey("key", { algorithm: "ED25519" });
            const request = new tls.CertRequest("request", {
                privateKeyPem: key.privateKeyPem,
                subject: { commonName: "host" },
                dnsNames: ["host.test"],
                ipAddresses: ["10.0.0.1"],
            });
            const cert = new tls.LocallySignedCert("cert", {
                caCertPem: ca.certPem,
                caPrivateKeyPem: caKey.privateKeyPem,
                certRequestPem: request.certRequestPem,
                validityPeriodHours: 12,
                allowedUses: ["server_auth"],
            });
            const password = new random.RandomPassword("password", { length: 24, special: false });
            const run = new command.local.Command("run", { create: `echo ${text}`, triggers: [trigger] });
            const quiet = new command.local.Command("quiet", { create: "cat", stdin: password.result });
            return {
                caCert: ca.certPem,
                cert: cert.certPem,
                password: password.result,
                echoed: quiet.stdout,
                stdout: run.stdout,
            };
        };
        const stack = await stackOf("all", program);
        const preview = await stack.preview();
        assert.deepEqual(preview.changeSummary, { create: 9 });

        const first = await stack.up();
        assert.equal(first.outputs.stdout?.value, "one");
        assert.equal(first.outputs.password?.secret, true);
        assert.equal(first.outputs.echoed?.value, first.outputs.password?.value);
        assert.equal(first.outputs.echoed?.secret, true);
        assert.equal(first.outputs.cert?.secret, false);
        assert.ok(!first.stdout.includes(first.outputs.password?.value as string));
        assert.ok(!(await everythingInState()).includes(first.outputs.password?.value as string));

        assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 9 });
        assert.deepEqual((await stack.refresh()).summary.resourceChanges, { same: 9 });

        text = "two";
        const updated = await stack.up();
        assert.deepEqual(updated.summary.resourceChanges, { same: 8, update: 1 });
        assert.equal(updated.outputs.stdout?.value, "two");
        trigger = 2;
        assert.deepEqual((await stack.up()).summary.resourceChanges, { same: 8, replace: 1 });
        assert.deepEqual((await stack.destroy()).summary.resourceChanges, { delete: 9 });
    });

    it("says in one sentence that it does not cover a type", async () => {
        const stack = await stackOf("uncovered", async () => {
            new random.RandomPet("pet");
        });
        const failure = await stack.preview().then(
            () => undefined,
            (error: Error) => error.message,
        );
        assert.match(failure ?? "", /random:index\/randomPet:RandomPet is not covered/);
        assert.doesNotMatch(failure ?? "", /\n\s+at /);
    });

    it("ends a running command, and leaves a state without leftovers, at a terminal's Ctrl-C", async () => {
        const script = join(folder, "interrupted.ts");
        const pidFile = join(folder, "pid");
        await writeFile(script, interruptedProgram(pidFile));
        const child = spawn(process.execPath, ["--import", "tsx", script], {
            env: { ...process.env, ...environment, SKEP_PULUMI_ROOT: ROOT },
            cwd: join(__dirname, "../.."),
            stdio: ["ignore", "pipe", "pipe"],
            detached: true,
        });
        const printed: string[] = [];
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (chunk) => printed.push(String(chunk)));
        const ended = new Promise((resolve) => child.on("close", resolve));

        for (let tries = 0; !existsSync(pidFile) && tries < 600; tries += 1) await sleep(100);
        await sleep(500);
        const running = Number(await readFile(pidFile, "utf8"));
        const asked = Date.now();
        // As a terminal does it: to every process of the group at once.
        process.kill(-(child.pid as number), "SIGINT");
        await ended;
        assert.ok(Date.now() - asked < 10_000, `took ${Date.now() - asked} ms`);
        assert.equal(await isRunning(running), false, printed.join(""));

        const stack = await stackOf("interrupted", async () => undefined);
        const { deployment } = await stack.exportStack();
        assert.deepEqual(deployment.pending_operations ?? [], []);
        await stack.destroy();
    });
});

async function isRunning(pid: number): Promise<boolean> {
    const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    return status !== undefined && !/\) [ZX] /.test(status);
}

/** A program in its own process group, whose only command would run for a minute. */
function interruptedProgram(pidFile: string): string {
    const modules = join(__dirname, "../../node_modules");
    return `
        import * as command from ${JSON.stringify(join(modules, "@pulumi/command"))};
        import * as auto from ${JSON.stringify(join(modules, "@pulumi/pulumi/automation"))};
        process.on("SIGINT", () => undefined);
        async function main() {
            const pulumiCommand = await auto.PulumiCommand.get({
                root: process.env.SKEP_PULUMI_ROOT,
                skipVersionCheck: true,
            });
            const program = async () => {
                new command.local.Command("long", { create: "echo $$ > ${pidFile}; sleep 60" });
            };
            const stack = await auto.LocalWorkspace.createOrSelectStack(
                { stackName: "interrupted", projectName: "skep-test", program },
                { pulumiCommand },
            );
            await stack.up({ onOutput: console.log });
        }
        main().catch((error) => {
            console.error(error.message);
            process.exitCode = 1;
        });
    `;
}
