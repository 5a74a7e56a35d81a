// Images between engines: how they are named, when they are transferred, and that no registry outside is asked for them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { provide, whereItIs } from "../../providers/swarm/image";
import { build } from "../../providers/swarm/local-image";
import { ConnectionError, EngineError } from "../../swarm/failures";
import { type Connection, Host } from "../../swarm/host";
import { deploy, type StackParts } from "../../swarm/stack-objects";
import { dockerClient } from "../../providers/runtime/docker";
import { createProgress } from "../../scripts/setup/progress";
import { ensureImages, imageMark } from "../../scripts/setup/images";
import { FakeEngine, type FakeRequest } from "../support/fake-engine";

const { signal } = new AbortController();
const ctx = { signal, log: () => undefined };
const silent = createProgress({ silent: true });
const digest = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** What stands beside `docker pull` and `docker build`: images by name, with ids as a containerd store gives them. */
class Store {
    readonly ids = new Map<string, string>();
    readonly pulled: string[] = [];
    /** The base of each image that was built. */
    readonly bases = new Map<string, string>();

    answer({ method, path, query }: FakeRequest): object | string | number | undefined {
        const [, name] = /^\/images\/(.+)\/json$/.exec(path) ?? [];
        if (name !== undefined) {
            const id = this.ids.get(decodeURIComponent(name));
            return id === undefined ? 404 : { Id: id };
        }
        if (method === "POST" && path === "/images/create") {
            const ref = `${query.get("fromImage")}:${query.get("tag")}`.replace(/:null$/, "");
            this.ids.set(ref, digest(`manifest list of ${ref}`));
            this.pulled.push(ref);
            return '{"status":"Downloaded"}\n';
        }
        if (method === "POST" && path === "/build") {
            const ref = query.get("t") ?? "";
            const { BASE = "" } = JSON.parse(query.get("buildargs") ?? "{}") as Record<string, string>;
            this.ids.set(ref, digest(`manifest of ${ref}`));
            this.bases.set(ref, BASE);
            return '{"stream":"Successfully built"}\n';
        }
        return undefined;
    }
}

describe("The lab's images", () => {
    const outside = { cache: process.env.XDG_CACHE_HOME, host: process.env.DOCKER_HOST };
    let home: string;
    let engine: FakeEngine;
    let store: Store;

    beforeEach(async () => {
        home = mkdtempSync(join(tmpdir(), "skep-test-"));
        process.env.XDG_CACHE_HOME = home;
        store = new Store();
        engine = await new FakeEngine((request) => store.answer(request)).listen();
        process.env.DOCKER_HOST = `unix://${engine.socket}`;
    });
    afterEach(async () => {
        await engine.close();
        rmSync(home, { recursive: true });
        for (const [name, value] of [
            ["XDG_CACHE_HOME", outside.cache],
            ["DOCKER_HOST", outside.host],
        ] as const)
            if (value === undefined) delete process.env[name];
            else process.env[name] = value;
    });

    it("are all built here under names of Skep's own, the registry's too, and marked as used", async () => {
        const images = await ensureImages(silent, dockerClient(), true);
        for (const [name, { ref, id }] of Object.entries(images)) {
            // A node asks a registry for the one that no registry of ours has: no such server can exist.
            const server = name === "registry" ? "skep\\.invalid/" : "";
            assert.match(ref, new RegExp(`^${server}skep-lab/${name}:[0-9a-f]{12}$`));
            assert.equal(id, store.ids.get(ref));
            assert.ok(existsSync(imageMark(ref)), `${ref} has no mark`);
            assert.ok(!store.pulled.includes(ref));
        }
        const official = store.pulled.find((ref) => ref.startsWith("registry:"));
        assert.equal(store.bases.get(images.registry.ref), store.ids.get(official ?? ""));
    });

    it("are named by what they are made of: another release of the registry is another name, the same one is none", async () => {
        const first = await ensureImages(silent, dockerClient(), true);
        assert.deepEqual(await ensureImages(silent, dockerClient(), true), first);
        const official = store.pulled.find((ref) => ref.startsWith("registry:")) ?? "";
        store.ids.set(official, digest("a newer registry"));
        const next = await ensureImages(silent, dockerClient(), true);
        assert.notEqual(next.registry.ref, first.registry.ref);
        assert.deepEqual({ ...next, registry: first.registry }, first);
    });
});

/** A host's engine, which calls images by their configuration whatever the other end calls them. */
class HostEngine {
    readonly ids = new Map<string, string>();
    loads = 0;

    constructor(private readonly loadedAs: string) {}

