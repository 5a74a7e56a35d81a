// Backups: which managers are copied, what they are called, where they are kept, and with which keys.

import assert from "node:assert/strict";
import {
    createWriteStream,
    existsSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { identityToRecipient } from "age-encryption";
import { openArchive } from "../../cli/backup/archive";
import { findBackup } from "../../cli/backup/find";
import { identitiesOf, recipientOf } from "../../cli/backup/identity";
import { makeBackup, managersToSave } from "../../cli/backup/make";
import { storeAt } from "../../cli/backup/store";
import { refuseBucket, stopsOf } from "../../cli/commands/backup";
import { list, manifestLines } from "../../cli/commands/backups";
import { ageText } from "../../planning/durations";
import { archiveName, archiveOf, LAST_BACKUP, superfluous } from "../../planning/recovery/archives";
import { type Candidate, chooseSaves, type Share } from "../../planning/recovery/saves";
import { cronLine, units } from "../../planning/recovery/schedule";
import type { Swarm } from "../../swarm/swarm";
import { fakeStanding } from "../support/fake-standing";
import { type FakeCluster, type FakeHost, FakeWorld } from "../support/fake-swarm";
import { printed } from "../support/printed";
import { refusedWith } from "../support/refused";
import { assertMatches } from "../support/schema";

function manager(name: string, more: Partial<Candidate> = {}): Candidate {
    const plain = { id: name, name, role: "manager", leader: false, status: "ready" } as const;
    return { ...plain, reachability: "reachable", hasRegistry: false, ...more };
}

const names = (all: readonly { name: string }[]) => all.map(({ name }) => name).join(" ");

describe("The managers that a backup copies", () => {
    const three = [manager("m1", { leader: true }), manager("m2", { hasRegistry: true }), manager("m3")];

    it("are a majority, without the registry's host where others are enough, and the leader after others", () => {
        assert.equal(names(chooseSaves(three, "majority")), "m3 m1");
        assert.equal(names(chooseSaves(three, "all")), "m3 m1 m2");
        assert.equal(names(chooseSaves(three, "one")), "m3");
        const both = [manager("m1", { leader: true, hasRegistry: true }), manager("m2"), manager("m3")];
        assert.equal(names(chooseSaves(both, "majority")), "m2 m3");
        assert.equal(names(chooseSaves([manager("m1", { leader: true })], "majority")), "m1");
    });

    it("are none that do not answer, which count for the majority all the same", () => {
        const five = ["m1", "m2", "m3", "m4", "m5"].map((name) => manager(name));
        five[1] = manager("m2", { reachability: "unreachable" });
        assert.equal(names(chooseSaves(five, "majority")), "m1 m3 m4");
        assert.equal(names(chooseSaves(five, "all")), "m1 m3 m4 m5");
    });

    it("stop nothing unsaid: the only manager, and the registry", () => {
        assert.equal(stopsOf(chooseSaves(three, "majority")), "");
        assert.match(stopsOf(chooseSaves(three, "all")), /^The registry on m2 stops/);
        assert.match(stopsOf([manager("m1", { leader: true })]), /^m1 is the only manager/);
    });
});

describe("The names of backups", () => {
    it("have the stack, also one with dashes, and the time", () => {
        const at = new Date("2026-11-27T03:04:05.678Z");
        const name = archiveName("a-b-3", at);
        assert.equal(name, "a-b-3-20261127T030405Z.skep");
        assert.deepEqual(archiveOf(name), { name, stack: "a-b-3", at: at.setMilliseconds(0) });
        for (const other of ["x.skep", `.${name}.partial-7`, `${name}.age`, name.toUpperCase()])
            assert.equal(archiveOf(other), undefined, other);
    });

    it("say which are too many: the oldest of this stack, and never the one just made", () => {
        const day = (n: number, stack = "dev") => archiveName(stack, new Date(Date.UTC(2026, 10, n)));
        const all = [day(3), day(1), day(2), day(1, "dev-2"), "notes.txt"];
        assert.deepEqual(superfluous(all, day(3), 1), [day(2), day(1)]);
        assert.deepEqual(superfluous(all, day(3), 2), [day(1)]);
        assert.deepEqual(superfluous(all, day(3), 3), []);
        // The clock was wrong when it was made.
        assert.deepEqual(superfluous([...all, day(0)], day(0), 1), [day(3), day(2), day(1)]);
    });

    it("have an age in a unit that says enough", () => {
        const ages = [0, 59_000, 120_000, 3 * 3_600_000, 49 * 3_600_000, -5000].map((ms) =>
            ageText(1e9, 1e9 + ms),
        );
        assert.deepEqual(ages, ["0 s", "59 s", "2 min", "3 h", "2 d", "0 s"]);
    });
});

describe("A folder of backups", () => {
    const NAME = archiveName("dev", new Date("2026-11-27T03:00:00Z"));
    let folder = "";
    before(() => (folder = mkdtempSync(join(tmpdir(), "skep-backups-"))));
    after(() => rmSync(folder, { recursive: true }));

    const filled = async (to: Writable) => {
        to.end("a backup");
        return Promise.resolve("done");
    };

    it("is made for its owner alone, and has a backup once it is whole", async () => {
        const store = await storeAt(join(folder, "new"));
        assert.deepEqual(await store.list(), []);
        const during: string[][] = [];
        const done = await store.write(NAME, async (to) => {
            during.push((await store.list()).map(({ name }) => name));
            return filled(to);
        });
        assert.equal(done, "done");
        assert.deepEqual(during, [[]]);
        assert.deepEqual(await store.list(), [{ name: NAME, bytes: 8 }]);
        assert.equal(statSync(store.where).mode & 0o777, 0o700);
        assert.equal(statSync(join(store.where, NAME)).mode & 0o777, 0o600);
        assert.equal(await text(await store.read(NAME)), "a backup");
        assert.equal(await text(await store.read(NAME, 3)), "a b");
        await store.remove(NAME);
        assert.deepEqual(readdirSync(store.where), []);
    });

    it("has nothing of a backup that failed, and loses what a killed one left", async () => {
        const store = await storeAt(folder);
        const failing = store.write(NAME, async (to) => {
            to.write("half");
            return Promise.reject(new Error("interrupted"));
        });
        await assert.rejects(failing, /interrupted/);
        assert.deepEqual(
            readdirSync(folder).filter((name) => name.includes("skep")),
            [],
        );
        // No process has this number: it is above the kernel's limit.
        const left = join(folder, `.${NAME}.partial-99999999`);
        const busy = join(folder, `.${NAME}.partial-${process.ppid}`);
        for (const path of [left, busy]) writeFileSync(path, "half");
        await store.write(NAME, filled);
        assert.ok(!existsSync(left));
        assert.ok(existsSync(busy), "another backup is at work on it");
    });

    it("says what is wrong with it, and which backup it does not have", async () => {
        assert.equal(
            await refusedWith((await storeAt(folder)).read("dev-20200101T000000Z.skep")),
            "BACKUP_UNKNOWN",
        );
        writeFileSync(join(folder, "file"), "");
        const noFolder = await storeAt(join(folder, "file"));
        assert.equal(await refusedWith(noFolder.write(NAME, filled)), "BACKUP_STORE");
        assert.equal(await refusedWith(noFolder.list()), "BACKUP_STORE");
        const full = await storeAt(folder);
        const writing = full.write(NAME, async () => {
            const to = createWriteStream("/dev/full");
            const failed = new Promise((_, reject) => to.on("error", reject));
            to.write("x");
            await failed;
        });
        assert.equal(await refusedWith(writing), "BACKUP_STORE");
    });
});

describe("The keys of backups", () => {
    let folder = "";
    before(() => (folder = mkdtempSync(join(tmpdir(), "skep-keys-"))));
    after(() => rmSync(folder, { recursive: true }));

    it("are made once, for the owner's eyes, as age's own command takes them", async () => {
        const file = join(folder, "own");
        assert.deepEqual(await identitiesOf(undefined, file), []);
        const first = await recipientOf(undefined, file);
        assert.ok(first.isNew);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.match(readFileSync(file, "utf8"), /^# .*\n# public key: age1\w+\nAGE-SECRET-KEY-1\w+\n$/);
        const again = await recipientOf(undefined, file);
        assert.deepEqual(again, { ...first, isNew: false });
        assert.deepEqual(await identitiesOf(undefined, file), [first.identity]);
        assert.equal(await identityToRecipient(first.identity ?? ""), first.recipient);
    });

    it("may be others that are given, and are refused when they are none", async () => {
        const file = join(folder, "other");
        const { recipient, identity } = await recipientOf(undefined, join(folder, "elsewhere"));
        assert.deepEqual(await recipientOf(recipient, file), {
            recipient,
            identity: undefined,
            isNew: false,
        });
        assert.ok(!existsSync(file), "no own key is made beside it");
        writeFileSync(file, `# mine\n${identity}\n`);
        assert.equal((await recipientOf(recipient, file)).identity, identity);
        assert.equal(await refusedWith(recipientOf("age1nonsense", file)), "BACKUP_RECIPIENT");
        assert.equal(await refusedWith(identitiesOf(join(folder, "none"))), "BACKUP_IDENTITY");
        writeFileSync(file, `${recipient}\n`);
        assert.equal(await refusedWith(identitiesOf(file)), "BACKUP_IDENTITY");
    });
});

describe("A backup every day", () => {
    const wanted = {
        stack: "dev",
        at: "03:05",
        folder: "/srv/my 100% clone",
        command: ["/usr/bin/node", "/srv/my 100% clone/skep.mjs", "backup", "--to", 'a"b$c'],
    };

    it("is a unit and a timer of systemd, whatever the folder is called", () => {
        const [service, timer] = units(wanted);
        assert.equal(service?.name, "skep-backup-dev.service");
        assert.match(service?.text ?? "", /^WorkingDirectory=\/srv\/my 100%% clone$/m);
        const run = 'ExecStart=/usr/bin/node "/srv/my 100%% clone/skep.mjs" backup --to "a\\"b$$c"';
        assert.ok(service?.text.split("\n").includes(run), service?.text);
        assert.equal(timer?.name, "skep-backup-dev.timer");
        assert.match(timer?.text ?? "", /^OnCalendar=\*-\*-\* 03:05:00$/m);
        assert.match(timer?.text ?? "", /^Persistent=true$/m);
    });

    it("is a line for cron", () => {
        const line = cronLine(wanted);
        assert.ok(line.startsWith("5 3 * * * cd '/srv/my 100\\% clone' && '/usr/bin/node' "), line);
    });
});

describe("What skep backup show prints", () => {
    it("fits into 80 columns, with everything by its name", () => {
        const manifest = {
            ...({ form: 1, skep: "0.1.0", stack: "dev", clusterId: "c".repeat(25), autolock: true } as const),
            made: "2026-11-27T03:00:00.000Z",
            managers: [
                {
                    ...{ name: "manager-1", nodeId: "n", address: "10.190.0.11", engine: "28.5.2+dfsg4" },
                    ...{ at: "2026-11-27T03:00:00Z", sha256: "0", bytes: 140_000 },
                },
            ],
            members: [],
            objects: {
                services: [
                    { name: "web", id: "s", image: `r/web:1@sha256:${"a".repeat(64)}`, replicas: null },
                ],
                secrets: Array.from({ length: 20 }, (_, i) => ({ name: `secret-${i}`, id: String(i) })),
                configs: [],
                networks: [{ name: "net", id: "n" }],
            },
            registry: { host: "worker-1", volume: "registry_data", bytes: 3_000_000, sha256: "0" },
        };
        const lines = manifestLines(
            "dev-20261127T030000Z.skep",
            manifest,
            Date.parse("2026-11-29T03:00:00Z"),
        );
        const shown = lines.join("\n");
        for (const line of lines) assert.ok(line.length <= 80, line);
        assert.match(shown, /made 2026-11-27 03:00:00 UTC, 2 d ago/);
        assert.match(shown, /Images of the registry on worker-1: 3.0 MB/);
        assert.match(shown, /^web +one a node +aaaaaaaaaaaa web:1$/m);
        assert.match(shown, /secret-19/);
        assert.match(shown, /^Configs +none$/m);
    });
});

describe("skep backup on a swarm in memory", () => {
    function standing(managers: readonly string[]) {
        const world = new FakeWorld(managers);
        const cluster = world.standing(managers);
        Object.assign(cluster.objects, { "/networks": [{ Id: "net1", Name: "shop", Ingress: false }] });
        return { world, cluster, swarm: world.swarm(managers, cluster.id, 2000) };
    }

    /** Every host gives a copy of its data; `during` happens while its engine is down. */
    function copies(world: FakeWorld, during: (host: FakeHost) => void = () => undefined): string[] {
        const copied: string[] = [];
        for (const host of world.hosts) {
            const { exec } = host;
            host.exec = (command, options) => {
                if (!options.stdin?.includes("skep-save")) return exec(command, options);
                copied.push(host.name);
                during(host);
                host.restart();
                const folder = Buffer.from(`data of ${host.name}`).toString("base64");
                const stdout = JSON.stringify({ at: "2026-11-27T03:00:00Z", folder });
                return Promise.resolve({ code: 0, stdout, stderr: "" });
            };
        }
        return copied;
    }

    async function made(world: FakeWorld, cluster: FakeCluster, swarm: Swarm, share: Share, keep?: number) {
        const store = await storeAt(mkdtempSync(join(tmpdir(), "skep-made-")));
        const recipient = await recipientOf(undefined, join(store.where, "key"));
        const managers = await managersToSave(swarm, share);
        const plan = { managers, registry: false, store, recipient, keep };
        return { store, recipient, result: makeBackup(fakeStanding(world, cluster), swarm, plan) };
    }

    it("copies a majority one after another, leaves them open and active, and tells the swarm when it was", async () => {
        const { world, cluster, swarm } = standing(["manager-1", "manager-2", "manager-3"]);
        const copied = copies(world, (host) =>
            assert.equal(world.hosts.filter((h) => h.isLocked).length, 0, host.name),
        );
        const { store, recipient, result } = await made(world, cluster, swarm, "majority");
        const { name, manifest, opened } = await result;
        assert.deepEqual(copied, ["manager-2", "manager-3"]);
        assert.ok(opened);
        for (const host of world.hosts) assert.ok(!host.isLocked, host.name);
        for (const { spec } of cluster.members.values()) assert.equal(spec.Availability, "active");
        assert.equal(cluster.spec.Labels?.[LAST_BACKUP], manifest.made);
        const archive = await openArchive(await store.read(name), [recipient.identity ?? ""]);
        assert.equal(archive.unlockKey, cluster.key);
        assert.equal(String(archive.managers.get("manager-3")), "data of manager-3");
        assert.deepEqual(manifest.objects.networks, [{ name: "shop", id: "net1" }]);
        assert.equal(manifest.members.length, 3);
    }).timeout(20_000);

    it("writes nothing if the unlock key changes meanwhile, or if a host cannot copy", async () => {
        const first = standing(["manager-1", "manager-2", "manager-3"]);
        copies(first.world, () => (first.cluster.key = "another key"));
        const changed = await made(first.world, first.cluster, first.swarm, "one");
        // The manager was locked with the new key, too.
        assert.match(await refusedWith(changed.result), /BACKUP_KEY_CHANGED|NODE_LOCKED/);
        assert.deepEqual(await changed.store.list(), []);
        const second = standing(["manager-1", "manager-2", "manager-3"]);
        for (const host of second.world.hosts)
            host.exec = () => {
                host.restart();
                const stderr = "skep: BACKUP_HOST: No room in /run. See df /run there.\n";
                return Promise.resolve({ code: 1, stdout: "", stderr });
            };
        const failed = await made(second.world, second.cluster, second.swarm, "one");
        assert.equal(await refusedWith(failed.result), "BACKUP_HOST");
        assert.deepEqual(await failed.store.list(), []);
        for (const host of second.world.hosts) assert.ok(!host.isLocked, host.name);
    }).timeout(20_000);
});

describe("The registry's images", () => {
    it("are saved from a volume only: a bucket is refused", () => {
        refuseBucket({ registry: {}, aws: { registryStorage: "volume" } });
        for (const settings of [{ registry: { s3: {} } }, { registry: {}, aws: { registryStorage: "s3" } }])
            assert.throws(() => refuseBucket(settings), /BACKUP_NO_VOLUME/);
    });
});

describe("A look for a backup", () => {
    it("takes the newest of the stack, a name, or a file, and says that there is none", async () => {
        const to = mkdtempSync(join(tmpdir(), "skep-find-"));
        assert.equal(await refusedWith(findBackup(undefined, { stack: "dev", to })), "BACKUP_NONE");
        const [old = "", newer = ""] = [1, 2].map((day) =>
            archiveName("dev", new Date(Date.UTC(2026, 10, day))),
        );
        for (const name of [old, newer, archiveName("other", new Date())]) writeFileSync(join(to, name), "x");
        assert.equal((await findBackup(undefined, { stack: "dev", to })).name, newer);
        assert.equal((await findBackup(old, { stack: "dev", to })).name, old);
        const file = await findBackup(join(to, old), { stack: "dev" });
        assert.deepEqual([file.store.where, file.name], [to, old]);
        const object = await findBackup(`s3://bucket/folder/${old}`, { stack: "dev" });
        assert.deepEqual([object.store.where, object.name], ["s3://bucket/folder", old]);
        const listed = JSON.parse(
            (await printed(() => list({ stack: "dev", to, json: true }))).text,
        ) as object;
        assertMatches("backup-list", listed);
    });
});
