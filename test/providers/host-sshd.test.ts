// How Skep copes with sshd's settings, on a real host with a real engine: it names what keeps it out, and never takes the
// engine for one that stopped or that has to change.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { projectId } from "../../lab/project";
import { ENGINE_PACKAGES } from "../../planning/engine-packages";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import { renderMetaData, renderUserData } from "../../planning/userdata";
import type { Context, Props } from "../../providers/runtime/types";
import { engineRollout } from "../../providers/swarm/engine-rollout";
import { hostEngine } from "../../providers/swarm/host-engine";
import { dockerClient } from "../../scripts/setup/docker";
import { createProgress } from "../../scripts/setup/progress";
import { listPackages } from "../../scripts/setup/repository";
import { setup } from "../../scripts/setup/setup";
import { closeRemotes, remote } from "../../swarm/engine";
import { makeHost, runOn } from "../support/host-container";
import { sshKeyPair } from "../support/ssh-key";
import { eventually } from "./support";

const STACK = "test-sshd";
const NAME = "worker-1";
const SETTINGS = "/etc/ssh/sshd_config.d/10-test.conf";
const SSH_PORT = 22;

describe("An sshd that", function () {
    this.timeout(120_000);
    const [own, user] = [sshKeyPair(), sshKeyPair()];
    const said: string[] = [];
    const { signal } = new AbortController();
    const context = {
        signal,
        log: (text: string, severity = "info") => void said.push(`${severity} ${text}`),
    } as unknown as Context;
    let container: Docker.Container | undefined;
    let state: Props;

    before("a host with an engine", async () => {
        const { images, repository } = await setup({
            progress: createProgress({ silent: true }),
            needs: "lab",
        });
        if (!images || !repository) throw new Error("set-up made no lab");
        container = await makeHost(dockerClient(), {
            name: `skep-${STACK}-${NAME}`,
            hostname: NAME,
            image: images.host.id,
            labels: { [STACK_LABEL]: STACK, [PROJECT_LABEL]: projectId() },
            mount: repository.mount,
            seed: {
                "user-data": renderUserData({
                    hostname: NAME,
                    user: "admin",
                    authorizedKey: user.public,
                    hostKey: { privateKey: own.private, publicKey: own.public },
                }),
                "meta-data": renderMetaData(STACK, NAME),
            },
        });
        await container.start();
        const { NetworkSettings, Id } = await container.inspect();
        const found = await listPackages(repository, "bookworm");
        const address = NetworkSettings.Networks.bridge?.IPAddress ?? "";
        const ssh = {
            host: address,
            port: SSH_PORT,
            user: "admin",
            privateKey: user.private,
            hostKey: own.public,
        };
        const inputs: Props = {
            host: { id: Id, name: NAME, role: "worker", zone: "a", address, ssh },
            hostId: Id,
            daemon: {},
            repository: { url: repository.url, fingerprint: repository.fingerprint },
            packages: Object.fromEntries(ENGINE_PACKAGES.map((name) => [name, found[name][0]])),
        };
        // cloud-init restarts sshd while the host boots.
        const booted = () => remote(inputs.host).exec("cloud-init status --wait", { signal });
        await eventually(() => booted().catch(() => undefined));
        const { outs } = await hostEngine.create(inputs, context);
        state = { ...inputs, ...outs };
    });
    beforeEach(() => void (said.length = 0));
    afterEach(closeRemotes);
    after(async () => {
        await container?.remove({ force: true, v: true });
    });

    /** Gives sshd these settings in addition to its own. */
    async function configure(...lines: string[]): Promise<void> {
        await closeRemotes();
        const text = lines.map((line) => `${line}\\n`).join("");
        await runOn(
            container!,
            `printf '${text}' >${SETTINGS} && sshd -t && systemctl reset-failed ssh && systemctl restart ssh`,
        );
    }

    /** Asserts that a refresh leaves the engine as it is, and returns what it says. */
    async function looks(): Promise<string> {
        const engines = { [NAME]: state.packages as Props };
        const all = { hosts: [state.host as Props], engines, daemon: state.daemon as Props };
        const { outs, inputs } = await engineRollout.read!("1", all, context);
        assert.deepEqual(outs?.engines, engines);
        assert.deepEqual(inputs?.engines, engines);
        return said.join("\n");
    }

    const exec = (command: string) => remote(state.host).exec(command, { signal });

    it("is as Debian has it shows the engine as it should be", async () => {
        assert.equal(await looks(), "");
    });

    it("forwards no connection to the engine is named, by a refresh and by an update", async () => {
        await configure("AllowStreamLocalForwarding no");
        assert.match(await looks(), /^warning ENGINE_LEFT: .*\(HOST_FORWARDING\): .* Set AllowStreamLocal/);
        const update = hostEngine.update!("1", state, state, context);
        await assert.rejects(update, /HOST_FORWARDING/);
    });

    it("takes one session a connection lets all commands run, and is named if it takes none", async () => {
        await configure("MaxSessions 1");
        const many = await Promise.all(
            ["a", "b", "c", "d", "e"].map((word) => exec(`sleep 0.2; echo ${word}`)),
        );
        assert.equal(many.map(({ stdout }) => stdout.trim()).join(""), "abcde");
        assert.equal(await looks(), "");
        await configure("MaxSessions 0");
        assert.match(await looks(), /^warning ENGINE_LEFT: .*\(HOST_SESSIONS\): .* Set MaxSessions/);
    });

    it("is full of logins that others have begun is named, and is dialled again until there is room", async () => {
        await configure("MaxStartups 1");
        const other = createConnection(SSH_PORT, state.host.address);
        await once(other, "data");
        assert.match(await looks(), /^warning ENGINE_LEFT: .*\(HOST_HANGS_UP\): .* MaxStartups/);
        said.length = 0;
        const looking = looks();
        await sleep(300);
        other.destroy();
        assert.equal(await looking, "");
    });

    it("ends what is idle ends no command unseen, and is dialled again where it ended the connection", async () => {
        await configure("ChannelTimeout session:*=1", "UnusedConnectionTimeout 1", "ClientAliveInterval 1");
        await assert.rejects(exec("sleep 4"), /HOST_IDLE_TIMEOUT: .*ChannelTimeout and ClientAliveInterval/);
        assert.equal(await looks(), "");
        await configure(
            "ChannelTimeout direct-streamlocal@openssh.com=1 session:*=1",
            "UnusedConnectionTimeout 1",
        );
        assert.equal(await looks(), "");
        await sleep(3000);
        assert.equal(await looks(), "");
        // As on a host that is busy: the look itself takes longer than sshd allows.
        await runOn(
            container!,
            "cd /usr/local/bin && printf '#!/bin/sh\\nsleep 4\\n' >dpkg-query && chmod 755 dpkg-query",
        );
        assert.match(await looks(), /^warning ENGINE_LEFT: .*\(HOST_IDLE_TIMEOUT\): .* ChannelTimeout/);
    });
});
