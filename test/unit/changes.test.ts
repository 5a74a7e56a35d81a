// What a preview says of each change, and that it never says a secret.

import assert from "node:assert/strict";
import type * as auto from "@pulumi/pulumi/automation";
import fc from "fast-check";
import { Steps } from "../../cli/pulumi/steps";
import { engineRollout } from "../../providers/swarm/engine-rollout";
import { hostFiles } from "../../providers/swarm/host-files";
import { diffResource } from "../../providers/runtime/diff";
import { diffResponse } from "../../providers/runtime/responses";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const LATER = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

interface Given {
    op?: string;
    type: string;
    old?: object;
    now?: object;
    state?: object;
    /** The detailed diff: paths, all of one kind. */
    paths: string[];
    kind?: string;
    drifted?: boolean;
}

function event({ op = "update", type, old, now, state, paths, kind = "update", drifted }: Given) {
    const diff = { diffKind: kind, inputDiff: !drifted };
    return {
        op,
        urn: `urn:pulumi:test::skep::skep:index:Swarm$${type}::x`,
        old: { inputs: old, outputs: state },
        new: { inputs: now },
        detailedDiff: Object.fromEntries(paths.map((path) => [path, diff])),
    } as unknown as auto.StepEventMetadata;
}

function details(given: Given): string[] {
    return new Steps().add(event(given))?.details ?? [];
}

/** A change of one input of this type. */
const change = (type: string, path: string, old: unknown, now: unknown) =>
    details({ type: `swarm:index:${type}`, paths: [path], old: { [path]: old }, now: { [path]: now } });

describe("A preview says", () => {
    it("what changes in a node in the words of its settings", () => {
        assert.deepEqual(change("Node", "availability", "drain", "active"), ["availability: drain → active"]);
        assert.deepEqual(change("Node", "role", "worker", "manager"), ["role: worker → manager"]);
        assert.deepEqual(change("Node", "labels", { a: "1", b: "2" }, { b: "3", c: "4" }), [
            "label a: 1 → none",
            "label b: 2 → 3",
            "label c: none → 4",
        ]);
    });

    it("which version an engine gets, and what is wrong with the one that it has", () => {
        const engine = (docker: string, containerd = "1.7.24-1") => ({
            "docker-ce": docker,
            "docker-ce-cli": docker,
            "containerd.io": containerd,
        });
        const old = engine("5:28.5.1-1~debian.12~bookworm");
        const now = engine("5:28.5.2-1~debian.12~bookworm");
        const of = (before: object, after: object) => change("EngineRollout", "engines", before, after);
        assert.deepEqual(of({ a: old, b: old, c: now }, { a: now, b: now, c: now }), [
            "a, b: version: 28.5.1 → 28.5.2",
        ]);
        assert.deepEqual(of({ a: { ...now, "containerd.io": "1.7.20-1" } }, { a: now, b: now }), [
            "a: containerd: 1.7.20 → 1.7.24",
            "b: comes under watch",
        ]);
        const stopped = { ...now, "docker-ce": "5:28.5.2-1 (not held)" };
        assert.deepEqual(of({ a: stopped, b: now }, { a: now }), [
            "a: version: 28.5.2 (not held) → 28.5.2",
            "b: left as it is",
        ]);
    });

    it("which keys of daemon.json change, and on which hosts somebody changed some", () => {
        const daemon = {
            type: "swarm:index:EngineRollout",
            old: { daemon: SECRET },
            now: { daemon: SECRET },
        };
        const paths = ["dns", "log-opts"].map((key) => `daemon["${key}"]`);
        assert.deepEqual(details({ ...daemon, paths }), ["daemon.json: 2 keys (dns, log-opts)"]);
        const state = { differing: { "worker-1": ["debug"] } };
        assert.deepEqual(details({ ...daemon, paths: ["daemon"], drifted: true, state }), [
            "worker-1: daemon.json: 1 key (debug)",
        ]);
        const files = change("EngineRollout", "files", { a: 0, b: 1 }, { a: 1, b: 1 });
        assert.deepEqual(files, ["a: restarts to read its new files"]);
    });

    it("which files of a host change, though their content is secret", () => {
        const files = { type: "swarm:index:HostFiles", old: { files: SECRET }, now: { files: SECRET } };
        const added = ['files["/etc/skep/proxy"]', 'files["/etc/docker/certs.d/r:5000/ca.crt"]'];
        assert.deepEqual(details({ ...files, paths: added, kind: "add" }), [
            "proxy added",
            "r:5000/ca.crt added",
        ]);
        const drift = { ...files, paths: ["files"], drifted: true, state: { differing: ["/etc/hosts"] } };
        assert.deepEqual(details(drift), ["hosts: changed on the host"]);
    });

    it("what changes in a stack, service by service, and which secrets", () => {
        const file = (replicas: number) => `services:\n  web:\n    deploy:\n      replicas: ${replicas}\n`;
        assert.deepEqual(change("Stack", "compose", file(1), file(2)), ["web.deploy.replicas: 1 → 2"]);
        const names = ["add", "remove"].map((_, i) => `secrets["registry_htpasswd_b967c95d8ac${i}"]`);
        assert.deepEqual(details({ type: "swarm:index:Stack", paths: names }), ["secret htpasswd changed"]);
        const lacking = { web: "web: 1 of 2 tasks run" };
        const drift = { type: "swarm:index:Stack", paths: ["lacking"], drifted: true, state: { lacking } };
        assert.deepEqual(details(drift), ["web: 1 of 2 tasks run"]);
    });

    it("what is lost with a resource before all else", () => {
        const removed = { op: "delete", type: "docker:index/volume:Volume", paths: [] };
        assert.deepEqual(details(removed), ["its data is lost"]);
        const replaced = {
            op: "replace",
            type: "swarm:index:Cluster",
            paths: ["addressPool"],
            old: { addressPool: "10.0.0.0/8" },
            now: { addressPool: "10.1.0.0/16" },
        };
        assert.deepEqual(details(replaced), [
            "the swarm ends, with its services, secrets and configs",
            "addressPool: 10.0.0.0/8 → 10.1.0.0/16",
        ]);
    });

    it("only the part of long values that differs, and cuts long lists", () => {
        const image = (port: number) => `registry.skep.internal:${port}/web:5cec5f50d78a`;
        assert.deepEqual(change("Other", "image", image(5000), image(5001)), [
            "image: …5000/web:5cec5f50d78a → …5001/web:5cec5f50d78a",
        ]);
        const many = (value: number) => Object.fromEntries([..."abcdefg"].map((key) => [key, value]));
        assert.deepEqual(change("Other", "x", many(1), many(2)).slice(-2), ["x.d: 1 → 2", "and 3 more"]);
        assert.deepEqual(change("Other", "text", "a\nb", "a\nc"), ["text changed"]);
    });

    it("which secret of several changes, where the provider knows it", () => {
        const push = (port: number) => ({ reference: `r:${port}/web:1`, password: SECRET });
        const given = { type: "swarm:index:Image", old: { push: push(5000) }, now: { push: push(5001) } };
        assert.deepEqual(details({ ...given, paths: ['push["reference"]'] }), [
            "name: r:5000/web:1 → r:5001/web:1",
        ]);
        assert.deepEqual(details({ ...given, paths: ['push["password"]'] }), ["password changed"]);
    });

    it("that a value is known only during the up", () => {
        assert.deepEqual(change("Other", "id", "1", LATER), ["id: known during the up"]);
    });

    it("of a secret only that it changes, wherever it is and whatever is changed beside it", () => {
        assert.deepEqual(change("Other", "password", SECRET, SECRET), ["password changed"]);
        assert.deepEqual(change("Other", "password", "[secret]", "[secret]"), ["password changed"]);
        const value = fc.stringMatching(/^[a-z]{12}$/).map((text) => `hush${text}`);
        const secret = fc.oneof(
            value.map((plaintext) => ({ ...SECRET, plaintext })),
            value.map((text) => ({ ...SECRET, value: { deep: [text] } })),
        );
        const tree = fc.letrec((tie) => ({
            any: fc.oneof(secret, fc.integer(), fc.array(tie("any"), { maxLength: 3 }), tie("bag")),
            bag: fc.dictionary(fc.constantFrom("a", "b"), tie("any")),
        }));
        const type = fc.constantFrom("Node", "HostEngine", "HostFiles", "Stack", "Image", "Cluster", "Other");
        const field = fc.constantFrom("labels", "packages", "files", "compose", "secrets", "push", "x");
        fc.assert(
            fc.property(type, field, tree.any, tree.any, fc.boolean(), (one, name, old, now, drifted) => {
                const [before, after] = [{ [name]: old }, { [name]: now }];
                const given = { paths: [name], old: before, now: after, state: before, drifted };
                const said = details({ type: `swarm:index:${one}`, ...given }).join("\n");
                assert.doesNotMatch(said, /hush/);
            }),
        );
    });
});

