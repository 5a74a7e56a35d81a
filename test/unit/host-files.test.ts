// The files that Skep keeps on every host, and inputs that the provider refuses.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderHostFiles } from "../../planning/host-files";
import { goneFiles, hostFiles } from "../../providers/swarm/host-files";
import { hostScript } from "../../swarm/scripts";

const NOTHING = { securityUpgrades: false, reserveMib: 0 };
const usual = {
    ca: "CA\n\n",
    registry: { name: "registry.skep.internal", port: 5000, addresses: ["10.190.1.101", "10.190.2.102"] },
    auditRules: false,
    upkeep: { host: "worker-1", keptImages: [], pruneScript: hostScript("prune"), ...NOTHING },
    hostsScript: hostScript("hosts"),
};
const engine = { certificate: "CERTIFICATE", privateKey: "PRIVATE" };

describe("The files that a host keeps", () => {
    it("hold a private key only where the engine answers from outside, and only for root", () => {
        const holding = (files: ReturnType<typeof renderHostFiles>) =>
            Object.entries(files).filter(([, { content }]) => content.includes("PRIVATE"));
        assert.deepEqual(holding(renderHostFiles(usual)), []);
        assert.deepEqual(holding(renderHostFiles({ ...usual, engine })), [
            ["/etc/docker/tls/key.pem", { content: "PRIVATE\n", mode: "400" }],
        ]);
    });

    it("let auditd watch the engine where the settings say so", () => {
        const [path = ""] = Object.keys(renderHostFiles({ ...usual, auditRules: true })).filter((each) =>
            each.startsWith("/etc/audit"),
        );
        const { content = "" } = renderHostFiles({ ...usual, auditRules: true })[path] ?? {};
        assert.match(content, /^-w \/etc\/docker -k docker$/m);
        assert.equal(renderHostFiles(usual)[path], undefined);
    });

    it("are none more until the settings ask for upkeep, and then each host prunes at a moment of its own", () => {
        const of = (host: string, more = {}) =>
            renderHostFiles({ ...usual, upkeep: { ...usual.upkeep, host, keptImages: ["web:1"], ...more } });
        assert.deepEqual(of("worker-1"), renderHostFiles(usual));
        const moment = (host: string) =>
            /^OnCalendar=(.*)$/m.exec(
                of(host, { pruneDays: 7 })["/etc/systemd/system/skep-prune.timer"]?.content ?? "",
            )?.[1] ?? "";
        const hosts = Array.from({ length: 40 }, (_, i) => `worker-${i + 1}`);
        const moments = hosts.map(moment);
        assert.equal(new Set(moments).size, 40);
        for (const each of moments) assert.match(each, /^\*-\*-\* 0[0-5]:\d\d:\d\d$/);
        assert.equal(of("a", { pruneDays: 7 })["/etc/skep/prune"]?.content, "7\nweb:1\n");
        assert.equal(of("a", { reserveMib: 16 })["/etc/skep/reserve"]?.content, "16\n");
        const upgrades = of("a", { securityUpgrades: true })["/etc/apt/apt.conf.d/60skep-upgrades"]?.content;
        assert.match(upgrades ?? "", /Automatic-Reboot "false";/);
    });

    it("make a preview show a restart of the engine only if the engine reads one of them", () => {
        const stable = hostFiles.stable as (state: object, inputs: object) => readonly string[];
        const before = renderHostFiles({ ...usual, engine });
        const now = (more: object) => ({ files: renderHostFiles({ ...usual, engine, ...more }) });
        const state = { files: before, differing: [] as string[] };
        assert.deepEqual(stable(state, now({ auditRules: true })), ["engineFiles"]);
        assert.deepEqual(stable(state, now({ engine: { ...engine, certificate: "OTHER" } })), []);
        assert.deepEqual(stable({ ...state, differing: ["/etc/docker/tls/ca.pem"] }, now({})), []);
        assert.deepEqual(stable(state, { files: Symbol("unknown") }), []);
    });

    it("name every host of the registry, the nearest one first", () => {
        assert.equal(
            renderHostFiles(usual)["/etc/skep/hosts"]?.content,
            "10.190.1.101 registry.skep.internal # skep\n10.190.2.102 registry.skep.internal # skep\n",
        );
    });

    it("end with one line end each, whatever they are made of", () => {
        for (const [path, { content }] of Object.entries(renderHostFiles({ ...usual, engine })))
            assert.match(content, /[^\n]\n$/, path);
    });

    it("have paths that the provider takes, which refuses relative ones and white space", () => {
        const refused = (paths: string[]) =>
            hostFiles.check?.({ files: Object.fromEntries(paths.map((path) => [path, { content: "" }])) });
        assert.deepEqual(refused(Object.keys(renderHostFiles({ ...usual, engine }))), []);
        for (const path of ["etc/hosts", "/etc/a b", "/etc/../x y", "/etc/$(id)", ""])
            assert.equal(refused([path])?.length, 1, path);
    });

    it("go from the host when Skep gives them no longer, and nothing else does", async () => {
        const root = mkdtempSync(join(tmpdir(), "skep-test-"));
        try {
            const [given, other] = [join(root, "ca.crt"), join(root, "own.crt")];
            for (const path of [given, other]) writeFileSync(path, "text");
            const files = { [other]: { content: "text" } };
            const gone = goneFiles({ ...files, [given]: { content: "text" } }, files);
            assert.deepEqual(gone, [given]);
            // The part of the script that removes; the rest of it is for hosts.
            const [, part = ""] = /^(removed=\n[^]+?^fi\n)/m.exec(hostScript("files")) ?? [];
            const script = `set -eu\nwork=${root}/work\n${part}printf '%s' "$removed"`;
            const run = (MODE: string) =>
                execFileSync("sh", ["-c", script], {
                    env: { PATH: process.env.PATH, MODE, GONE: gone.join("\n") },
                });
            run("check");
            assert.ok(existsSync(given));
            assert.equal(String(run("apply")), `"${given}"`);
            assert.equal(String(run("apply")), "");
            assert.ok(!existsSync(given) && existsSync(other));
        } finally {
            rmSync(root, { recursive: true });
        }
    });

    it("make auditd load its rules where it runs, and say so where it does not take them", () => {
        const root = mkdtempSync(join(tmpdir(), "skep-test-"));
        try {
            const program = (name: string, text: string) =>
                writeFileSync(join(root, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
            const [part = ""] =
                /^ {4}case .*\n {4}\*\/audit[^]+?^ {4}esac\n/m.exec(hostScript("files")) ?? [];
            const head = `set -eu\nremoved=\nnote() { echo "$1"; }\ndiffering=`;
            const run = (path: string) =>
                execFileSync("sh", ["-c", `${head}'"${path}"'\n${part}`], {
                    env: { PATH: `${root}:${process.env.PATH}` },
                    encoding: "utf8",
                });
            const rules = "/etc/audit/rules.d/60-skep-docker.rules";
            program("systemctl", "exit 0");
            program("augenrules", `echo "$@" >>${root}/loaded`);
            assert.equal(run("/etc/skep/hosts"), "");
            assert.ok(!existsSync(join(root, "loaded")));
            assert.equal(run(rules), "");
            assert.equal(readFileSync(join(root, "loaded"), "utf8"), "--load\n");
            program("augenrules", "exit 1");
            assert.match(run(rules), /at the next start only/);
            program("systemctl", "exit 3");
            assert.equal(run(rules), "");
        } finally {
            rmSync(root, { recursive: true });
        }
    });

    it("are shown as changed when the host has others", () => {
        assert.deepEqual(hostFiles.drift?.({ differing: [] }, {}), []);
        assert.deepEqual(hostFiles.drift?.({ differing: ["/etc/hosts"] }, {}), ["files"]);
    });
});
