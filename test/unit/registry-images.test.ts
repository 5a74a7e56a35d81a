import assert from "node:assert/strict";
import * as https from "node:https";
import { type AddressInfo, connect } from "node:net";
import fc from "fast-check";

import { deleteTagIn, listOf } from "../../cli/commands/registry";
import { bytesOf, emptyIndex, readable, taggedName } from "../../planning/registry-images";
import { closedPort } from "../../swarm/failures";
import type { Host } from "../../swarm/host";
import { RegistryClient } from "../../swarm/registry";
import { certificateFor } from "../online/authority";
import { fakeStanding } from "../support/fake-standing";
import { FakeWorld } from "../support/fake-swarm";
import { printed } from "../support/printed";
import { assertMatches } from "../support/schema";

const NAME = "registry.skep.internal";
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const SHARED = { digest: digestOf("a"), size: 1000 };

/** A registry in this process: its manifests by digest, and which tag has which. */
class FakeRegistry {
    readonly manifests = new Map<string, object>();
    readonly tags = new Map<string, string>([]);
    readonly asked: string[] = [];
    isReadOnly = false;
    isBroken = false;
    private readonly server: https.Server;

    constructor(readonly tls: { authority: string; key: string; cert: string }) {
        this.server = https.createServer(tls, (request, response) => {
            let body = "";
            request.on("data", (chunk) => (body += String(chunk)));
            request.on("end", () => {
                const { method = "", url = "" } = request;
                this.asked.push(`${method} ${url}`);
                const login = Buffer.from("skep:secret").toString("base64");
                const isIn = request.headers.authorization === `Basic ${login}`;
                const { status, value, digest } = isIn ? this.answer(method, url, body) : { status: 401 };
                const headers = digest === undefined ? {} : { "docker-content-digest": digest };
                response.writeHead(status, headers).end(value === undefined ? "" : JSON.stringify(value));
            });
        });
    }

    async listen(): Promise<number> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
        return (this.server.address() as AddressInfo).port;
    }

    close(): void {
        this.server.closeAllConnections();
        this.server.close();
    }

    put(name: string, digest: string, layer: { digest: string; size: number }): void {
        const config = { digest: digestOf("c"), size: 10 };
        this.manifests.set(digest, { config, layers: [layer, SHARED] });
        this.tags.set(name, digest);
    }

    private answer(
        method: string,
        url: string,
        body: string,
    ): { status: number; value?: unknown; digest?: string } {
        if (url === "/v2/") return { status: 200 };
        if (this.isBroken) return { status: 500, value: { errors: [{ message: "s3aws: no bucket" }] } };
        const names = [...this.tags.keys()];
        const of = (repository: string) => names.filter((name) => name.startsWith(`${repository}:`));
        if (url.startsWith("/v2/_catalog"))
            return {
                status: 200,
                value: { repositories: [...new Set(names.map((name) => name.split(":")[0]))] },
            };
        const [, repository = "", rest = ""] = /^\/v2\/(.+)\/(?:manifests|tags)\/(.+)$/.exec(url) ?? [];
        if (rest.startsWith("list"))
            return { status: 200, value: { tags: of(repository).map((name) => name.split(":")[1]) } };
        if (this.isReadOnly && method !== "GET") return { status: 405 };
        if (method === "PUT") {
            this.manifests.set(digestOf("e"), JSON.parse(body) as object);
            this.tags.set(`${repository}:${rest}`, digestOf("e"));
            return { status: 201, digest: digestOf("e") };
        }
        const digest = this.tags.get(`${repository}:${rest}`) ?? rest;
        const value = this.manifests.get(digest);
        if (!value) return { status: 404 };
        if (method === "GET") return { status: 200, value, digest };
        this.manifests.delete(digest);
        // As the real one: the manifest goes with all of its tags.
        for (const name of of(repository)) if (this.tags.get(name) === digest) this.tags.delete(name);
        return { status: 202 };
    }
}

describe("Images in a registry", () => {
    it("count what they share once", () => {
        assert.equal(bytesOf([SHARED, SHARED, { digest: "b", size: 5 }]), 1005);
        const parts = fc.array(fc.record({ digest: fc.constantFrom("a", "b", "c"), size: fc.constant(7) }));
        fc.assert(fc.property(parts, (all) => bytesOf([...all, ...all]) === bytesOf(all)));
    });

    it("have sizes that a person reads", () => {
        const sizes = [0, 999, 1000, 48_700_000, 250e6, 1.5e12].map(readable);
        assert.deepEqual(sizes, ["0 B", "999 B", "1.0 kB", "48.7 MB", "250 MB", "1.5 TB"]);
    });

    it("are named by repository and tag", () => {
        assert.deepEqual(taggedName("own/thing:v1.0"), { repository: "own/thing", tag: "v1.0" });
        for (const wrong of ["web", "web:", ":v1", "Web:v1", "web@sha256:a", "../x:1", "a:b/c"])
            assert.equal(taggedName(wrong), undefined, wrong);
    });

    it("give a tag that goes a manifest of its own", () => {
        assert.notEqual(emptyIndex("a").body, emptyIndex("b").body);
    });
});

