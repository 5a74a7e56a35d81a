// Set-up on a network with downloads, played on this machine: an office with a proxy, a mirror of Pulumi's releases with a
// certificate of the office's own authority, a registry in place of Docker Hub, and a mirror of Docker's packages. One up
// with an empty cache gets everything from there. Plugins are stand-ins, because SKEP_PLUGINS asks for them.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createProgress } from "../../scripts/setup/progress";
import { installPackages } from "../../scripts/setup/programs";
import { exitCodeOf } from "../../errors";
import { dockerClient } from "../../scripts/setup/docker";
import { ensurePulumi } from "../../scripts/setup/pulumi";
import { ensureImages } from "../../scripts/setup/images";
import { ensureRepository } from "../../scripts/setup/repository";
import { setup } from "../../scripts/setup/setup";
import type { Tools } from "../../scripts/setup/tools";
import { makeNetwork, type VpcNetwork } from "../aws/instances";
import { PackageServer } from "../aws/repository";
import { Lab } from "../lab/lab";
import { required } from "../lab/required";
import { certificateFor } from "./authority";
import { Hub } from "./hub";
import { Proxy } from "./proxy";
import { ARCHIVE, CHECKSUMS, releaseFiles } from "./release";
import { resign } from "./repository";
import { Site } from "./site";

const STACK = "test-online";
const RELEASES = "pulumi.office.invalid";
const PACKAGES = "packages.office.invalid";
const REPOSITORY = `http://${PACKAGES}/linux/debian`;

