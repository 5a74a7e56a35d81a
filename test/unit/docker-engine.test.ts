// Set-up and a stack's engine, with fake engines: the tests need no Docker, and install none.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerClient, dockerEnvironment } from "../../providers/runtime/docker";
import type { Progress } from "../../scripts/setup/progress";
import { ensureDocker } from "../../scripts/setup/docker";
import { labEngine, refuseOtherEnvironment } from "../../lab/engine";
import { type Answer, FakeEngine } from "../support/fake-engine";

const NAMES = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_TLS",
];

describe("A Docker engine elsewhere", () => {
    const outside = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
    const engines: FakeEngine[] = [];
    let folder: string;
    /** The steps that set-up reported. An installation or a start would be among them. */
    let steps: string[];
    const progress: Progress = {
        note: (text) => void steps.push(text),
        step: (title, work) => {
            steps.push(title);
            return work(() => undefined);
        },
    } as Progress;

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "skep-test-"));
        steps = [];
        for (const name of NAMES) delete process.env[name];
        process.env.DOCKER_CONFIG = folder;
    });
    afterEach(async () => {
        for (const engine of engines.splice(0)) await engine.close();
        rmSync(folder, { recursive: true });
        for (const [name, value] of Object.entries(outside))
            if (value === undefined) delete process.env[name];
            else process.env[name] = value;
    });

    async function engine(answer?: Answer): Promise<FakeEngine> {
        const made = await new FakeEngine(answer).listen();
        engines.push(made);
        return made;
    }

    /** Makes a context the current one, as `docker context create NAME` and `docker context use NAME` do. */
    function useContext(name: string, host: string): void {
        const meta = join(folder, "contexts/meta", createHash("sha256").update(name).digest("hex"));
        mkdirSync(meta, { recursive: true });
        writeFileSync(
            join(meta, "meta.json"),
            JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
        );
        writeFileSync(join(folder, "config.json"), JSON.stringify({ currentContext: name }));
    }

    it("that the current context names is taken, and nothing is installed or started", async () => {
        const there = await engine();
        useContext("rootless", `unix://${there.socket}`);
        await ensureDocker(progress, "hosts");
        assert.deepEqual(steps, []);
        assert.deepEqual(await dockerClient().info(), { ID: "FAKE" });
        assert.equal(dockerEnvironment().DOCKER_HOST, `unix://${there.socket}`);
        assert.equal(dockerEnvironment().DOCKER_CONTEXT, "");
    });

    it("that does not answer is named with what names it, and nothing takes its place", async () => {
        useContext("gone", `unix://${folder}/no.sock`);
        await assert.rejects(
            ensureDocker(progress),
            /DOCKER_UNREACHABLE: .*the Docker context "gone" \(unix:.*ENOENT.*docker context use/,
        );
        assert.deepEqual(steps, []);
    });

    it("is refused with its reason when Podman answers there", async () => {
        const podman = await engine(({ path }) =>
            path === "/version" ? { Components: [{ Name: "Podman Engine" }] } : undefined,
        );
        process.env.DOCKER_HOST = `unix://${podman.socket}`;
        await assert.rejects(ensureDocker(progress), /DOCKER_UNSUITED: Podman answers at unix:.*"bridge"/);
    });

    it("is refused for hosts when it has no bridge, and good for taking a lab down", async () => {
        const bare = await engine(({ path }) => (path === "/networks/bridge" ? 404 : undefined));
        process.env.DOCKER_HOST = `unix://${bare.socket}`;
        await assert.rejects(
            ensureDocker(progress, "hosts"),
            /DOCKER_UNSUITED: .* has no network "bridge".*daemon\.json/,
        );
        await ensureDocker(progress);
    });

    describe("than the one that has a stack's hosts", () => {
        const kept = { id: "FAKE", endpoint: "unix:///first.sock" };

        async function at(id: string, containers: object[] = []): Promise<string> {
            const there = await engine(({ path }) =>
                path === "/info" ? { ID: id } : path === "/containers/json" ? containers : undefined,
            );
            process.env.DOCKER_HOST = `unix://${there.socket}`;
            return process.env.DOCKER_HOST;
        }

        it("is refused, and the line names where that one was", async () => {
            await at("OTHER");
            await assert.rejects(
                labEngine("dev", { engine: kept, wasUp: true }),
                /ENGINE_OTHER_MACHINE: The hosts of the stack "dev" are on another Docker engine than the one at unix:.*set DOCKER_HOST=unix:\/\/\/first\.sock.*--stack dev --orphaned/,
            );
            await assert.rejects(labEngine("dev", { engine: kept, wasUp: false }), /ENGINE_OTHER_MACHINE/);
        });

        it("is not that engine at another socket", async () => {
            const endpoint = await at("FAKE");
            assert.deepEqual(await labEngine("dev", { engine: kept, wasUp: true }), { id: "FAKE", endpoint });
        });

        it("is any that has none of the hosts, where no engine was kept and the stack was up", async () => {
            await at("OTHER");
            await assert.rejects(labEngine("dev", { wasUp: true }), /ENGINE_OTHER_MACHINE/);
            const endpoint = await at("OTHER", [{ Id: "1" }]);
            assert.deepEqual(await labEngine("dev", { wasUp: true }), { id: "OTHER", endpoint });
        });

        it("is none before the stack was ever up", async () => {
            const endpoint = await at("OTHER");
            assert.deepEqual(await labEngine("dev", { wasUp: false }), { id: "OTHER", endpoint });
        });
    });

    it("is refused to the plain pulumi command, whose plugins would look for one by themselves", async () => {
        const there = await engine();
        useContext("rootless", `unix://${there.socket}`);
        assert.throws(refuseOtherEnvironment, /DOCKER_ENVIRONMENT: .*skep -- env/);
        Object.assign(process.env, dockerEnvironment());
        refuseOtherEnvironment();
        process.env.DOCKER_CONTEXT = "another";
        assert.throws(refuseOtherEnvironment, /DOCKER_ENVIRONMENT/);
    });
});