describe("An operation's steps", () => {
    it("have a replaced resource once, with the details that only one of its events has", () => {
        const steps = new Steps();
        const given = { type: "swarm:index:Node", old: { role: "a" }, now: { role: "b" } };
        for (const [op, paths] of [
            ["delete-replaced", []],
            ["replace", ["role"]],
            ["create-replacement", ["role"]],
        ] as const)
            steps.add(event({ op, ...given, paths: [...paths] }));
        assert.deepEqual(steps.all, [
            { verb: "± replace", type: "swarm:Node", name: "x", part: "Swarm", details: ["role: a → b"] },
        ]);
    });

    it("leave out what does not change, and what is Pulumi's own", () => {
        const steps = new Steps();
        steps.add(event({ op: "same", type: "swarm:index:Node", paths: [] }));
        steps.add(event({ op: "create", type: "pulumi:providers:swarm", paths: [] }));
        // Pulumi gives null where it has no details.
        const bare = { ...event({ type: "swarm:index:Node", paths: [] }), diffs: null, detailedDiff: null };
        steps.add(bare as unknown as auto.StepEventMetadata);
        assert.deepEqual(
            steps.all.map(({ verb, details: said }) => [verb, said]),
            [["~ update", undefined]],
        );
    });
});

describe("A provider's diff", () => {
    it("names files and keys of daemon.json that differ, and not what is in them", () => {
        const inputs = (dns: string, more: object) => ({
            daemon: { dns: [dns], debug: true },
            files: { "/etc/hosts": { content: "a" }, ...more },
        });
        const entries = { ...engineRollout.entries, ...hostFiles.entries };
        const difference = diffResource(
            { update: true, entries },
            {
                oldInputs: inputs("192.0.2.1", {}),
                newInputs: inputs("192.0.2.2", { "/etc/new": { content: "b" } }),
                state: {},
                ignoreChanges: [],
            },
        );
        const response = diffResponse(difference);
        assert.deepEqual(response.getDiffsList().sort(), ["daemon", "files"]);
        const paths = response.getDetaileddiffMap().toArray() as [string, unknown][];
        assert.deepEqual(paths.map(([path]) => path).sort(), ['daemon["dns"]', 'files["/etc/new"]']);
    });
});
