// Settings of the engine and of the swarm: what daemon.json and the swarm's specification get, and what is refused.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { checkSettings } from "../../config/settings";
import { engineSchema, logTokenProblems } from "../../config/engine";
import { mergeDaemon, takenProblems } from "../../planning/daemon-json";
import { daemonSettings } from "../../planning/daemon-settings";
import { KEYS_OF_SETTINGS, KEYS_REFUSED, LOG_DRIVERS } from "../../planning/engine-keys";
import { hostScript } from "../../swarm/scripts";
import { settingsIn, type SwarmSpec, withWishes } from "../../planning/swarm-settings";

const POOL = "172.30.0.0/16";
const keys = (engine: object) =>
    daemonSettings({ bridgePool: POOL, engine: engineSchema.parse(engine), logToken: undefined });
const problems = (engine: object, others: object = {}) =>
    checkSettings("dev", { engine, ...others }).problems.map(({ id, problem }) => `${id}: ${problem}`);

describe("daemon.json by the settings of the engine", () => {
    it("bounds logs, has the pool of bridges and no new privileges, and nothing else, without any setting", () => {
        assert.deepEqual(keys({}), {
            "log-driver": "json-file",
            "log-opts": { "max-size": "10m", "max-file": "3" },
            "default-address-pools": [{ base: POOL, size: 24 }],
            "no-new-privileges": true,
        });
    });

    it("has a key for each setting that is given", () => {
        const engine = {
            logDriver: "syslog",
            logOptions: { "syslog-address": "tcp+tls://logs.example:6514" },
            dns: { servers: ["10.0.0.2", "fd00::2"], search: ["corp.example"], options: ["ndots:1"] },
            mirrors: ["https://mirror.example"],
            labels: { tier: "a" },
            metrics: "0.0.0.0:9323",
            ulimits: { nofile: 65536, core: { soft: 0, hard: -1 } },
            features: { cdi: true },
            imageStore: "containerd",
            noNewPrivileges: false,
            icc: false,
            userlandProxy: false,
            shutdownTimeout: "30s",
            dataRoot: "/var/lib/docker/data",
            storageDriver: "overlay2",
            extra: { "max-concurrent-downloads": 6 },
        };
        assert.deepEqual(problems(engine), []);
        assert.deepEqual(keys(engine), {
            "log-driver": "syslog",
            "log-opts": { "syslog-address": "tcp+tls://logs.example:6514" },
            "default-address-pools": [{ base: POOL, size: 24 }],
            icc: false,
            "userland-proxy": false,
            dns: ["10.0.0.2", "fd00::2"],
            "dns-search": ["corp.example"],
            "dns-opts": ["ndots:1"],
            "registry-mirrors": ["https://mirror.example"],
            labels: ["tier=a"],
            "metrics-addr": "0.0.0.0:9323",
            "default-ulimits": {
                nofile: { Name: "nofile", Soft: 65536, Hard: 65536 },
                core: { Name: "core", Soft: 0, Hard: -1 },
            },
            features: { cdi: true, "containerd-snapshotter": true },
            "shutdown-timeout": 30,
            "data-root": "/var/lib/docker/data",
            "storage-driver": "overlay2",
            "max-concurrent-downloads": 6,
        });
    });

    it("keeps bounds for files only with drivers that write them", () => {
        assert.deepEqual(keys({ logDriver: "local" })["log-opts"], { "max-size": "10m", "max-file": "3" });
        assert.equal(keys({ logDriver: "journald" })["log-opts"], undefined);
    });
});

