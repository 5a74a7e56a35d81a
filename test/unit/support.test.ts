// The bundle of skep support: what is in it, and that no secret ever is.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import fc from "fast-check";
import { extract } from "tar-stream";
import { bundle } from "../../cli/commands/support";
import { outputFile } from "../../config/folders";
import { type Gathered, gatherThere } from "../../cli/support/gather";
import type { Standing } from "../../cli/stack/standing";
import { exitCodeOf, skepError } from "../../errors";
import { filesWithSecrets, secretsIn } from "../../planning/secrets";
import { Lab } from "../lab/lab";

const ROOT = resolve(__dirname, "../..");
const KEY = `-----BEGIN OPENSSH PRIVATE KEY-----\n${"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n".repeat(2)}c2VjcmV0IGxhc3QgbGluZQ==\n-----END OPENSSH PRIVATE KEY-----\n`;
const hasSecret = (content: string, ...secrets: string[]) =>
    filesWithSecrets(new Map([["a.txt", content]]), secrets).length > 0;

async function unpacked(packed: Buffer): Promise<Map<string, { mode: number | undefined; content: string }>> {
    const found = new Map<string, { mode: number | undefined; content: string }>();
    for await (const entry of Readable.from([packed]).pipe(createGunzip()).pipe(extract()))
        found.set(entry.header.name, { mode: entry.header.mode, content: await text(entry) });
    return found;
}

describe("The search for secrets", () => {
    it("finds a secret in base64 wherever it stands in a longer text, and in JSON and addresses", () => {
        const secret = fc
            .string({ minLength: 12, maxLength: 60, unit: "grapheme-ascii" })
            .filter((s) => s.trim().length >= 12);
        fc.assert(
            fc.property(
                secret,
                fc.string({ maxLength: 9 }),
                fc.string({ maxLength: 9 }),
                (value, before, after) => {
                    const whole = `${before}${value.trim()}${after}`;
                    for (const written of [
                        whole,
                        Buffer.from(whole).toString("base64"),
                        Buffer.from(whole).toString("base64url"),
                        JSON.stringify({ whole }),
                        encodeURIComponent(value.trim()),
                    ])
                        assert.ok(hasSecret(`log: ${written}\n`, value), written);
                },
            ),
        );
    });

    it("finds each line of a key, and the key in base64", () => {
        for (const line of KEY.trim()
            .split("\n")
            .filter((each) => !each.startsWith("-----")))
            assert.ok(hasSecret(`  ${line}`, KEY), line);
        assert.ok(hasSecret(Buffer.from(`x${KEY}`).toString("base64"), KEY));
    });

    it("finds what looks like a secret that nobody told it", () => {
        for (const looks of [
            "SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-x",
            "SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8",
            "-----BEGIN EC PRIVATE KEY-----",
            "proxy http://me:word@proxy:3128",
            "AKIAIOSFODNN7EXAMPLE",
        ])
            assert.ok(hasSecret(looks), looks);
    });

    it("takes what is none for none", () => {
        for (const none of [
            "HTTP Proxy: http://xxxxx:xxxxx@proxy:3128",
            "https://registry.skep.internal:5000/v2/",
            "-----BEGIN CERTIFICATE-----",
            "SWMTKN-1-[secret]",
            randomBytes(300).toString("hex"),
        ])
            assert.ok(!hasSecret(none, "a-password-of-ours", "short"), none);
        assert.ok(!hasSecret("short", "short"), "a word of five letters occurs by chance");
    });

    it("knows every secret of a state by Pulumi's mark, and no name that travels with one", () => {
        const mark = (value: unknown) => ({
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            plaintext: JSON.stringify(value),
        });
        const ssh = {
            user: "skep",
            privateKey: "the private key",
            hosts: [{ name: "manager-1", hostKey: "ssh-ed25519 A" }],
        };
        const state = {
            deployment: {
                resources: [
                    {
                        outputs: {
                            key: mark("the unlock key"),
                            ssh: mark(ssh),
                            open: "open",
                            keys: mark(["the old key"]),
                            files: mark({
                                "/etc/tls/key.pem": { content: "a file" },
                                "/etc/hosts": { content: "no secret" },
                            }),
                        },
                    },
                ],
            },
        };
        assert.deepEqual(secretsIn(state), ["the unlock key", "the private key", "the old key", "a file"]);
    });
});

