// Whose keys in a host's daemon.json are whose, and what a look at a host finds out about its engine's start.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { engineSchema } from "../../config/engine";
import { daemonSettings } from "../../planning/daemon-settings";
import { daemonMode, daemonText, mergeDaemon } from "../../planning/daemon-json";
import { sayOthers } from "../../providers/swarm/engine-rollout";
import { hostScript } from "../../swarm/scripts";
import { LOOK } from "../../planning/engine-packages";

const json = (value: unknown) => JSON.stringify(value);
const OURS = { "log-driver": "json-file", "log-opts": { "max-size": "10m" } };

describe("daemon.json of a host", () => {
    it("is Skep's alone on a new host, with a record of its keys", () => {
        const { content, record, others } = mergeDaemon(json(OURS), {});
        assert.equal(content, json(OURS));
        assert.deepEqual(JSON.parse(record), Object.keys(OURS));
        assert.deepEqual(others, []);
    });

    it("keeps keys and layout of others as long as Skep's keys are as they should be", () => {
        const daemon = '{"debug":true,  "log-opts":{"max-size":"10m"},"log-driver":"json-file"}';
        assert.equal(mergeDaemon(json(OURS), { daemon }).content, daemon);
        assert.deepEqual(mergeDaemon(json(OURS), { daemon }).others, ["debug"]);
    });

    it("gets Skep's keys back, and loses those that Skep gives no longer", () => {
        const daemon = json({ debug: true, "log-driver": "local", mtu: 1400 });
        const { content, others } = mergeDaemon(json(OURS), { daemon, record: '["log-driver","mtu"]' });
        assert.deepEqual(JSON.parse(content), { ...OURS, debug: true });
        assert.deepEqual(others, ["debug"]);
    });

    it("differs in the keys that the host has otherwise, too many or not at all", () => {
        const daemon = json({ debug: true, "log-driver": "local", mtu: 1400 });
        const { changed } = mergeDaemon(json(OURS), { daemon, record: '["log-driver","mtu"]' });
        assert.deepEqual(changed.sort(), ["log-driver", "log-opts", "mtu"]);
        assert.deepEqual(mergeDaemon(json(OURS), { daemon: json({ ...OURS, debug: true }) }).changed, []);
    });

    it("has Skep's keys of before the record on a host without one", () => {
        const daemon = json({ ...OURS, "default-address-pools": [], mtu: 1400 });
        const { content } = mergeDaemon(json(OURS), { daemon });
        assert.deepEqual(JSON.parse(content), { ...OURS, mtu: 1400 });
    });

    it("has others' keys named in one line, and none where there are none", () => {
        const said: string[] = [];
        const ctx = { log: (text: string) => void said.push(text) };
        sayOthers("worker-1", [], ctx);
        sayOthers("worker-1", ["debug", "mtu"], ctx);
        assert.match(
            said.join("\n"),
            /^ENGINE_KEYS_KEPT: daemon\.json of worker-1 .* they stay: debug, mtu\. [^\n]+$/,
        );
    });

    it("is written anew where it is no JSON, with which no engine starts", () => {
        for (const daemon of ["{", "[]", "null", ""])
            assert.equal(mergeDaemon(json(OURS), { daemon }).content, json(OURS));
    });
});

describe("The settings of an engine", () => {
    it("say where its bridges may be, and bound its logs", () => {
        assert.deepEqual(daemonSettings({ bridgePool: "172.30.0.0/16", engine: engineSchema.parse({}) }), {
            "log-driver": "json-file",
            "log-opts": { "max-size": "10m", "max-file": "3" },
            "default-address-pools": [{ base: "172.30.0.0/16", size: 24 }],
            "no-new-privileges": true,
        });
    });

    it("are for root alone where they hold the token of a log driver", () => {
        const engine = engineSchema.parse({
            logDriver: "splunk",
            logOptions: { "splunk-url": "https://logs.example:8088" },
        });
        const daemon = daemonSettings({ bridgePool: "172.30.0.0/16", engine, logToken: "t0ken" });
        assert.match(json(daemon), /"splunk-token":"t0ken"/);
        assert.equal(daemonMode(daemonText(daemon)), "600");
        assert.equal(daemonMode(json(OURS)), "644");
    });
});