describe("A setting of the engine", () => {
    it("is refused with its reason where a swarm cannot have it, all of them at once", () => {
        const extra = Object.fromEntries(Object.keys(KEYS_REFUSED).map((key) => [key, true]));
        const said = problems({
            extra: { ...extra, "log-driver": "local", "storage-driver": "overlay2" },
            storageDriver: "devicemapper",
            features: { "containerd-snapshotter": true },
            dataRoot: "/data",
        });
        assert.equal(said.length, Object.keys(KEYS_REFUSED).length + 5, said.join("\n"));
        for (const each of said) assert.match(each, /^ENGINE_SETTING: /);
        assert.match(said.join("\n"), /live-restore cannot be set: .* cannot be in a swarm/);
        assert.match(
            said.join("\n"),
            /extra\.storage-driver would be there twice: skep:engine\.storageDriver/,
        );
        assert.match(said.join("\n"), /storageDriver is devicemapper, which engines from 25\.0 on/);
    });

    it("is known for every key that Skep itself may write", () => {
        const all = keys({
            ...{
                labels: { a: "b" },
                metrics: "0.0.0.0:9323",
                ulimits: { nofile: 1 },
                features: { cdi: true },
            },
            dns: { servers: ["10.0.0.2"], search: ["a.b"], options: ["ndots:1"] },
            ...{ mirrors: ["https://a.b"], icc: true, userlandProxy: true, shutdownTimeout: "1s" },
            ...{ dataRoot: "/data", storageDriver: "overlay2" },
        });
        assert.deepEqual(
            Object.keys(all).filter((key) => !(key in KEYS_OF_SETTINGS)),
            [],
        );
    });

    it("has the form that its log driver takes, and the options without which it logs nothing", () => {
        assert.deepEqual(problems({ logDriver: "awslogs", logOptions: { "awslogs-group": "swarm" } }), []);
        assert.deepEqual(problems({ logDriver: "fluentd", logOptions: { mode: "non-blocking" } }), []);
        const wrong: [object, RegExp][] = [
            [{ logOptions: { "max-size": "ten" } }, /max-size must be a size such as "10m"/],
            [{ logDriver: "local", logOptions: { tag: "x" } }, /driver local has no option tag/],
            [{ logDriver: "gelf" }, /driver gelf needs the option gelf-address/],
            [
                { logDriver: "gelf", logOptions: { "gelf-address": "logs.example" } },
                /gelf-address must be an address/,
            ],
            [
                { logDriver: "syslog", logOptions: { "syslog-address": "http://logs.example" } },
                /syslog-address must/,
            ],
        ];
        for (const [engine, form] of wrong) {
            assert.equal(problems(engine).length, 1, problems(engine).join("\n"));
            assert.match(problems(engine)[0]!, form);
        }
        assert.deepEqual(problems({ logDriver: "etwlogs" })[0]?.split(":")[0], "CONFIG_VALUE");
        for (const [driver, { needs, options }] of Object.entries(LOG_DRIVERS))
            for (const name of needs) assert.ok(name in options, `${driver} ${name}`);
    });

    it("keeps the token of splunk out of settings, and never shows it", () => {
        const splunk = { "splunk-url": "https://logs.example:8088", "splunk-token": "s3cret" };
        const said = problems({ logDriver: "splunk", logOptions: splunk });
        assert.match(said.join(), /^ENGINE_SETTING: skep:engine\.logOptions\.splunk-token is a secret/);
        assert.doesNotMatch(said.join(), /s3cret/);
        const engine = engineSchema.parse({ logDriver: "splunk" });
        assert.match(logTokenProblems(engine, undefined)[0]?.problem ?? "", /needs a token/);
        const clear = logTokenProblems(engine, "s3cret");
        assert.match(clear[0]?.problem ?? "", /kept in clear/);
        assert.doesNotMatch(JSON.stringify(clear), /s3cret/);
        assert.deepEqual(logTokenProblems(engine, { secure: "x" }), []);
        assert.deepEqual(logTokenProblems(engineSchema.parse({}), undefined), []);
    });

    it("leaves images to containerd only where the engine can", () => {
        assert.deepEqual(problems({ imageStore: "containerd" }), []);
        const old = problems({ imageStore: "containerd" }, { dockerVersion: "20.10" });
        assert.match(old.join(), /ENGINE_SETTING: .* the engine 20\.10 cannot leave images to it/);
    });

    it("has a port for metrics that nothing else uses", () => {
        assert.match(
            problems({ metrics: "0.0.0.0:2376" }).join(),
            /PORT_TAKEN: skep:engine\.metrics is 2376/,
        );
        for (const metrics of ["9323", ":9323", "everywhere:9323"])
            assert.match(problems({ metrics }).join(), /^CONFIG_VALUE: .* an address and a port/);
    });

    it("names limits that containers know", () => {
        assert.match(problems({ ulimits: { files: 1 } }).join(), /it must be one of these limits: .* nofile/);
        assert.match(problems({ ulimits: { nofile: "many" } }).join(), /must be a number, or a soft and/);
    });
});

