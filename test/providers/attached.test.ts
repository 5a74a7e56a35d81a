// The providers in one process to which Pulumi attaches, as every command starts them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import * as auto from "@pulumi/pulumi/automation";
import * as random from "@pulumi/random";
import { version } from "@pulumi/random/package.json";
import { buildPlugin } from "../../providers/bundle/build";
import { ATTACHED } from "../../scripts/setup/plugins";
import { startProviders } from "../../cli/pulumi/attach";

const ROOT = process.env.SKEP_PULUMI_ROOT;

describe("providers that Pulumi attaches to", function () {
    this.timeout(120_000);
    let folder: string;

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "skep-attached-"));
        await buildPlugin(join(__dirname, "../../providers/bundle/attached.ts"), join(folder, ATTACHED));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const start = (plugins: "official" | "standins") =>
        startProviders({
            pulumi: { root: ROOT ?? "", version: "", source: "cache" },
            plugins,
            swarmPlugin: folder,
        });

    it("are Skep's own alone where the official plugins are there", async () => {
        assert.match(await start("official"), /^swarm:\d+$/);
    });

    it("serve a Pulumi that looks, then does, without starting a plugin", async function () {
        if (!ROOT || !existsSync(join(ROOT, "bin/pulumi"))) {
            console.log("      skipped: SKEP_PULUMI_ROOT names no folder that contains bin/pulumi");
            return this.skip();
        }
        const home = join(folder, "home");
        // The installed plugin would fail if Pulumi started it.
        const installed = join(home, "plugins", `resource-random-v${version}`);
        await mkdir(installed, { recursive: true });
        await mkdir(join(folder, "state"));
        await writeFile(join(installed, "pulumi-resource-random"), "#!/bin/sh\nexit 1\n");
        await chmod(join(installed, "pulumi-resource-random"), 0o755);
        const program = async () => ({ text: new random.RandomPassword("text", { length: 12 }).result });
        const stack = await auto.LocalWorkspace.createOrSelectStack(
            { stackName: "attached", projectName: "skep-test", program },
            {
                pulumiCommand: await auto.PulumiCommand.get({ root: ROOT, skipVersionCheck: true }),
                envVars: {
                    PULUMI_HOME: home,
                    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
                    PULUMI_CONFIG_PASSPHRASE: "test",
                    PULUMI_SKIP_UPDATE_CHECK: "1",
                    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
                },
            },
        );
        await assert.rejects(stack.preview(), /random/, "the installed plugin works");
        stack.workspace.envVars.PULUMI_DEBUG_PROVIDERS = await start("standins");
        const made = await stack.up();
        const again = await stack.up({ refresh: true });
        assert.equal(again.summary.resourceChanges?.same, 2);
        assert.equal(again.outputs.text?.value, made.outputs.text?.value);
        const gone = await stack.destroy();
        assert.equal(gone.summary.resourceChanges?.delete, 2);
    });

    it("end when the command that started them is killed", async () => {
        const child = spawn(process.execPath, [join(folder, ATTACHED), "random"], {
            stdio: ["pipe", "pipe", "inherit"],
        });
        const [line] = (await once(child.stdout, "data")) as [Buffer];
        const port = Number(/^random:(\d+)/.exec(String(line))?.[1]);
        const connection = createConnection(port, "127.0.0.1").on("error", () => undefined);
        await once(connection, "connect");
        // A terminal's Ctrl-C reaches them too, and is not meant for them.
        child.kill("SIGINT");
        child.stdin.destroy();
        const [code] = (await once(child, "exit", { signal: AbortSignal.timeout(10_000) })) as [number];
        assert.equal(code, 0);
    });
});