describe("An engine that refuses its settings", () => {
    it("keeps the old ones, and says what it refuses", () => {
        const folder = mkdtempSync(join(tmpdir(), "skep-test-"));
        const dockerd = `#!/bin/sh
case "$*" in *--help*) echo "  --validate" ;; *) echo "unable to configure: unknown log opt"; exit 1 ;; esac
`;
        writeFileSync(join(folder, "dockerd"), dockerd, { mode: 0o755 });
        const fail = 'fail() { echo "skep: $1: $2" >&2; exit 1; }';
        const env = {
            PATH: [folder, process.env.PATH].join(delimiter),
            DAEMON: Buffer.from(json(OURS)).toString("base64"),
            RECORD: "",
            FILE_MODE: "644",
            RELOAD: "no",
            CHECK: "yes",
        };
        const run = () =>
            execFileSync("sh", ["-c", `${fail}\n${hostScript("daemon")}`], { env, stdio: "pipe" });
        assert.throws(run, /skep: ENGINE_CONFIG: The engine refuses the settings .*unknown log opt/);
        rmSync(folder, { recursive: true });
    });
});

describe("A look at a host's engine", () => {
    const folder = mkdtempSync(join(tmpdir(), "skep-test-"));
    after(() => rmSync(folder, { recursive: true }));

    /** What it prints where these programs say so. `changed` is when the files changed, in seconds. */
    function look(programs: Record<string, string>, changed = 0, reloaded?: number): string {
        const stamp = join(folder, "reloaded");
        rmSync(stamp, { force: true });
        if (reloaded !== undefined) writeFileSync(stamp, "");
        const all = {
            sudo: 'shift; exec "$@"',
            "dpkg-query": "exit 1",
            systemctl: 'case "$*" in *show*) echo "@1000" ;; esac',
            stat: `case "$*" in *reloaded*) echo ${reloaded ?? 0} ;; *) echo ${changed} ;; esac`,
            ...programs,
        };
        for (const [name, body] of Object.entries(all))
            writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
        const env = { PATH: [folder, process.env.PATH].join(delimiter) };
        const command = LOOK.replaceAll("/etc/skep/daemon-reloaded", stamp);
        return String(execFileSync("sh", ["-c", command], { env }));
    }
    const CHAINS =
        'case "$*" in *nat*) echo "-A PREROUTING -j DOCKER" ;; *) echo "-A FORWARD -j DOCKER-USER" ;; esac';

    it("finds nothing on a host that is as it should be, or that has no iptables", () => {
        assert.equal(look({ iptables: CHAINS }), "");
        assert.equal(look({ iptables: "exit 4" }), "");
    });

    it("finds files that are newer than the engine's start", () => {
        assert.equal(
            look({ iptables: CHAINS }, 1001),
            "newer /etc/docker/daemon.json\nnewer /etc/docker/tls/cert.pem\nnewer /etc/systemd/system/docker.service.d\n",
        );
        assert.equal(look({ iptables: CHAINS }, 1000), "");
    });

    it("takes settings for read that the engine has read again without a restart", () => {
        assert.doesNotMatch(look({ iptables: CHAINS }, 1001, 1001), /daemon\.json/);
        assert.match(look({ iptables: CHAINS }, 1002, 1001), /newer \/etc\/docker\/daemon\.json/);
    });

    it("finds a flushed firewall, of either table", () => {
        assert.equal(look({ iptables: "echo -P FORWARD ACCEPT" }), "no-chains\n");
        assert.equal(
            look({ iptables: 'case "$*" in *nat*) ;; *) echo "-j DOCKER-USER" ;; esac' }),
            "no-chains\n",
        );
    });

    it("asks nothing of an engine that is stopped", () => {
        const systemctl = 'case "$*" in *show*) echo "@1000" ;; *) exit 3 ;; esac';
        assert.equal(look({ systemctl, iptables: "true" }, 1001), "");
    });
});