describe("Keys of daemon.json, whoever wrote them", () => {
    const json = (value: unknown) => JSON.stringify(value);
    const object = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.integer({ min: 0, max: 2 }));

    it("end as Skep gives them or stay as others wrote them, and no conflict is written over in silence", () => {
        fc.assert(
            fc.property(object, object, fc.subarray(["a", "b", "c", "d", "e"]), (wanted, there, former) => {
                const found = { daemon: json(there), record: json(former) };
                const { content, record, others, taken } = mergeDaemon(json(wanted), found);
                const result = JSON.parse(content) as Record<string, unknown>;
                for (const [key, value] of Object.entries(wanted)) assert.equal(result[key], value);
                for (const key of others) assert.equal(result[key], there[key]);
                assert.deepEqual(new Set(Object.keys(result)), new Set([...Object.keys(wanted), ...others]));
                const isTaken = (key: string) =>
                    key in wanted && key in there && there[key] !== wanted[key] && !former.includes(key);
                assert.deepEqual(taken, Object.keys(there).filter(isTaken));
                // A second time there is nothing left to do.
                const again = mergeDaemon(json(wanted), { daemon: content, record });
                assert.deepEqual([again.content, again.record, again.taken], [content, record, []]);
            }),
        );
    });

    it("are mended where Skep wrote them, and refused with their names where somebody else did", () => {
        const ours = json({ "no-new-privileges": true, "log-driver": "json-file" });
        const daemon = json({ "no-new-privileges": false, "log-driver": "local" });
        assert.deepEqual(mergeDaemon(ours, { daemon }).taken, ["no-new-privileges"]);
        assert.deepEqual(
            mergeDaemon(ours, { daemon, record: '["no-new-privileges","log-driver"]' }).taken,
            [],
        );
        const [problem] = takenProblems("worker-1", ["no-new-privileges", "mtu"]);
        assert.equal(problem?.id, "ENGINE_KEY_TAKEN");
        assert.match(problem.problem, /daemon\.json of worker-1 .*: no-new-privileges and mtu\.$/);
        assert.deepEqual(takenProblems("worker-1", []), []);
    });
});

describe("Settings of the swarm", () => {
    const SPEC = {
        Name: "default",
        Labels: { theirs: "1" },
        Orchestration: { TaskHistoryRetentionLimit: 5 },
        Raft: { SnapshotInterval: 10_000, ElectionTick: 10 },
        Dispatcher: { HeartbeatPeriod: 5e9 },
        CAConfig: { NodeCertExpiry: 7776e12 },
    } as unknown as SwarmSpec;

    it("change what is given and nothing else, once", () => {
        const wishes = {
            taskHistory: 2,
            snapshotInterval: 5000,
            heartbeat: 10,
            certificateExpiry: 30 * 86_400,
        };
        const changed = withWishes(SPEC, wishes);
        assert.deepEqual(changed, {
            ...SPEC,
            Orchestration: { TaskHistoryRetentionLimit: 2 },
            Raft: { SnapshotInterval: 5000, ElectionTick: 10 },
            Dispatcher: { HeartbeatPeriod: 10e9 },
            CAConfig: { NodeCertExpiry: 2592e12 },
        });
        assert.equal(withWishes(changed, wishes), changed);
        assert.equal(withWishes(SPEC, {}), SPEC);
        assert.deepEqual(settingsIn(changed, wishes), wishes);
        assert.deepEqual(settingsIn(SPEC, { taskHistory: 2 }), { taskHistory: 5 });
    });

    it("are read as times and numbers, and refused where no swarm could follow", () => {
        const read = (swarm: object) => checkSettings("dev", { swarm });
        assert.deepEqual(read({ certificateExpiry: "90d", heartbeat: "5s" }).settings?.swarm, {
            certificateExpiry: 7_776_000,
            heartbeat: 5,
        });
        for (const swarm of [{ certificateExpiry: "3h" }, { dataPathPort: 7946 }, { dataPathPort: 80 }])
            assert.deepEqual(
                read(swarm).problems.map(({ id }) => id),
                ["CONFIG_VALUE"],
            );
    });
});

describe("The bundle for support", () => {
    it("has daemon.json without the token of a log driver", () => {
        const [, line = ""] = /^part settings sed '(.+)' \/etc/m.exec(hostScript("support")) ?? [];
        const opts = { "splunk-token": "s3cret-0123", "splunk-url": "https://logs.example" };
        for (const input of [JSON.stringify({ "log-opts": opts }), JSON.stringify(opts, undefined, 4)]) {
            const shown = String(execFileSync("sed", [line], { input }));
            assert.match(shown, /"splunk-token": ?"\[secret\]"/);
            assert.match(shown, /https:\/\/logs\.example/);
            assert.doesNotMatch(shown, /s3cret/);
        }
    });
});

describe("Scripts that look below the engine's data root", () => {
    it("find it in daemon.json, however that is laid out", () => {
        const line = `s/.*"data-root"[^"]*"\\([^"]*\\)".*/\\1/p`;
        const text = JSON.stringify(keys({ dataRoot: "/var/lib/docker/data" }), undefined, 4);
        for (const input of [text, '{"a":1,"data-root":"/var/lib/docker/data","z":2}'])
            assert.equal(String(execFileSync("sed", ["-n", line], { input })).trim(), "/var/lib/docker/data");
    });
});