describe("skep registry", () => {
    let registry: FakeRegistry;
    let port: number;
    before(async () => {
        registry = new FakeRegistry(await certificateFor(NAME));
        port = await registry.listen();
    });
    beforeEach(() => {
        registry.tags.clear();
        registry.manifests.clear();
        registry.asked.length = 0;
        registry.isReadOnly = registry.isBroken = false;
        registry.put("web:v1", digestOf("1"), { digest: digestOf("b"), size: 2_000_000 });
        registry.put("client:v1", digestOf("2"), { digest: digestOf("d"), size: 500 });
        registry.tags.set("web:also", digestOf("1"));
    });
    after(() => registry.close());

    /** The first host does not run the registry. */
    const hosts = () =>
        ["manager-1", "worker-1"].map((name, i) => {
            const tunnel = async () => {
                if (i === 0) throw closedPort(name, 5000, new Error("Connection refused"));
                return connect(port, "127.0.0.1");
            };
            return { name, address: "127.0.0.1", connection: { tunnel } } as unknown as Host;
        });
    const access = (more = {}) => ({
        server: `${NAME}:5000`,
        user: "skep",
        password: "secret",
        ca: registry.tls.authority,
        ...more,
    });
    const find = (more = {}) => RegistryClient.find(hosts(), access(more), new AbortController().signal);
    const standing = () => {
        const world = new FakeWorld(["manager-1"]);
        const cluster = world.standing(["manager-1"]);
        const Image = `${NAME}:5000/web:v1@sha256:0`;
        cluster.services.push({
            ID: "s1",
            Spec: { Name: "shop", TaskTemplate: { ContainerSpec: { Image } } },
        });
        return { world, standing: fakeStanding(world, cluster, {}, 0) };
    };
    const deleted = async (name: string, more = {}, given = standing().standing) => {
        const client = await find();
        const found = await printed(() =>
            deleteTagIn(client, given, name, { stack: "dev", yes: true, ...more }),
        );
        client.close();
        return found;
    };

    it("list shows digests and sizes, found on the host that runs the registry, without a manager", async () => {
        const client = await find();
        const text = await printed(() => listOf(client, standing().standing, { stack: "dev" }));
        assert.equal(
            text.text,
            [
                "IMAGE      DIGEST               SIZE",
                "client:v1  sha256:222222222222  1.8 kB",
                "web:also   sha256:111111111111  2.0 MB",
                "web:v1     sha256:111111111111  2.0 MB",
                "3 images, 2.0 MB in all",
            ].join("\n"),
        );
        const json = await printed(() => listOf(client, standing().standing, { stack: "dev", json: true }));
        assertMatches("registry-list", JSON.parse(json.text));
        client.close();
    });

    it("delete takes one tag away, and leaves the others of the same image", async () => {
        const { text } = await deleted("web:v1", { json: true });
        assertMatches("registry-delete", JSON.parse(text));
        assert.deepEqual([...registry.tags.keys()], ["client:v1", "web:also"]);
        await deleted("web:also");
        assert.deepEqual([...registry.tags.keys()], ["client:v1"]);
        assert.ok(registry.asked.includes(`DELETE /v2/web/manifests/${digestOf("1")}`));
    });

    it("delete asks with the services that use the image, or notes that no manager says which", async () => {
        const { error } = await deleted("web:v1", { yes: false });
        assert.match(String(error), /NOT_CONFIRMED: "Delete web:v1, which shop uses\?"/);
        const { world, standing: blind } = standing();
        world.at("manager-1").isUp = false;
        await deleted("web:v1", {}, blind);
        assert.match(world.said.join(), /It is not known which services use it: No manager/);
    });

    it("delete knows no image that is not there", async () => {
        for (const wrong of ["web:v2", "none:v1", "web"])
            assert.match(String((await deleted(wrong)).error), /^SkepError: TAG_UNKNOWN/, wrong);
    });

    it("delete says that a garbage collection is at work", async () => {
        registry.isReadOnly = true;
        assert.match(String((await deleted("client:v1")).error), /REGISTRY_READ_ONLY: /);
    });

    it("says with the registry's own words why it refuses", async () => {
        const client = await find();
        registry.isBroken = true;
        await assert.rejects(
            client.images(),
            /REGISTRY_REFUSED: .* on worker-1 refused a list .* \(500\): s3aws: no bucket\./,
        );
        client.close();
    });

    it("says that sshd forwards nothing to the registry, not that it is down", async () => {
        const forbidden = closedPort(
            "worker-1",
            5000,
            new Error("(SSH) Channel open failure: administratively prohibited"),
        );
        const tunnel = () => Promise.reject(forbidden);
        const host = { name: "worker-1", address: "127.0.0.1", connection: { tunnel } } as unknown as Host;
        const found = RegistryClient.find([host], access(), new AbortController().signal);
        await assert.rejects(
            found,
            /REGISTRY_UNREACHABLE: .*sshd of worker-1 forwards no connection to port 5000/,
        );
        assert.match(
            closedPort("worker-1", 5000, new Error("refused")).message,
            /^PORT_CLOSED: Nothing answers/,
        );
    });

    it("says why the registry cannot be used: its login, its certificate, or that it runs nowhere", async () => {
        await assert.rejects(find({ password: "wrong" }), /REGISTRY_UNREACHABLE: .*refused a login \(401\)/);
        const other = await certificateFor(NAME);
        await assert.rejects(
            find({ ca: other.authority }),
            /REGISTRY_UNREACHABLE: .*(certificate|issuer|signature)/i,
        );
        const none = RegistryClient.find(hosts().slice(0, 1), access(), new AbortController().signal);
        await assert.rejects(
            none,
            /REGISTRY_UNREACHABLE: The registry registry.skep.internal:5000 answers on no host\. See/,
        );
    });
});