describe("The bundle of skep support", function () {
    this.timeout(60_000);
    const gathered = (files: Record<string, string>, secrets: string[] = []): Gathered => ({
        files: new Map(Object.entries(files)),
        missing: [],
        secrets,
    });

    it("is not made if a file has a secret: the error names the file, and not the secret", async () => {
        const bad = gathered({ "a.txt": "fine", "hosts/manager-1/docker.log": "x the-unlock-key y" }, [
            "the-unlock-key",
        ]);
        await assert.rejects(bundle(bad), (error: Error) => {
            assert.match(
                error.message,
                /^SUPPORT_SECRET: There is a secret in hosts\/manager-1\/docker\.log of the bundle/,
            );
            assert.doesNotMatch(error.message, /the-unlock-key/);
            return true;
        });
        assert.equal(exitCodeOf("SUPPORT_SECRET"), 3);
    });

    it("also searches what it says of hosts that did not answer", async () => {
        const bad = { ...gathered({}, ["the-unlock-key"]), missing: ["manager-1: the-unlock-key"] };
        await assert.rejects(bundle(bad), /There is a secret in missing\.txt/);
    });

    it("has every text in a file of its owner's alone", async () => {
        const entries = await unpacked(await bundle(gathered({ "b.txt": "two", "a/a.txt": "öne" })));
        assert.deepEqual(
            [...entries.keys()],
            ["a/a.txt", "b.txt", "missing.txt"].map((name) => `skep-support/${name}`),
        );
        assert.equal(entries.get("skep-support/a/a.txt")?.content, "öne");
        assert.ok([...entries.values()].every(({ mode }) => mode === 0o600));
    });

    it("has what answers of a swarm without a majority and with a host down, and lists the rest", async () => {
        const down = () => Promise.reject(skepError("HOST_UNREACHABLE", "It does not answer.", ""));
        const member = {
            state: "locked",
            nodeId: "n",
            isManager: true,
            clusterId: "c",
            hostname: "h",
            remoteManagers: ["secret address"],
        };
        const hosts = [
            {
                name: "manager-1",
                host: {
                    exec: () =>
                        Promise.resolve({
                            code: 0,
                            stdout: "\n=== docker.log\nit is locked\n\n=== firewall\n*nat\n",
                            stderr: "",
                        }),
                    membership: () => Promise.resolve(member),
                },
            },
            { name: "worker-1", host: { exec: down, membership: down } },
        ];
        const swarm = Object.fromEntries(
            ["inspect", "members", "services", "tasks", "unlockKey"].map((name) => [name, down]),
        );
        const outputs = {
            nodes: [],
            clusterId: "c",
            unlockKey: "UNLOCK-KEY",
            registryPassword: "PASSWORD-1",
            clientKey: KEY,
            ssh: { privateKey: KEY },
            registry: {},
        };
        const all = gathered({});
        const ctx = { signal: new AbortController().signal };
        await gatherThere(all, { hosts, swarm, outputs, ctx } as unknown as Standing);
        assert.deepEqual([...all.files.keys()].sort(), [
            "hosts/manager-1/docker.log",
            "hosts/manager-1/firewall.txt",
            "hosts/manager-1/membership.json",
            "stack.json",
        ]);
        assert.match(all.files.get("hosts/manager-1/docker.log") ?? "", /^it is locked/);
        assert.deepEqual(all.missing.sort(), [
            "The engine of worker-1: It does not answer.",
            "The swarm: It does not answer.",
            "worker-1: It does not answer.",
        ]);
        assert.doesNotMatch([...all.files.values()].join(), /UNLOCK-KEY|PASSWORD-1|secret address/);
        assert.ok(["UNLOCK-KEY", "PASSWORD-1", KEY].every((secret) => all.secrets.includes(secret)));
    });

    it("leaves out what users may keep secrets in: environments, commands and labels of services", async () => {
        const spec = {
            ContainerSpec: {
                Image: "web",
                Env: ["DB=hidden-1"],
                Args: ["hidden-2"],
                Labels: { l: "hidden-3" },
            },
        };
        const service = { ID: "s", Spec: { Name: "web", Labels: { auth: "hidden-4" }, TaskTemplate: spec } };
        const swarm = {
            inspect: () =>
                Promise.resolve({
                    ID: "c",
                    Spec: {},
                    JoinTokens: { Worker: "TOKEN-WORKER", Manager: "TOKEN-MANAGER" },
                }),
            members: () => Promise.resolve([{ ID: "n", Spec: {}, Version: { Index: 1 } }]),
            services: () => Promise.resolve([service]),
            tasks: () => Promise.resolve([{ ID: "t", Spec: spec }]),
            unlockKey: () => Promise.resolve("NEW-UNLOCK-KEY"),
        };
        const outputs = {
            nodes: [],
            clusterId: "c",
            unlockKey: "",
            registryPassword: "",
            clientKey: "",
            ssh: {},
            registry: {},
        };
        const all = gathered({});
        await gatherThere(all, { hosts: [], swarm, outputs, ctx: {} } as unknown as Standing);
        const said = [...all.files.values()].join();
        assert.match(said, /"Image": "web"/);
        assert.doesNotMatch(said, /hidden|TOKEN/);
        for (const secret of ["TOKEN-WORKER", "TOKEN-MANAGER", "NEW-UNLOCK-KEY"])
            assert.ok(all.secrets.includes(secret));
    });

    it("is written for a stack that is not up, and is refused for one that nobody knows", async () => {
        const lab = new Lab("test-support");
        const folder = mkdtempSync(join(tmpdir(), "skep-support-"));
        const to = join(folder, "bundle.tar.gz");
        lab.configure();
        try {
            await lab.skep("support", "--to", to, "--quiet");
            assert.equal(statSync(to).mode & 0o777, 0o600);
            const entries = await unpacked(readFileSync(to));
            assert.match(
                entries.get("skep-support/missing.txt")?.content ?? "",
                /^The hosts: no up of this stack has ended/,
            );
            assert.ok(entries.has("skep-support/settings.yaml"));
        } finally {
            lab.forget();
            rmSync(folder, { recursive: true });
        }
        const unknown = lab.start("support", "--to", to);
        assert.equal(await unknown.result(), exitCodeOf("STACK_UNKNOWN"));
    });
});

describe("What commands say", () => {
    const file = outputFile("test-kept");
    after(() => rmSync(file, { force: true }));

    function run(script: string): void {
        const whole = `require("./cli/kept-output").keepOutput("test-kept", ["up"]); ${script}`;
        const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "-e", whole], {
            cwd: ROOT,
            encoding: "utf8",
        });
        assert.equal(status, 0, stderr);
    }

    it("is kept for a support bundle, without colours and spinners, in a small file of its owner's alone", function () {
        this.timeout(60_000);
        run(
            String.raw`console.log("to \u001b[31mred\u001b[0m"); console.error("from"); process.stderr.write("\u001b[1A\u001b[2K ⠋ Step\n ✓ Done\n")`,
        );
        const kept = readFileSync(file, "utf8");
        assert.match(kept, /^\n== \S+ skep up\nto red\nfrom\n ✓ Done\n$/);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        writeFileSync(file, "old\n".repeat(200_000));
        run('console.log("new")');
        const { size } = statSync(file);
        assert.ok(size < 300_000, String(size));
        assert.match(readFileSync(file, "utf8"), /new\n$/);
    });
});
