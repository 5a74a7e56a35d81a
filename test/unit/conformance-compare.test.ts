// The comparison of two sets of plugins: what is random does not differ, everything else does.

import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { type Deeds, differences, shape } from "../../scripts/testing/compare";

function deeds(outputs: Record<string, unknown>, op = "create", replacing: string[] = []): Deeds {
    const deed = {
        when: "up 1",
        resource: "random:RandomPassword password",
        op,
        changed: replacing,
        replacing,
    };
    return { deeds: [deed], outputs: { "password after up 1": outputs } };
}

function pem(): string {
    const { privateKey } = generateKeyPairSync("ed25519");
    return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

describe("the comparison of official plugins and stand-ins", () => {
    it("finds nothing where only random values differ", () => {
        const made = () => ({
            id: randomBytes(32).toString("hex"),
            privateKeyPem: pem(),
            createdAt: new Date().toISOString(),
            fingerprint: `SHA256:${randomBytes(32).toString("base64").replace("=", "")}`,
        });
        assert.deepEqual(differences(deeds(made()), deeds(made())), []);
    });

    it("takes empty and missing values for the same", () => {
        assert.deepEqual(differences(deeds({ a: "", b: [], c: null, d: {} }), deeds({})), []);
    });

    it("names the resource and the output that differ", () => {
        assert.deepEqual(differences(deeds({ length: 32 }), deeds({ length: 40 })), [
            "password after up 1: output length: 32 / 40",
        ]);
        assert.deepEqual(differences(deeds({ length: 32 }), deeds({})), [
            "password after up 1: output length: 32 / nothing",
        ]);
    });

    it("names an operation, and the input that replaces, when they differ", () => {
        const [found, ...more] = differences(deeds({}, "replace", ["length"]), deeds({}, "update", []));
        assert.deepEqual(more, []);
        assert.match(found ?? "", /^up 1 of random:RandomPassword password: .*"replace".*"length".*"update"/);
        const nothing = { deeds: [], outputs: {} };
        assert.equal(differences(deeds({}), nothing).length, 1);
    });

    it("sees a password of another length, and a key without its last newline", () => {
        assert.notDeepEqual(shape("aB3".repeat(10)), shape("aB3".repeat(11)));
        assert.notDeepEqual(shape(pem()), shape(pem().trimEnd()));
    });
});
