import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { contextOf } from "../../cli/commands/context";
import { loginOf } from "../../cli/commands/registry-login";
import { copy, copySides } from "../../cli/commands/ssh";
import type { Outputs } from "../../cli/stack/outputs";
import type { Standing } from "../../cli/stack/standing";
import { sshTo } from "../../cli/stack/system-ssh";
import { clientFolder } from "../../config/folders";
import { certificateFor } from "../online/authority";
import { printed } from "../support/printed";
import { assertMatches } from "../support/schema";

const STACK = "test-reach";
const options = { stack: STACK };

/** Programs in the place of docker, sudo and ssh; they write what they are given to `log`. */
class Programs {
    readonly folder = mkdtempSync(join(tmpdir(), "skep-programs-"));
    private readonly path = process.env.PATH;

    add(name: string, script: string): void {
        const file = join(this.folder, name);
        writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>"${this.folder}/log"\n${script}\n`);
        chmodSync(file, 0o755);
    }

    /** Only these programs, and those of the shell. */
    use(): void {
        process.env.PATH = this.folder;
    }

    get log(): string {
        const file = join(this.folder, "log");
        return existsSync(file) ? readFileSync(file, "utf8") : "";
    }

    close(): void {
        process.env.PATH = this.path;
        rmSync(this.folder, { recursive: true });
    }
}

describe("Commands that reach a swarm from this machine", () => {
    let programs: Programs;
    const notes: string[] = [];
    const exec = async () => {
        throw new Error("worker-1 cannot be reached");
    };
    const standing = (outputs: object = {}): Standing =>
        ({
            stack: STACK,
            hosts: [{ name: "worker-1", host: { name: "worker-1", exec } }],
            ctx: { signal: new AbortController().signal },
            progress: {
                step: <T>(_: string, work: () => Promise<T>) => work(),
                note: (text: string) => notes.push(text),
            },
            outputs: {
                nodes: [],
                ca: "the ca",
                clientCertificate: "",
                clientKey: "",
                ssh: { user: "admin", privateKey: "", hosts: [] },
                registry: { url: "https://127.0.0.1:5999", user: "skep" },
                registryPassword: "a secret",
                ...outputs,
            } as unknown as Outputs,
        }) as unknown as Standing;

    beforeEach(() => {
        programs = new Programs();
        notes.length = 0;
    });
    afterEach(() => {
        programs.close();
        rmSync(clientFolder(STACK), { recursive: true, force: true });
    });

    it("copy from or to a host, with exactly one side there", () => {
        const given = standing();
        const sides = (from: string, to: string) => {
            const found = copySides(given, from, to);
            return [found.from, found.to];
        };
        assert.deepEqual(sides("worker-1:/etc/hosts", "here"), ["worker-1:/etc/hosts", "./here"]);
        assert.deepEqual(sides("/tmp/a:b", "worker-1:"), ["/tmp/a:b", "worker-1:"]);
        assert.throws(() => sides("a", "b"), /COPY_SIDES: Neither side is on a host\./);
        assert.throws(() => sides("worker-1:a", "worker-1:b"), /COPY_SIDES: Both sides/);
        assert.throws(() => sides("worker1:a", "b"), /HOST_UNKNOWN: .*Did you mean worker-1\?/);
    });

    it("copy whole, or say what scp says", async () => {
        programs.add("scp", 'echo "scp: /etc/shadow: Permission denied" >&2; exit 1');
        programs.use();
        const reached = standing();
        Object.assign(reached.hosts[0]?.host ?? {}, { exec: async () => ({ code: 0 }) });
        const { error } = await printed(() => copy(reached, "worker-1:/etc/shadow", "x", options));
        assert.match(
            String(error),
            /COPY_FAILED: Not all of .* was copied: scp: \/etc\/shadow: Permission denied\./,
        );
        assert.match(programs.log, /^scp -F \S+ -r -p -q -- worker-1:\/etc\/shadow \.\/x$/m);
        programs.add("scp", "exit 0");
        const { text } = await printed(() => copy(reached, "worker-1:a", "x", { ...options, json: true }));
        assertMatches("cp", JSON.parse(text));
    });

    it("run a command on a host with the pinned key, and pass its exit code on", async () => {
        programs.add("ssh", "exit 42");
        programs.use();
        const given = standing();
        assert.equal(await sshTo(given, given.hosts[0]!, "df -h"), 42);
        const config = join(clientFolder(STACK), "ssh-config");
        assert.equal(programs.log, `ssh -F ${config} -o LogLevel=ERROR worker-1 -- df -h\n`);
    });

    it("say why a host cannot be reached, or that this machine has no ssh", async () => {
        const given = standing();
        programs.add("ssh", "exit 255");
        programs.use();
        await assert.rejects(sshTo(given, given.hosts[0]!, "true"), /worker-1 cannot be reached/);
        rmSync(join(programs.folder, "ssh"));
        await assert.rejects(sshTo(given, given.hosts[0]!, "true"), /SSH_MISSING: .*openssh-client/);
    });

    describe("through docker", () => {
        let manager: https.Server;
        let outputs: object;
        let status = 200;
        before(async () => {
            const { authority: ca, ...tls } = await certificateFor("localhost");
            manager = https.createServer(tls, (_, response) => response.writeHead(status).end("{}"));
            await new Promise<void>((done) => manager.listen(0, "127.0.0.1", done));
            const { port } = manager.address() as AddressInfo;
            const node = (name: string, engine: number) => ({
                name,
                role: "manager",
                host: "localhost",
                ports: { engine },
            });
            outputs = { ca, nodes: [node("manager-1", 1), node("manager-2", port)] };
        });
        beforeEach(() => (status = 200));
        after(() => manager.close());

        const made = (more = {}, given = standing(outputs)) =>
            printed(() => contextOf(given, { ...options, ...more }));

        it("make a context that leads to a manager that answers, and refresh it", async () => {
            programs.add("docker", "exit 0");
            programs.use();
            const { text } = await made();
            assert.match(text, /^skep-test-reach made: it leads to manager-2\n\nNext: docker --context/);
            assert.match(
                programs.log,
                /docker context create skep-test-reach --docker host=tcp:\/\/localhost:\d+,ca=/,
            );
            programs.add("docker", "echo default; echo skep-test-reach");
            const { text: json } = await made({ json: true });
            assertMatches("context", JSON.parse(json));
            assert.match(json, /"did": "refreshed"/);
        });

        it("print the command without docker, and say what a context needs", async () => {
            programs.use();
            const { text } = await made({ print: true });
            assert.match(
                text,
                /^docker context create skep-test-reach --docker 'host=tcp:\/\/localhost:\d+,ca=/,
            );
            assert.match(String((await made()).error), /DOCKER_COMMAND: .*skep context --print/);
        });

        it("say that no manager can change the swarm, or that none publishes its engine", async () => {
            status = 503;
            await made({ print: true });
            assert.match(notes.join(), /No manager can change the swarm now, .*manager-2: try skep unlock/);
            const { error } = await made({}, standing());
            assert.match(String(error), /CONTEXT_NONE/);
            programs.add("docker", 'echo "no such context" >&2; exit 1');
            programs.use();
            assert.match(
                String((await made()).error),
                /CONTEXT_FAILED: docker did not take the context: no such context\./,
            );
        });

        it("log in to the registry with the password on standard input, and trust its authority", async () => {
            programs.add("docker", `read -r given; echo "given $given" >>"${programs.folder}/log"`);
            programs.use();
            const trusted = join(programs.folder, "certs.d");
            const { text } = await printed(() => loginOf(standing(), { ...options, json: true }, trusted));
            assertMatches("registry-login", JSON.parse(text));
            assert.doesNotMatch(text, /a secret/);
            assert.equal(
                programs.log,
                "docker login --username skep --password-stdin 127.0.0.1:5999\ngiven a secret\n",
            );
            assert.equal(readFileSync(join(trusted, "127.0.0.1:5999", "ca.crt"), "utf8"), "the ca");
        });

        it("print how to log in, and say why docker cannot", async () => {
            const trusted = join(programs.folder, "certs.d");
            const { text } = await printed(() => loginOf(standing(), { ...options, print: true }, trusted));
            assert.match(
                text,
                /^sudo install -D -m 644 .*ca\.pem' '.*127\.0\.0\.1:5999\/ca\.crt'\n.*docker login/,
            );
            programs.add("docker", 'echo "x509: unknown authority" >&2; exit 1');
            programs.use();
            const refused = await printed(() => loginOf(standing(), options, trusted));
            assert.match(
                String(refused.error),
                /LOGIN_FAILED: .*x509: unknown authority\. If it does not trust/,
            );
            assert.equal(readFileSync(join(trusted, "127.0.0.1:5999", "ca.crt"), "utf8"), "the ca");
            rmSync(join(programs.folder, "docker"));
            assert.match(
                String((await printed(() => loginOf(standing(), options, trusted))).error),
                /DOCKER_COMMAND/,
            );
        });
    });
});
