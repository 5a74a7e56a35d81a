// The comparison of two sets of plugins: it ignores random values, and reports every other difference.

import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { type Deeds, differences, shape } from "../conformance/compare";

function deeds(outputs: Record<string, unknown>, op = "create", replacing: string[] = []): Deeds {
    const deed = {
        when: "up 1",
        resource: "random:RandomPassword password",
        op,
        changed: replacing,
        replacing,
    };
    const made = {
        type: "random:index/randomPassword:RandomPassword",
        name: "password",
        when: "up 1",
        outputs,
    };
    return { deeds: [deed], made: [made] };
}

function pem(): string {
    const { privateKey } = generateKeyPairSync("ed25519");
    return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

const NONE = { done: [], read: [], unread: [] };

describe("the comparison of official plugins and stand-ins", () => {
    it("finds nothing where only random values differ", () => {
        const made = () => ({
            id: randomBytes(32).toString("hex"),
            privateKeyPem: pem(),
            createdAt: new Date().toISOString(),
            fingerprint: `SHA256:${randomBytes(32).toString("base64").replace("=", "")}`,
        });
        assert.deepEqual(differences(deeds(made()), deeds(made())), NONE);
    });

    it("takes empty and missing values for the same", () => {
        assert.deepEqual(differences(deeds({ a: "", b: [], c: null, d: {} }), deeds({})), NONE);
    });

    it("names the resource and the output that differ", () => {
        const name = "random:index/randomPassword:RandomPassword password after up 1";
        assert.deepEqual(differences(deeds({ length: 32 }), deeds({ length: 40 })).unread, [
            `${name}: output length: 32 / 40`,
        ]);
        assert.deepEqual(differences(deeds({ length: 32 }), deeds({})).unread, [
            `${name}: output length: 32 / nothing`,
        ]);
    });

    it("tells outputs that Skep reads from those that nobody does", () => {
        const one = deeds({ result: "short", bcryptPrefix: "a" });
        const { done, read, unread } = differences(one, deeds({ result: "shorter", bcryptPrefix: "b" }));
        assert.deepEqual([done.length, read.length, unread.length], [0, 1, 1]);
        assert.match(read[0] ?? "", /output result/);
    });

    it("names an operation, and the input that replaces, when they differ", () => {
        const { done } = differences(deeds({}, "replace", ["length"]), deeds({}, "update", []));
        const [found, ...more] = done;
        assert.deepEqual(more, []);
        assert.match(found ?? "", /^up 1 of random:RandomPassword password: .*"replace".*"length".*"update"/);
        assert.equal(differences(deeds({}), { deeds: [], made: [] }).done.length, 1);
    });

    it("sees a password of another length, and a key without its last newline", () => {
        assert.notDeepEqual(shape("aB3".repeat(10)), shape("aB3".repeat(11)));
        assert.notDeepEqual(shape(pem()), shape(pem().trimEnd()));
    });
});
