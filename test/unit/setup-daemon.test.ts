// PID files that a killed Docker leaves behind: a new one takes them for a running one's.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stalePidFiles } from "../../scripts/setup/daemon";

describe("A PID file of Docker", () => {
    let folder: string;
    let file: string;
    const started: ChildProcess[] = [];

    /** A process whose command line begins with `name`. */
    const runs = async (name: string) => {
        const child = spawn("sleep", ["60"], { argv0: name, stdio: "ignore" });
        started.push(child);
        await once(child, "spawn");
        return String(child.pid);
    };
    const stale = () => stalePidFiles([[file, "dockerd"]]);

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "skep-test-"));
        file = join(folder, "docker.pid");
    });
    after(async () => {
        for (const child of started) child.kill("SIGKILL");
        await rm(folder, { recursive: true });
    });

    it("is none where none is", async () => {
        assert.deepEqual(await stale(), []);
    });

    it("stays while the daemon runs", async () => {
        await writeFile(file, await runs("/usr/sbin/dockerd"));
        assert.deepEqual(await stale(), []);
    });

    it("is stale when its process is another program, or none", async () => {
        await writeFile(file, await runs("some-service"));
        assert.deepEqual(await stale(), [file]);
        await writeFile(file, "4194305");
        assert.deepEqual(await stale(), [file]);
    });

    it("is stale when its process is a zombie, which nobody has waited for", async () => {
        // The shell starts a child that ends at once, and becomes a program that never waits for it.
        const parent = spawn("sh", ["-c", "sh -c : & echo $!; exec sleep 60"], {
            stdio: ["ignore", "pipe", "ignore"],
        });
        started.push(parent);
        const [pid] = (await once(parent.stdout, "data")) as [Buffer];
        await new Promise((resolve) => setTimeout(resolve, 300));
        await writeFile(file, `${pid}`);
        assert.deepEqual(await stale(), [file]);
    });
});
