// What set-up removes from its cache and from the engine, and what it always keeps.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pack } from "tar-stream";
import { createProgress } from "../../scripts/setup/progress";
import { cacheFolder } from "../../scripts/setup/cache";
import { dockerClient, ensureDocker } from "../../scripts/setup/docker";
import { CACHE_LABEL, imageMark } from "../../scripts/setup/images";
import { KEPT_DAYS, prune } from "../../scripts/setup/prune";

const DAY = 24 * 60 * 60 * 1000;
const STACK = "test-prune";
const docker = dockerClient();

describe("What nobody has used for two weeks", function () {
    this.timeout(120_000);
    let home: string;
    const outside = process.env.XDG_CACHE_HOME;
    const images: string[] = [];

    before(() => ensureDocker(createProgress({ silent: true })));
    beforeEach(async () => {
        home = await mkdtemp(join(tmpdir(), "skep-test-"));
        process.env.XDG_CACHE_HOME = home;
    });
    afterEach(async () => {
        if (outside === undefined) delete process.env.XDG_CACHE_HOME;
        else process.env.XDG_CACHE_HOME = outside;
        for (const { Id } of await docker.listContainers({
            all: true,
            filters: { label: [`io.skep.stack=${STACK}`] },
        }))
            await docker.getContainer(Id).remove({ force: true });
        for (const ref of images.splice(0)) await docker.getImage(ref).remove().catch(ignoreGone);
        await rm(home, { recursive: true, force: true });
    });

    it("leaves the cache, and what was used since stays", async () => {
        const old = await result("plugins/swarm-old", KEPT_DAYS + 1);
        const recent = await result("plugins/swarm-recent", KEPT_DAYS - 1);
        const killed = await result("engine/v1.partial-0123abcd", KEPT_DAYS + 1);
        assert.deepEqual(await prune(docker), ["plugins/swarm-old"]);
        assert.deepEqual([old, recent, killed].map(existsSync), [false, true, false]);
    });

    it("stays where a container sees it, running or not", async () => {
        const whole = await result("repository/whole", KEPT_DAYS + 1);
        const below = await result("repository/part/linux", KEPT_DAYS + 1);
        const part = dirname(below);
        await result("repository/unused", KEPT_DAYS + 1);
        await age(part, KEPT_DAYS + 1);
        const ref = await image("mounted");
        await container(ref, [`${whole}:/srv/one:ro`, `${below}:/srv/two:ro`]);
        assert.deepEqual(await prune(docker), ["repository/unused"]);
        assert.deepEqual([whole, part].map(existsSync), [true, true]);
    });

    it("is looked for once a day", async () => {
        await prune(docker);
        await result("plugins/swarm-old", KEPT_DAYS + 1);
        assert.deepEqual(await prune(docker), []);
        await age(join(cacheFolder(), "pruned"), 1.1);
        assert.deepEqual(await prune(docker), ["plugins/swarm-old"]);
    });

    it("leaves the engine when it is an image, unless a container is made of it", async () => {
        const unused = await image("unused");
        const used = await image("used");
        await container(used, []);
        await mark(unused, KEPT_DAYS + 1);
        await mark(used, KEPT_DAYS + 1);
        assert.deepEqual(await prune(docker), [unused]);
        assert.equal(await exists(unused), false);
        assert.equal(await exists(used), true);
    });

    it("does not count an image as unused that this cache has never met", async () => {
        const ref = await image("unknown");
        assert.deepEqual(await prune(docker), []);
        assert.equal(await exists(ref), true);
        await age(imageMark(ref), KEPT_DAYS + 1);
        await age(join(cacheFolder(), "pruned"), 1.1);
        assert.deepEqual(await prune(docker), [ref]);
    });

    async function age(path: string, days: number): Promise<void> {
        const then = new Date(Date.now() - days * DAY);
        await utimes(path, then, then);
    }

    async function result(name: string, days: number): Promise<string> {
        const path = join(cacheFolder(), name);
        await mkdir(path, { recursive: true });
        await writeFile(join(path, "thing"), "");
        await age(path, days);
        return path;
    }

    async function mark(ref: string, days: number): Promise<void> {
        const path = imageMark(ref);
        await mkdir(join(cacheFolder(), "images"), { recursive: true });
        await writeFile(path, ref);
        await age(path, days);
    }

    /** Makes a small image with the cache's label. */
    async function image(name: string): Promise<string> {
        const [repo, tag] = [`skep-lab/test-prune-${name}`, "1"];
        const files = pack();
        files.entry({ name: "name" }, name);
        files.finalize();
        const stream = await docker.importImage(files as unknown as NodeJS.ReadableStream, {
            repo,
            tag,
            changes: `LABEL ${CACHE_LABEL}=true`,
        });
        await new Promise<void>((resolve, reject) =>
            docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
        );
        images.push(`${repo}:${tag}`);
        return `${repo}:${tag}`;
    }

    async function container(ref: string, binds: string[]): Promise<void> {
        await docker.createContainer({
            Image: ref,
            Cmd: ["/none"],
            Labels: { "io.skep.stack": STACK },
            HostConfig: { Binds: binds },
        });
    }

    async function exists(ref: string): Promise<boolean> {
        return docker
            .getImage(ref)
            .inspect()
            .then(() => true, ignoreGone);
    }
});

function ignoreGone(error: { statusCode?: number }): false {
    if (error.statusCode === 404) return false;
    throw error as Error;
}