    call = async (method: string, path: string): Promise<never> => {
        const [, source = "", action] = /^\/images\/(.+?)\/(json|tag)/.exec(path) ?? [];
        const id = this.ids.get(source) ?? [...this.ids.values()].find((known) => known === source);
        if (id === undefined) throw new EngineError("manager-1", `${method} ${path}`, 404, "No such image");
        if (action === "tag") {
            const query = new URLSearchParams(path.split("?")[1]);
            this.ids.set(`${query.get("repo")}:${query.get("tag")}`, id);
        }
        return { Id: id } as never;
    };

    load = async (archive: Readable): Promise<void> => {
        let text = "";
        for await (const chunk of archive) text += String(chunk);
        assert.match(text, /^archive of /);
        this.loads += 1;
        this.ids.set(text.replace("archive of ", ""), this.loadedAs);
    };
}

describe("An image on a host", () => {
    const REF = "skep-lab/web:0123456789ab";
    const [MANIFEST, CONFIG] = [digest("manifest"), digest("config")];
    const outside = process.env.DOCKER_HOST;
    let local: FakeEngine;

    before(async () => {
        local = await new FakeEngine(({ path }) => {
            const [, name] = /^\/images\/(.+)\/get$/.exec(path) ?? [];
            return name && `archive of ${decodeURIComponent(name)}`;
        }).listen();
        process.env.DOCKER_HOST = `unix://${local.socket}`;
    });
    after(async () => {
        if (outside === undefined) delete process.env.DOCKER_HOST;
        else process.env.DOCKER_HOST = outside;
        await local.close();
    });

    it("is transferred once where its engine has another id for it, and found there afterwards", async () => {
        const host = new HostEngine(CONFIG);
        const ids = new Set([MANIFEST]);
        await provide(host, REF, ids, ctx);
        assert.deepEqual([...ids], [MANIFEST, CONFIG]);
        // What state keeps of it is what a later up begins with.
        await provide(host, REF, new Set([MANIFEST, CONFIG]), ctx);
        assert.equal(host.loads, 1);
    });

    it("is transferred once to each host, whichever ids their engines have", async () => {
        const hosts = [new HostEngine(CONFIG), new HostEngine(MANIFEST), new HostEngine(CONFIG)];
        const ids = new Set([MANIFEST]);
        for (let round = 0; round < 2; round += 1)
            for (const host of hosts) await provide(host, REF, ids, ctx);
        assert.deepEqual(
            hosts.map(({ loads }) => loads),
            [1, 1, 1],
        );
    });

    it("gets its name back without a transfer where only that is missing", async () => {
        const host = new HostEngine(CONFIG);
        host.ids.set("another:name", CONFIG);
        await provide(host, REF, new Set([MANIFEST, CONFIG]), ctx);
        assert.equal(host.ids.get(REF), CONFIG);
        assert.equal(host.loads, 0);
    });

    it("is transferred again when it is another one under the same name", async () => {
        const host = new HostEngine(CONFIG);
        host.ids.set(REF, digest("an older one"));
        await provide(host, REF, new Set([MANIFEST]), ctx);
        assert.equal(host.loads, 1);
    });
});

