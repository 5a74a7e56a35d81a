import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgress } from "../../scripts/progress";
import {
    cachedFolder,
    cacheFolder,
    contentHash,
    folderHash,
    removePartials,
    withSetupLock,
} from "../../scripts/setup/cache";

const silent = createProgress({ silent: true });

describe("setup's cache", () => {
    let home: string;
    const before = process.env.XDG_CACHE_HOME;

    beforeEach(async () => {
        home = await mkdtemp(join(tmpdir(), "skep-test-"));
        process.env.XDG_CACHE_HOME = home;
    });
    afterEach(async () => {
        if (before === undefined) delete process.env.XDG_CACHE_HOME;
        else process.env.XDG_CACHE_HOME = before;
        await rm(home, { recursive: true, force: true });
    });

    it("lies where XDG_CACHE_HOME says", () => {
        assert.equal(cacheFolder(), join(home, "skep"));
    });

    it("makes a thing once", async () => {
        let made = 0;
        const make = async (folder: string) => {
            made++;
            await writeFile(join(folder, "thing"), "whole");
        };
        const first = await cachedFolder("things/a", make);
        const second = await cachedFolder("things/a", make);
        assert.equal(first, second);
        assert.equal(made, 1);
        assert.equal(await readFile(join(first, "thing"), "utf8"), "whole");
    });

    it("keeps nothing of a step that failed, and tries it again", async () => {
        const failing = cachedFolder("things/a", async (folder) => {
            await writeFile(join(folder, "thing"), "half");
            throw new Error("no network");
        });
        await assert.rejects(failing, /no network/);
        assert.deepEqual(await readdir(join(home, "skep/things")), []);
        const path = await cachedFolder("things/a", (folder) => writeFile(join(folder, "thing"), "whole"));
        assert.equal(await readFile(join(path, "thing"), "utf8"), "whole");
    });

    it("has no result of a step that was killed before its end, and the next setup removes what is left of it", async () => {
        const script = join(home, "killed.ts");
        await writeFile(
            script,
            `import { writeFileSync } from "node:fs";
             import { cachedFolder } from ${JSON.stringify(join(__dirname, "../../scripts/setup/cache"))};
             void cachedFolder("things/a", async (folder) => {
                 writeFileSync(folder + "/thing", "half");
                 console.log("written");
                 await new Promise((resolve) => setTimeout(resolve, 60_000));
             });`,
        );
        const child = spawn(process.execPath, ["--import", "tsx", script], {
            stdio: ["ignore", "pipe", "inherit"],
        });
        await once(child.stdout, "data");
        child.kill("SIGKILL");
        await once(child, "exit");

        assert.equal(existsSync(join(home, "skep/things/a")), false);
        assert.equal((await readdir(join(home, "skep/things"))).length, 1);
        await removePartials();
        assert.deepEqual(await readdir(join(home, "skep/things")), []);
    });

    it("lets one setup run at a time", async () => {
        const order: string[] = [];
        const one = (name: string) =>
            withSetupLock(silent, async () => {
                order.push(`${name} begins`);
                await new Promise((resolve) => setTimeout(resolve, 100));
                order.push(`${name} ends`);
            });
        await Promise.all([one("first"), one("second")]);
        const [winner] = (order[0] ?? "").split(" ");
        const loser = winner === "first" ? "second" : "first";
        assert.deepEqual(order, [`${winner} begins`, `${winner} ends`, `${loser} begins`, `${loser} ends`]);
    });

    it("frees the lock when a setup fails", async () => {
        await assert.rejects(
            withSetupLock(silent, () => Promise.reject(new Error("broken"))),
            /broken/,
        );
        await withSetupLock(silent, () => Promise.resolve());
    });
});

describe("a content hash", () => {
    it("tells apart where one part ends and the next begins", () => {
        assert.notEqual(contentHash("ab", "c"), contentHash("a", "bc"));
        assert.equal(contentHash("a", "b"), contentHash("a", "b"));
    });

    it("changes with a file's content and with its name", async () => {
        const folder = await mkdtemp(join(tmpdir(), "skep-test-"));
        const hashes = new Set<string>();
        await mkdir(join(folder, "inner"));
        await writeFile(join(folder, "inner/a"), "1");
        hashes.add(await folderHash(folder));
        await writeFile(join(folder, "inner/a"), "2");
        hashes.add(await folderHash(folder));
        await rm(join(folder, "inner/a"));
        await writeFile(join(folder, "inner/b"), "2");
        hashes.add(await folderHash(folder));
        await rm(folder, { recursive: true });
        assert.equal(hashes.size, 3);
    });
});