describe("An office with mirrors, a proxy and an authority of its own", function () {
    this.timeout(20 * 60 * 1000);
    const docker = dockerClient();
    let home: string;
    let fingerprint: string;
    let releases: Site;
    let packages: PackageServer;
    let hub: Hub;
    let network: VpcNetwork | undefined;
    let proxy: Proxy;
    let lab: Lab;
    /** The sites and the environment of the office. */
    let tools: Tools | undefined;

    before(async () => {
        const progress = createProgress();
        home = await mkdtemp(join(tmpdir(), "skep-test-"));
        await setup({ progress, needs: "lab" });
        await installPackages(progress, ["gnupg"], "Signing a repository");
        const [built, images, repository] = await Promise.all([
            ensurePulumi(progress, false),
            ensureImages(progress, docker, false),
            ensureRepository(progress, { official: false }),
        ]);
        if (!repository.mount) throw new Error("the repository that set-up makes is no folder");
        fingerprint = await resign(dirname(repository.mount.source), join(home, "packages"));
        const { authority, cert, key } = await certificateFor(RELEASES);
        await writeFile(join(home, "authority.pem"), authority);
        releases = await Site.start("127.0.0.1", { cert, key });
        const pulumi = await readFile(join(built.root, "bin/pulumi"));
        const files = await releaseFiles("/sdk", { pulumi, "pulumi-watch": Buffer.from("#!/bin/sh\n") });
        for (const [path, content] of files) releases.files.set(path, content);
        packages = await PackageServer.start(join(home, "packages"), "127.0.0.1");
        hub = await progress.step("Filling a registry", () =>
            Hub.start(docker, `${STACK}-hub`, images.registry),
        );
        // The sites are on a bridge of their own, where this machine, containers of builds and hosts all reach them.
        network = await makeNetwork(STACK);
        proxy = await Proxy.start(
            network.gateway,
            {
                [`${RELEASES}:443`]: { host: "127.0.0.1", port: releases.port },
                [`${PACKAGES}:80`]: { host: "127.0.0.1", port: Number(new URL(packages.url).port) },
            },
            true,
        );
        lab = new Lab(STACK, undefined, {
            XDG_CACHE_HOME: join(home, "cache"),
            PATH: (process.env.PATH ?? "")
                .split(delimiter)
                .filter((folder) => !existsSync(join(folder, "pulumi")))
                .join(delimiter),
            NODE_EXTRA_CA_CERTS: join(home, "authority.pem"),
            SKEP_OFFLINE: "0",
            SKEP_PLUGINS: "standins",
            SKEP_PULUMI_URL: `https://${RELEASES}/sdk`,
            SKEP_DOCKER_HUB: hub.address,
            http_proxy: proxy.url,
            https_proxy: proxy.url,
            no_proxy: "127.0.0.1,localhost",
        });
        configure({ fingerprint });
    });
    after(async () => {
        await lab?.skep("destroy", "--yes").catch(() => undefined);
        lab?.forget();
        await Promise.all([releases?.stop(), packages?.stop(), proxy?.stop()]);
        await removeImages();
        await hub?.stop();
        if (network) await docker.getNetwork(`skep-${network.name}`).remove();
        if (home) await rm(home, { recursive: true, force: true });
    });

    function configure(repository: { fingerprint: string }): void {
        lab.configure({
            "skep:zones": 1,
            "skep:managers": 1,
            "skep:workers": 1,
            "skep:sample": { replicas: 1 },
            "skep:repository": { url: REPOSITORY, ...repository },
        });
    }

    /** The images that Skep pulled, and those that it built from them. */
    async function removeImages(): Promise<void> {
        if (!hub) return;
        const { host, registry, web, client } = tools?.images ?? {};
        const made = [host, registry, web, client].flatMap((image) => image?.ref ?? []);
        const pulled = (["debian", "nginx", "registry", "curl"] as const).map((name) => hub.reference(name));
        for (const reference of [...made, ...pulled])
            await docker
                .getImage(reference)
                .remove({ force: true })
                .catch((error: { statusCode?: number }) => {
                    if (error.statusCode !== 404) throw error;
                });
    }

    required("brings a swarm up from an empty cache, and makes nothing that the mirrors have", async () => {
        const running = lab.start("up");
        assert.equal(await running.result(), 0, running.said);
        assert.match(running.said, /✓ Downloading Pulumi/);
        for (const name of ["debian", "nginx", "registry", "curl"] as const)
            assert.ok(running.said.includes(`✓ Pulling ${hub.reference(name)}`), running.said);
        assert.doesNotMatch(running.said, /Building Pulumi|Debian base image|from Debian's engine packages/);
        assert.deepEqual(releases.asked, [`GET /sdk/${CHECKSUMS}`, `GET /sdk/${ARCHIVE}`]);
        const kinds = await readdir(join(home, "cache/skep"));
        assert.deepEqual(
            kinds.filter((kind) => ["go", "go-work", "repository"].includes(kind)),
            [],
        );
    });

    it("has Pulumi as it was released, and images without a mark of a machine without Docker Hub", async () => {
        const main = join(lab.project, "scripts/setup/main.ts");
        const found = await lab.run(process.execPath, ["--import", "tsx", main, "--json"]);
        tools = JSON.parse(found) as Tools;
        const { pulumi, images, plugins } = tools;
        assert.equal(plugins, "standins");
        assert.match(pulumi.root, /\/engine\/v[\d.]+$/);
        assert.deepEqual((await readdir(join(pulumi.root, "bin"))).sort(), ["pulumi", "pulumi-watch"]);
        const pulled = await docker.getImage(hub.reference("registry")).inspect();
        assert.deepEqual(pulled.Config.Labels ?? {}, {});
        const registry = await docker.getImage(images?.registry.ref ?? "").inspect();
        assert.deepEqual(registry.Config.Entrypoint, ["/entrypoint.sh"]);
        const client = await docker.getImage(images?.client.ref ?? "").inspect();
        assert.equal(client.Config.WorkingDir, "/home/curl_user");
    });

    it("has docker-ce from its mirror on every host, by the proxy, of which the hosts keep nothing", async () => {
        for (const host of ["manager-1", "worker-1"]) {
            const policy = await lab.on(host, "apt-cache policy docker-ce docker-ce-cli containerd.io");
            assert.equal(policy.match(/\*\*\*/g)?.length, 3, policy);
            assert.ok(policy.includes(`${REPOSITORY} bookworm/stable`), policy);
            const kept = await lab.on(host, `env; sudo grep -rF ${proxy.url} /etc /var/lib/cloud || true`);
            assert.ok(!kept.includes(proxy.url), kept);
            assert.equal(await lab.on(host, "test -e /usr/sbin/policy-rc.d || echo none"), "none");
        }
        const asked = proxy.requests.filter((url) => url.startsWith(REPOSITORY));
        // This machine downloads the list of packages; each host downloads the key.
        assert.equal(
            asked.filter((url) => url.endsWith("/Packages.gz") || url.endsWith("/gpg")).length >= 3,
            true,
        );
    });

    it("runs the registry and the sample from those images", async () => {
        const services = await lab.on("manager-1", "docker service ls --format '{{.Name}} {{.Replicas}}'");
        assert.match(services, /registry_registry 1\/1/);
        assert.match(services, /sample_web 1\/1/);
        assert.match(services, /sample_client 2\/2/);
    });

    it("changes nothing with a second up, by Skep and by the plain pulumi, also when its proxy is gone", async () => {
        const gone = { http_proxy: "http://127.0.0.1:9", https_proxy: "http://127.0.0.1:9" };
        const dead = new Lab(STACK, undefined, { ...lab.environment, ...gone });
        const { changes } = await dead.json<{ changes: Record<string, number> }>("up");
        assert.deepEqual(Object.keys(changes), ["same"]);
        assert.match(await dead.pulumi("preview", "--diff"), /Resources:\s+\d+ unchanged/);
    });

    it("is destroyed", async () => {
        await lab.skep("destroy", "--yes");
        const filters = { label: [`io.skep.stack=${STACK}`] };
        const left = await docker.listContainers({ all: true, filters });
        // The test removes the registry that plays Docker Hub itself.
        assert.deepEqual(
            left.filter(({ Names }) => Names[0]?.startsWith("/skep-")),
            [],
        );
    });

    it("is refused packages that another key has signed, and nothing of them is installed", async () => {
        configure({ fingerprint: "0".repeat(40) });
        const running = lab.start("up");
        assert.equal(await running.result(), exitCodeOf("REPOSITORY_KEY"), running.said);
        assert.match(
            running.said,
            /✗ REPOSITORY_KEY: On (manager|worker)-1: The key of \S+ has the fingerprint/,
        );
        assert.doesNotMatch(running.said, /BUG|\n\s+at /);
    });

    it("is told which image its registry lacks", async () => {
        await removeImages();
        const other = new Lab(STACK, undefined, {
            ...lab.environment,
            SKEP_DOCKER_HUB: `${hub.address}/none`,
        });
        const running = other.start("up");
        assert.equal(await running.result(), exitCodeOf("IMAGE"), running.said);
        assert.match(running.said, /✗ IMAGE: Pulling \S+\/none\/library\/debian:bookworm-slim failed/);
    });
});
