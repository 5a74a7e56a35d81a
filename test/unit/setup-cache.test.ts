import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createProgress } from "../../scripts/setup/progress";
import {
    cachedFolder,
    cacheFolder,
    contentHash,
    folderHash,
    isPartial,
    markUsed,
    withLock,
} from "../../scripts/setup/cache";

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
        const child = await maker("things/a", "half");
        child.kill("SIGKILL");
        await once(child, "exit");
        assert.equal(existsSync(join(home, "skep/things/a")), false);
        assert.equal(partials("things").length, 1);

        const path = await cachedFolder("things/a", (folder) => writeFile(join(folder, "thing"), "whole"));
        assert.equal(await readFile(join(path, "thing"), "utf8"), "whole");
        assert.deepEqual(await readdir(join(home, "skep/things")), ["a"]);
    }).timeout(60_000);

    it("has one setup make a thing, while another finds or makes others without waiting", async () => {
        await cachedFolder("things/there", () => Promise.resolve());
        const child = await maker("things/a", "slow");
        let waited = "";
        const progress = createProgress({ stream: { write: (text) => (waited += text) } });
        const unused = () => Promise.reject(new Error("made twice"));
        await cachedFolder("things/there", unused, progress);
        await cachedFolder("things/other", () => Promise.resolve(), progress);
        assert.equal(waited, "");

        const same = cachedFolder("things/a", unused, progress);
        while (waited === "") await sleep(10);
        child.stdin.end("go on");
        assert.equal(await readFile(join(await same, "thing"), "utf8"), "slow");
        assert.match(waited, /Waiting for another set-up on this machine, which makes things\/a/);
    }).timeout(60_000);

    it("frees the lock when a step fails", async () => {
        await assert.rejects(
            withLock("thing", () => Promise.reject(new Error("broken"))),
            /broken/,
        );
        await withLock("thing", () => Promise.resolve());
    });

    it("notes a use, and does not find what is not there", async () => {
        const path = await cachedFolder("things/a", () => Promise.resolve());
        await utimes(path, 0, 0);
        assert.equal(await markUsed(path), true);
        assert.ok(Date.now() - (await stat(path)).mtimeMs < 60_000);
        assert.equal(await markUsed(join(home, "skep/things/b")), false);
    });

    /** Another process that makes a thing of this content, and ends when its stdin does. */
    async function maker(name: string, content: string) {
        const script = join(home, "maker.ts");
        await writeFile(
            script,
            `import { writeFileSync } from "node:fs";
             import { cachedFolder } from ${JSON.stringify(join(__dirname, "../../scripts/setup/cache"))};
             void cachedFolder(${JSON.stringify(name)}, async (folder) => {
                 writeFileSync(folder + "/thing", ${JSON.stringify(content)});
                 console.log("written");
                 await new Promise((resolve) => process.stdin.once("end", resolve).resume());
             });`,
        );
        const child = spawn(process.execPath, ["--import", "tsx", script], {
            stdio: ["pipe", "pipe", "inherit"],
        });
        await once(child.stdout, "data");
        return child;
    }

    function partials(kind: string): string[] {
        return readdirSync(join(home, "skep", kind)).filter(isPartial);
    }
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
