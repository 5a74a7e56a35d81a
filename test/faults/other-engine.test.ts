// Two Docker engines on one machine: Skep uses the one that the user names, and a lab stays on the engine that has it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dockerClient } from "../../providers/runtime/docker";
import { projectId } from "../../lab/project";
import { Lab } from "../lab/lab";
import { required } from "../lab/required";
import { SecondEngine } from "./second-engine";

const STACK = "test-engines";

describe("A lab beside a second Docker engine", function () {
    this.timeout(600_000);
    const second = new SecondEngine();
    const lab = new Lab(STACK);
    /** The same project and stack in an environment that names the second engine. */
    const elsewhere = new Lab(STACK, lab.project, { DOCKER_HOST: second.host });
    const inContext = new Lab(STACK, lab.project, { DOCKER_CONFIG: join(second.folder, "config") });
    const label = `io.skep.stack=${STACK}`;

    before(async function () {
        if (process.getuid?.() !== 0) {
            console.log("      skipped: only root can start a second engine");
            return this.skip();
        }
        lab.configure({
            "skep:zones": 1,
            "skep:managers": 1,
            "skep:workers": 0,
            "skep:sample": { enabled: false },
        });
        await second.start();
        useContext("second");
    });
    after(async () => {
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
        await second.stop();
    });

    /** Makes a context the current one, as `docker context create` and `docker context use` do. */
    function useContext(name: string): void {
        const config = join(second.folder, "config");
        const meta = join(config, "contexts/meta", createHash("sha256").update(name).digest("hex"));
        mkdirSync(meta, { recursive: true });
        const Endpoints = { docker: { Host: second.host } };
        writeFileSync(join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints }));
        writeFileSync(join(config, "config.json"), JSON.stringify({ currentContext: name }));
    }

    const failure = (running: Promise<string>) =>
        running.then(
            (printed) => assert.fail(printed),
            ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
        );
    const hosts = () => dockerClient().listContainers({ all: true, filters: { label: [label] } });

    it("is not brought up on one without a bridge, which is what the current context names", async () => {
        const said = await failure(inContext.skep("up"));
        assert.match(said, new RegExp(`^✗ DOCKER_UNSUITED: The Docker engine at ${second.host} has no`, "m"));
        assert.doesNotMatch(said, /Installing|Starting Docker/);
        assert.equal((await hosts()).length, 0);
    });

    it("leaves nothing there when it is destroyed by that context, and nothing of the other engine goes", async () => {
        const Labels = { "io.skep.stack": STACK, "io.skep.project": projectId() };
        await second.client.createVolume({ Name: "left", Labels });
        await dockerClient().createVolume({ Name: `${STACK}-kept`, Labels });
        try {
            await inContext.skep("destroy", "--yes");
            assert.deepEqual((await second.client.listVolumes()).Volumes ?? [], []);
            await dockerClient().getVolume(`${STACK}-kept`).inspect();
        } finally {
            await dockerClient().getVolume(`${STACK}-kept`).remove();
        }
    });

    it("is looked for at the sockets that are there, before anything is installed or started", async () => {
        // Without /run this machine looks like one whose only engine is rootless.
        const script = 'mount -t tmpfs tmpfs /run && exec "$@"';
        const command = [process.execPath, "scripts/skep.mjs", "destroy", "--yes", "--stack", STACK];
        await second.client.createVolume({
            Name: "left",
            Labels: { "io.skep.stack": STACK, "io.skep.project": projectId() },
        });
        const printed = await lab.run(
            "sh",
            ["-c", 'unshare --mount sh -c "$0" sh "$@" 2>&1', script, ...command],
            { XDG_RUNTIME_DIR: second.folder },
        );
        assert.match(printed, /Removed volume left/);
        assert.doesNotMatch(printed, /Installing|Starting Docker/);
    });

    required("comes up on this machine's own", async () => {
        await lab.skep("up");
        assert.equal((await hosts()).length, 1);
    });

    it("is refused on the other one, by up, preview, destroy and the plain pulumi command", async () => {
        const { ID } = (await second.client.info()) as { ID: string };
        assert.notEqual(ID, ((await dockerClient().info()) as { ID: string }).ID);
        for (const other of [elsewhere, inContext])
            for (const command of ["up", "preview", "destroy"])
                assert.match(
                    await failure(other.skep(command, "--yes")),
                    /^✗ ENGINE_OTHER_MACHINE: .*DOCKER_HOST=unix:\/\/\/var\/run\/docker\.sock/m,
                );
        const script = `eval "$(node scripts/skep.mjs env --stack ${STACK})" && export DOCKER_HOST=${second.host} && pulumi preview --non-interactive`;
        assert.match(await failure(lab.run("sh", ["-c", script])), /ENGINE_OTHER_MACHINE/);
        assert.deepEqual(await second.client.listContainers({ all: true }), []);
    });

    it("is as it was on its own", async () => {
        const { changes } = await lab.json<{ changes: Record<string, number> }>("preview");
        assert.deepEqual(Object.keys(changes), ["same"]);
        assert.match(await lab.pulumi("preview"), /unchanged/);
        assert.equal((await hosts()).length, 1);
    });

    it("is the plain pulumi command's too: its environment names the engine, and asks for no plugin beforehand", async () => {
        const environment = await lab.json<Record<string, string>>("env");
        assert.equal(environment.DOCKER_HOST, "unix:///var/run/docker.sock");
        for (const name of ["DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"])
            assert.equal(environment[name], "");
        assert.equal(environment.PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL, "true");
    });

    it("is refused to a plain pulumi command whose plugins would follow another context", async () => {
        const script = `eval "$(node scripts/skep.mjs env --stack ${STACK})" && export DOCKER_CONTEXT=second && pulumi preview --non-interactive`;
        assert.match(await failure(lab.run("sh", ["-c", script])), /DOCKER_ENVIRONMENT/);
    });

    it("is given up for lost only when that is asked for", async () => {
        await elsewhere.skep("destroy", "--yes", "--orphaned");
        assert.equal((await hosts()).length, 1);
        // The hosts still belong to this clone, but its state has forgotten them.
        await lab.skep("destroy", "--yes");
        assert.equal((await hosts()).length, 0);
        rmSync(lab.clients, { recursive: true, force: true });
    });
});
