// Plugins that Pulumi starts, and what becomes of them when it is killed.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ORPHANS_SCRIPT } from "../../cli/pulumi/orphans";

const MARK = "a-command-of-the-tests";

describe("a plugin that Pulumi started", function () {
    this.timeout(30_000);
    let folder: string;
    const children: ChildProcess[] = [];

    before(async function () {
        if (!existsSync("/proc/self/environ")) {
            console.log("      skipped: this system does not show the environment of processes");
            return this.skip();
        }
        folder = await mkdtemp(join(tmpdir(), "skep-orphans-"));
        // Processes are recognised by their names. A shell stands in for Pulumi, starts a sleep in place of a plugin, and
        // waits.
        copyFileSync("/bin/sh", join(folder, "pulumi"));
        copyFileSync("/bin/sleep", join(folder, "pulumi-resource-docker"));
    });
    afterEach(() => {
        for (const child of children.splice(0)) child.kill("SIGKILL");
    });
    after(() => folder && rm(folder, { recursive: true, force: true }));

    /** Pulumi's stand-in with a plugin, marked as a command's or not. */
    async function pulumiWithPlugin(mark?: string): Promise<{ pulumi: ChildProcess; plugin: number }> {
        const script = `"${folder}/pulumi-resource-docker" 20 & echo $!; wait`;
        const pulumi = spawn(join(folder, "pulumi"), ["-c", script], {
            env: { ...process.env, ...(mark && { SKEP_COMMAND: mark }) },
            stdio: ["ignore", "pipe", "inherit"],
        });
        children.push(pulumi);
        const [line] = (await once(pulumi.stdout, "data")) as [Buffer];
        return { pulumi, plugin: Number(String(line)) };
    }

    function watch(): ChildProcess {
        const child = spawn(ORPHANS_SCRIPT, [MARK], { stdio: ["pipe", "inherit", "inherit"] });
        children.push(child);
        return child;
    }

    it("goes on as long as its Pulumi does, and ends once that is killed and the command is over", async () => {
        const watcher = watch();
        const { pulumi, plugin } = await pulumiWithPlugin(MARK);
        const other = await pulumiWithPlugin();
        const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));

        watcher.stdin?.end();
        await pause();
        assert.ok(runs(plugin), "the plugin was ended although its Pulumi runs");
        pulumi.kill("SIGKILL");
        other.pulumi.kill("SIGKILL");
        const [code] = (await once(watcher, "exit", { signal: AbortSignal.timeout(5_000) })) as [number];
        assert.equal(code, 0);
        assert.ok(!runs(plugin), "the plugin outlives its Pulumi");
        assert.ok(runs(other.plugin), "a plugin of nobody's was ended");
        process.kill(other.plugin, "SIGKILL");
    });

    it("is let alone while the command runs", async () => {
        watch();
        const { pulumi, plugin } = await pulumiWithPlugin(MARK);
        pulumi.kill("SIGKILL");
        await new Promise((resolve) => setTimeout(resolve, 1000));
        assert.ok(runs(plugin));
        process.kill(plugin, "SIGKILL");
    });
});

function runs(pid: number): boolean {
    try {
        return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return false;
    }
}
