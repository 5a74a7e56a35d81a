import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { SkepError } from "../../errors";
import { createProgress } from "../../scripts/setup/progress";
import { ensurePulumi } from "../../scripts/setup/pulumi";
import { answers, download, Unanswered } from "../../scripts/setup/fetch";
import { dockerHubMirror, hubProbes, hubReference, pulumiDownloads } from "../../scripts/setup/mirrors";
import { reachability } from "../../scripts/setup/reachability";
import { ensureRepository, listPackages } from "../../scripts/setup/repository";
import { certificateFor } from "../online/authority";
import { Proxy } from "../online/proxy";
import { ARCHIVE, CHECKSUMS, releaseFiles } from "../online/release";
import { Site } from "../online/site";

const silent = createProgress({ silent: true });
const run = promisify(execFile);
const ROOT = join(__dirname, "../..");
/** Larger than what goes in one packet. */
const CONTENT = Buffer.alloc(300_000, "skep");

const NAMES = [
    "XDG_CACHE_HOME",
    "PATH",
    "SKEP_OFFLINE",
    "SKEP_PULUMI_URL",
    "SKEP_DOCKER_HUB",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/** A cache of one's own, and none of the settings that whoever runs the tests has. */
function ownEnvironment(): () => string {
    const outside = new Map(NAMES.map((name) => [name, process.env[name]]));
    let home = "";
    beforeEach(async () => {
        home = await mkdtemp(join(tmpdir(), "skep-test-"));
        for (const name of NAMES) if (name !== "PATH") delete process.env[name];
        process.env.XDG_CACHE_HOME = home;
        // No pulumi of this machine's own.
        process.env.PATH = "/usr/bin:/bin";
    });
    afterEach(async () => {
        for (const [name, value] of outside)
            if (value === undefined) delete process.env[name];
            else process.env[name] = value;
        await rm(home, { recursive: true, force: true });
    });
    return () => home;
}

const problem = (id: string, text: RegExp) => (error: unknown) => {
    assert.ok(error instanceof SkepError, String(error));
    assert.deepEqual(
        error.problems.map((found) => found.id),
        [id],
    );
    assert.match(error.message, text);
    return true;
};

describe("a download", () => {
    ownEnvironment();
    let site: Site;
    beforeEach(async () => {
        site = await Site.start();
        site.files.set("/file", CONTENT);
    });
    afterEach(() => site.stop());
    const url = (path = "/file") => `http://127.0.0.1:${site.port}${path}`;
    const failure = async (options: { seconds: number; stallSeconds?: number }, path?: string) => {
        const began = Date.now();
        const error = await download(url(path), options).then(
            () => assert.fail("it came"),
            (found: unknown) => found,
        );
        assert.ok(error instanceof Unanswered, String(error));
        return { message: error.message, seconds: (Date.now() - began) / 1000 };
    };

    it("brings all of it", async () => {
        assert.deepEqual(await download(url(), { seconds: 5 }), CONTENT);
    });

    it("that ends in the middle is none", async () => {
        site.manner = "half";
        assert.match((await failure({ seconds: 5 })).message, /ended before everything had come/);
    });

    it("that stalls ends when nothing came for a while, and one that takes too long at its limit", async () => {
        site.manner = "stalled";
        const stalled = await failure({ seconds: 30, stallSeconds: 1 });
        assert.match(stalled.message, /nothing came for 1 seconds/);
        assert.ok(stalled.seconds < 5, `it took ${stalled.seconds} s`);
        const slow = await failure({ seconds: 1, stallSeconds: 30 });
        assert.match(slow.message, /more than 1 seconds/);
        assert.ok(slow.seconds < 5, `it took ${slow.seconds} s`);
    }).timeout(15_000);

    it("of what is not there says what the site said, and of a site that is not there that nobody answers", async () => {
        assert.equal((await failure({ seconds: 5 }, "/other")).message, "HTTP 404");
        await site.stop();
        assert.match((await failure({ seconds: 5 })).message, /refused/);
    });
});

describe("Pulumi from a mirror", () => {
    const home = ownEnvironment();
    let site: Site;
    beforeEach(async () => {
        site = await Site.start();
        // Larger than a list of checksums, also packed.
        const filler = Array.from({ length: 400 }, () => Math.random().toString(36)).join("\n# ");
        const program = Buffer.from(`#!/bin/sh\necho v9.9.9\n# ${filler}\n`);
        const files = await releaseFiles("/sdk", { pulumi: program, "pulumi-language-nodejs": program });
        for (const [path, content] of files) site.files.set(path, content);
        process.env.SKEP_PULUMI_URL = `http://127.0.0.1:${site.port}/sdk/`;
    });
    afterEach(() => site.stop());

    const nothingIsLeft = async () => {
        const left = await readdir(join(home(), "skep/engine")).catch(() => []);
        assert.deepEqual(
            left.filter((name) => !name.endsWith(".lock")),
            [],
        );
    };

    it("is unpacked below bin, all of its programs, and found again in the cache", async () => {
        const pulumi = await ensurePulumi(silent, true);
        assert.equal(pulumi.source, "download");
        assert.deepEqual((await readdir(join(pulumi.root, "bin"))).sort(), [
            "pulumi",
            "pulumi-language-nodejs",
        ]);
        assert.equal((await run(join(pulumi.root, "bin/pulumi"), [])).stdout, "v9.9.9\n");
        assert.deepEqual(site.asked, [`GET /sdk/${CHECKSUMS}`, `GET /sdk/${ARCHIVE}`]);
        assert.equal((await ensurePulumi(silent, true)).source, "cache");
        assert.equal(site.asked.length, 2);
    });

    it("that is not what its checksum says is refused, and nothing of it is kept", async () => {
        const archive = site.files.get(`/sdk/${ARCHIVE}`) ?? assert.fail();
        site.files.set(`/sdk/${ARCHIVE}`, Buffer.concat([archive, Buffer.from("x")]));
        await assert.rejects(
            ensurePulumi(silent, true),
            problem("PULUMI_CHECKSUM", /is not what its checksum at .* says/),
        );
        await nothingIsLeft();
    });

    it("without a checksum is not even fetched", async () => {
        site.files.set(`/sdk/${CHECKSUMS}`, Buffer.from("<html>Please log in to the network</html>\n"));
        await assert.rejects(ensurePulumi(silent, true), problem("PULUMI_CHECKSUM", /has no checksum of/));
        assert.ok(!site.asked.includes(`GET /sdk/${ARCHIVE}`));
        await nothingIsLeft();
    });

    it("of which half came is not there, and the next try brings it", async () => {
        site.manner = "half";
        await assert.rejects(
            ensurePulumi(silent, true),
            problem("PULUMI_DOWNLOAD", /ended before everything had come\. Try again/),
        );
        await nothingIsLeft();
        site.manner = "whole";
        assert.equal((await ensurePulumi(silent, true)).source, "download");
    });
});

describe("packages from a mirror", () => {
    ownEnvironment();
    const PATH = "/linux/debian/dists/bookworm/stable/binary-amd64/Packages.gz";
    let site: Site;
    beforeEach(async () => {
        site = await Site.start();
        const index = Array.from(
            { length: 300 },
            (_, minor) =>
                `Package: docker-ce\nVersion: 5:26.1.${minor}-1~debian.12~bookworm\nSize: ${Math.random()}\n`,
        );
        site.files.set(PATH, gzipSync(index.join("\n")));
    });
    afterEach(() => site.stop());
    const mirror = () =>
        ensureRepository(silent, {
            official: true,
            mirror: { url: `http://127.0.0.1:${site.port}/linux/debian`, fingerprint: "F".repeat(40) },
        });

    it("are listed from it, also where Docker's own repository is out of reach", async () => {
        const found = await listPackages(await mirror(), "bookworm", "amd64");
        assert.equal(found["docker-ce"][0], "5:26.1.299-1~debian.12~bookworm");
        assert.deepEqual(site.asked, [`GET ${PATH}`]);
    });

    it("whose index comes in half, or not at all, are an error that names the setting", async () => {
        site.manner = "half";
        await assert.rejects(
            listPackages(await mirror(), "bookworm", "amd64"),
            problem("DOCKER_PACKAGES", /ended before everything had come\. See to skep:repository/),
        );
        await assert.rejects(
            listPackages(await mirror(), "trixie", "amd64"),
            problem("DOCKER_PACKAGES", /HTTP 404\. See to skep:repository/),
        );
    });
});

describe("an office behind a proxy", () => {
    const home = ownEnvironment();
    let pulumi: Site;
    let hub: Site;
    let proxy: Proxy;
    beforeEach(async () => {
        [pulumi, hub] = await Promise.all([Site.start(), Site.start()]);
        for (const [path, content] of await releaseFiles("/sdk", { pulumi: Buffer.from("x") }))
            pulumi.files.set(path, content);
        hub.files.set("/v2/", Buffer.from("{}"));
        proxy = await Proxy.start("127.0.0.1", {
            "pulumi.office.invalid:80": { host: "127.0.0.1", port: pulumi.port },
            "hub.office.invalid:5000": { host: "127.0.0.1", port: hub.port },
        });
        process.env.SKEP_PULUMI_URL = "http://pulumi.office.invalid/sdk";
        process.env.SKEP_DOCKER_HUB = "hub.office.invalid:5000";
    });
    afterEach(() => Promise.all([pulumi.stop(), hub.stop(), proxy.stop()]));

    it("reaches the sites that its proxy lets through, and no others", async () => {
        process.env.http_proxy = proxy.url;
        assert.deepEqual(await reachability(silent), {
            pulumi: true,
            plugins: false,
            dockerHub: true,
            dockerPackages: false,
        });
        assert.deepEqual(pulumi.asked, [`HEAD /sdk/${CHECKSUMS}`]);
        assert.ok(proxy.tunnels.includes("get.pulumi.com:443"), proxy.tunnels.join());
    }).timeout(15_000);

    it("is asked anew when its proxy or a mirror changes, and counts as offline without the proxy", async () => {
        const asked: string[] = [];
        const probe = (url: string) => {
            asked.push(url);
            return answers(url, 5);
        };
        process.env.http_proxy = proxy.url;
        await reachability(silent, { probe });
        const once = asked.length;
        await reachability(silent, { probe });
        assert.equal(asked.length, once);
        delete process.env.http_proxy;
        const { pulumi: reached } = await reachability(silent, { probe });
        assert.equal(reached, false);
        assert.equal(asked.length, 2 * once);
        process.env.SKEP_PULUMI_URL = `http://127.0.0.1:${pulumi.port}/sdk`;
        assert.equal((await reachability(silent, { probe })).pulumi, true);
        assert.equal(asked.length, 3 * once);
    }).timeout(30_000);

    it("reaches what NO_PROXY names without its proxy", async () => {
        Object.assign(process.env, { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" });
        const local = `http://127.0.0.1:${pulumi.port}/sdk/${CHECKSUMS}`;
        assert.equal(await answers(local, 5), true);
        assert.deepEqual(proxy.requests, []);
        assert.equal(await answers(`http://pulumi.office.invalid/sdk/${CHECKSUMS}`, 5), true);
        assert.deepEqual(proxy.requests, [`http://pulumi.office.invalid/sdk/${CHECKSUMS}`]);
        process.env.NO_PROXY = "pulumi.office.invalid";
        assert.equal(await answers(`http://pulumi.office.invalid/sdk/${CHECKSUMS}`, 5), false);
    });

    it("reaches a site with TLS by a tunnel, with an authority of its own", async () => {
        const { authority, cert, key } = await certificateFor("secure.office.invalid");
        const secure = await Site.start("127.0.0.1", { cert, key });
        const tunnels = await Proxy.start("127.0.0.1", {
            "secure.office.invalid:443": { host: "127.0.0.1", port: secure.port },
        });
        try {
            secure.files.set("/file", CONTENT);
            const file = join(home(), "authority.pem");
            await writeFile(file, authority);
            const script = `
                const { answers, download } = require("./scripts/setup/fetch.ts");
                const url = "https://secure.office.invalid/file";
                download(url, { seconds: 5 }).then(
                    ({ length }) => console.log(length),
                    ({ message }) => console.log(message),
                );`;
            const ask = async (more: NodeJS.ProcessEnv) => {
                const env = { ...process.env, https_proxy: tunnels.url, ...more };
                const child = await run(process.execPath, ["--import", "tsx", "-e", script], {
                    cwd: ROOT,
                    env,
                });
                return child.stdout.trim();
            };
            assert.equal(await ask({ NODE_EXTRA_CA_CERTS: file }), String(CONTENT.length));
            assert.deepEqual(tunnels.tunnels, ["secure.office.invalid:443"]);
            assert.match(await ask({}), /certificate/);
        } finally {
            await Promise.all([secure.stop(), tunnels.stop()]);
        }
    }).timeout(20_000);

    it("is told of a setting that names no proxy, without what it says", async () => {
        process.env.https_proxy = "user:secret@proxy:3128";
        await assert.rejects(reachability(silent), (error: unknown) => {
            assert.ok(!String(error).includes("secret"));
            return problem(
                "PROXY_SETTING",
                /^PROXY_SETTING: https_proxy is set to what is no address/,
            )(error);
        });
        assert.equal(await readFile(join(home(), "skep/reachability.json")).catch(() => "none"), "none");
    });
});

describe("mirrors", () => {
    it("stand in the place of Pulumi's downloads and of Docker Hub", () => {
        assert.equal(pulumiDownloads({}), "https://get.pulumi.com/releases/sdk");
        assert.equal(pulumiDownloads({ SKEP_PULUMI_URL: "http://m.example/p//" }), "http://m.example/p");
        assert.equal(hubReference("debian:bookworm-slim", undefined), "debian:bookworm-slim");
        const mirror = "m.example:5000/hub";
        assert.equal(
            hubReference("debian:bookworm-slim", mirror),
            "m.example:5000/hub/library/debian:bookworm-slim",
        );
        assert.equal(hubReference("curlimages/curl:8", mirror), "m.example:5000/hub/curlimages/curl:8");
        assert.deepEqual(hubProbes(mirror), ["https://m.example:5000/v2/", "http://m.example:5000/v2/"]);
    });

    for (const SKEP_PULUMI_URL of ["mirror.example/sdk", "ftp://mirror.example"])
        it(`are no such address as ${SKEP_PULUMI_URL}`, () =>
            assert.throws(
                () => pulumiDownloads({ SKEP_PULUMI_URL }),
                problem("MIRROR_SETTING", /is no URL/),
            ));
    for (const SKEP_DOCKER_HUB of ["https://mirror.example", "mirror", "mirror.example/", "a b.example"])
        it(`are no such registry as ${SKEP_DOCKER_HUB}`, () =>
            assert.throws(
                () => dockerHubMirror({ SKEP_DOCKER_HUB }),
                problem("MIRROR_SETTING", /is no registry/),
            ));
});