describe("An image that was given to hosts and their registry", () => {
    const [DIGEST, CONFIG] = [digest("manifest"), digest("config")];
    const push = { reference: "r:5000/web:1", username: "skep", password: "secret" };
    const state = {
        image: "web:1",
        imageId: CONFIG,
        hostImageIds: [],
        missing: [],
        stored: true,
        digest: DIGEST,
    };
    const refused = (status: number) => new EngineError("manager-1", "GET /x", status, "refused");
    const pulled = { Id: CONFIG, RepoDigests: [`r:5000/web@${DIGEST}`] };

    /** A host that has this image, or fails so; `kept` is what the registry says through it, or how it fails. */
    function host(name: string, image: object | Error, kept: string | Error = DIGEST): Host {
        const answer = async (found: unknown) => {
            if (found instanceof Error) throw found;
            return found;
        };
        const isDown = image instanceof ConnectionError;
        const call = (_method: string, path: string) => answer(path === "/_ping" && !isDown ? "OK" : image);
        const connection = { call, inRegistry: () => answer(isDown ? image : kept) };
        return new Host({ name, address: name }, connection as unknown as Connection);
    }
    const down = new ConnectionError("HOST_UNREACHABLE", "down", "");

    it("is missing where a host has not got it, has another one, or has not pulled it", async () => {
        const hosts = [host("a", pulled), host("b", refused(404)), host("c", { Id: digest("another") })];
        const loaded = await whereItIs({ ...state, digest: "" }, hosts);
        assert.deepEqual(loaded, { missing: ["b", "c"], stored: true });
        const onlyLoaded = host("d", { Id: CONFIG, RepoDigests: [] });
        const found = await whereItIs({ ...state, push }, [...hosts, onlyLoaded]);
        assert.deepEqual(found, { missing: ["b", "c", "d"], stored: true });
    });

    it("is where it was known to be on a host that does not answer", async () => {
        const hosts = [host("a", down), host("b", down), host("c", pulled)];
        const found = await whereItIs({ ...state, push, missing: ["b"] }, hosts);
        assert.deepEqual(found, { missing: ["b"], stored: true });
        const none = await whereItIs({ ...state, push, stored: false }, [host("a", down)]);
        assert.equal(none.stored, false);
        assert.equal((await whereItIs({ ...state, push }, [host("a", down)])).stored, true);
    });

    it("is in a registry that one host does not reach and another one does", async () => {
        const hosts = [host("a", pulled, refused(500)), host("b", pulled)];
        assert.deepEqual(await whereItIs({ ...state, push }, hosts), { missing: [], stored: true });
        assert.equal((await whereItIs({ ...state, push }, [hosts[0]!, hosts[0]!])).stored, false);
    });

    it("is not known to be in a registry that has lost it, has another one, or does not answer", async () => {
        for (const kept of [refused(404), refused(500), digest("another")])
            assert.deepEqual(await whereItIs({ ...state, push }, [host("a", pulled, kept)]), {
                missing: [],
                stored: false,
            });
    });
});

describe("An image that is built on this machine", () => {
    let folder: string;
    const path = process.env.PATH;

    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "skep-test-"))));
    afterEach(() => {
        process.env.PATH = path;
        rmSync(folder, { recursive: true });
    });

    const recipe = {
        context: "/srv/shop",
        dockerfile: "/srv/shop/Dockerfile",
        args: { TOKEN: "hidden" },
        target: "run",
    };
    const building = (script: string) => {
        writeFileSync(join(folder, "docker"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        process.env.PATH = `${folder}:${path}`;
        return build("skep-stack/shop-web:1", recipe, ctx);
    };

    it("gets its arguments by their names, and their values where no list of processes shows them", async () => {
        await building(`echo "$@ $TOKEN" >'${folder}/calls'`);
        assert.equal(
            readFileSync(join(folder, "calls"), "utf8").trim(),
            "build --tag skep-stack/shop-web:1 --file /srv/shop/Dockerfile --target run --build-arg TOKEN /srv/shop hidden",
        );
    });

    it("says what docker said last when it fails, or that there is no docker", async () => {
        await assert.rejects(
            building("echo one; echo 'RUN make: exit code 2' >&2; exit 1"),
            /IMAGE_BUILD: skep-stack\/shop-web:1 could not be built .*exit code 2/,
        );
        process.env.PATH = folder;
        rmSync(join(folder, "docker"));
        await assert.rejects(build("a:1", recipe, ctx), /IMAGE_BUILD: .*no docker command/);
    });
});

describe("A deployed stack", () => {
    let folder: string;

    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "skep-test-"))));
    afterEach(() => rmSync(folder, { recursive: true }));

    /** What docker is called with on the manager. */
    async function deployed(registryAuth?: StackParts["registryAuth"]): Promise<string> {
        writeFileSync(join(folder, "docker"), `#!/bin/sh\necho "$@" >>'${folder}/calls'\n`, { mode: 0o755 });
        const manager = {
            name: "manager-1",
            exec: async (command: string, { stdin: input }: { stdin: string }) => {
                const env = { PATH: `${folder}:${process.env.PATH}` };
                execFileSync("sh", ["-c", command], { input, env });
                return { code: 0, stdout: "", stderr: "" };
            },
        } as unknown as Host;
        await deploy(manager, { name: "registry", compose: "services: {}", registryAuth }, signal);
        return readFileSync(join(folder, "calls"), "utf8");
    }

    it("asks no registry for images that its nodes have already, as those of the registry itself", async () => {
        assert.match(await deployed(), /stack deploy .*--resolve-image never .*registry$/m);
    });

    it("asks the registry that it has a password for", async () => {
        const auth = { "registry.skep.internal:5000": { username: "skep", password: "secret" } };
        const calls = await deployed(auth);
        assert.match(calls, /stack deploy .*--resolve-image changed .*registry$/m);
        assert.doesNotMatch(calls, /secret/);
    });
});
