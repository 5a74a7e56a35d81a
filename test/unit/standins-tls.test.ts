// Keys, certificates and passwords of the stand-ins, read by others' code: Node's own parsers and ssh-keygen.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import bcrypt from "bcryptjs";
import { utils } from "ssh2";
import { random } from "../../offline/plugins/random/provider";
import { tls } from "../../offline/plugins/tls/provider";
import type { Context, Props, Provider } from "../../providers/runtime/types";

const CTX = {} as Context;

async function make(provider: Provider, type: string, inputs: Props): Promise<Props> {
    const resource = provider.resources[type];
    assert.ok(resource);
    const checked = { ...resource.defaults, ...inputs };
    assert.deepEqual(resource.check?.(checked), []);
    const { id, outs } = await resource.create(checked, CTX);
    return { ...checked, ...outs, id };
}

/** Names of the inputs that are refused. */
function refusals(type: string, inputs: Props): string[] {
    const provider = type.startsWith("tls:") ? tls : random;
    const resource = provider.resources[type];
    const failures = resource?.check?.({ ...resource.defaults, ...inputs }) ?? [];
    return failures.map(({ property, reason }) => (reason.includes(property) ? property : reason));
}

const makeKey = (inputs: Props) => make(tls, "tls:index/privateKey:PrivateKey", inputs);

const KINDS: [string, Props, string][] = [
    ["ED25519", { algorithm: "ED25519" }, "PRIVATE KEY"],
    ["ECDSA", { algorithm: "ECDSA", ecdsaCurve: "P256" }, "EC PRIVATE KEY"],
];

describe("a private key of the tls stand-in", function () {
    this.timeout(20_000);

    for (const [kind, inputs, label] of KINDS) {
        it(`is the same ${kind} key in every format`, async () => {
            const key = await makeKey(inputs);
            assert.ok(key.privateKeyPem.startsWith(`-----BEGIN ${label}-----\n`));
            assert.ok(key.privateKeyPemPkcs8.startsWith("-----BEGIN PRIVATE KEY-----\n"));
            assert.ok(key.privateKeyOpenssh.startsWith("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
            for (const pem of [key.privateKeyPem, key.privateKeyPemPkcs8]) {
                const spki = createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "pem" });
                assert.equal(spki, key.publicKeyPem);
            }
            const parsed = utils.parseKey(key.privateKeyOpenssh);
            assert.ok(!(parsed instanceof Error));
            const [type, body] = key.publicKeyOpenssh.split(" ");
            assert.equal(parsed.type, type);
            assert.equal(parsed.getPublicSSH().toString("base64"), body.trim());
        });
    }

    for (const [kind, inputs] of KINDS) {
        it(`of the kind ${kind} is read by ssh-keygen, which computes the same fingerprints`, async function () {
            const folder = mkdtempSync(join(tmpdir(), "skep-key-"));
            const file = join(folder, "key");
            const keygen = (...args: string[]) =>
                execFileSync("ssh-keygen", [...args, "-f", file]).toString();
            try {
                const key = await makeKey(inputs);
                writeFileSync(file, key.privateKeyOpenssh, { mode: 0o600 });
                assert.equal(keygen("-y").trim(), key.publicKeyOpenssh.trim());
                assert.equal(keygen("-l").split(" ")[1], key.publicKeyFingerprintSha256);
                assert.equal(keygen("-l", "-E", "md5").split(" ")[1], `MD5:${key.publicKeyFingerprintMd5}`);
            } catch (error) {
                if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
                console.log("      skipped: there is no ssh-keygen");
                this.skip();
            } finally {
                rmSync(folder, { recursive: true });
            }
        });
    }

    it("is of no kind that Skep does not use", () => {
        assert.deepEqual(refusals("tls:index/privateKey:PrivateKey", { algorithm: "RSA" }), ["algorithm"]);
        assert.deepEqual(refusals("tls:index/privateKey:PrivateKey", { algorithm: "ECDSA" }), ["ecdsaCurve"]);
        const bits = { algorithm: "ED25519", rsaBits: 4096 };
        assert.deepEqual(refusals("tls:index/privateKey:PrivateKey", bits), ["rsaBits"]);
    });
});

describe("certificates of the tls stand-in", () => {
    async function authority(inputs: Props = { algorithm: "ECDSA", ecdsaCurve: "P256" }) {
        const key = await makeKey(inputs);
        const ca = await make(tls, "tls:index/selfSignedCert:SelfSignedCert", {
            privateKeyPem: key.privateKeyPem,
            allowedUses: ["cert_signing", "crl_signing"],
            isCaCertificate: true,
            validityPeriodHours: 24,
            subject: { commonName: "the ca", organization: "skep" },
        });
        return { key, ca };
    }

    async function signed(inputs: Props = {}, caInputs?: Props) {
        const { key: caKey, ca } = await authority(caInputs);
        const key = await makeKey({ algorithm: "ED25519" });
        const request = await make(tls, "tls:index/certRequest:CertRequest", {
            privateKeyPem: key.privateKeyPem,
            subject: { commonName: "host" },
            dnsNames: ["host.test"],
            ipAddresses: ["10.0.0.1", "::1"],
        });
        const cert = await make(tls, "tls:index/locallySignedCert:LocallySignedCert", {
            caCertPem: ca.certPem,
            caPrivateKeyPem: caKey.privateKeyPem,
            certRequestPem: request.certRequestPem,
            validityPeriodHours: 12,
            allowedUses: ["digital_signature", "server_auth"],
            ...inputs,
        });
        return { ca, cert, key };
    }

    for (const [kind, inputs] of KINDS) {
        it(`are signed by their authority's ${kind} key, for the key and the names that asked`, async function () {
            this.timeout(20_000);
            const { ca, cert, key } = await signed({}, inputs);
            const issuer = new X509Certificate(ca.certPem);
            const leaf = new X509Certificate(cert.certPem);
            assert.ok(leaf.verify(issuer.publicKey));
            assert.ok(leaf.checkIssued(issuer));
            assert.ok(leaf.checkPrivateKey(createPrivateKey(key.privateKeyPem)));
            assert.equal(leaf.checkHost("host.test"), "host.test");
            assert.equal(leaf.checkIP("10.0.0.1"), "10.0.0.1");
            assert.equal(leaf.checkIP("10.0.0.2"), undefined);
            assert.deepEqual([issuer.ca, leaf.ca], [true, false]);
            assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
        });
    }

    it("last as long as asked", async () => {
        const { cert } = await signed();
        const hours = (Date.parse(cert.validityEndTime) - Date.parse(cert.validityStartTime)) / 3_600_000;
        assert.equal(hours, 12);
        assert.match(cert.validityEndTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        assert.equal(new X509Certificate(cert.certPem).validTo, openssl(cert.validityEndTime));
    });

    it("of an authority are trusted by who knows only the one before it, and the other way round", async () => {
        const { key, ca } = await authority();
        const renewed = await make(tls, "tls:index/selfSignedCert:SelfSignedCert", {
            ...{ privateKeyPem: key.privateKeyPem, allowedUses: ca.allowedUses, subject: ca.subject },
            ...{ isCaCertificate: true, validityPeriodHours: 24 },
        });
        assert.notEqual(renewed.certPem, ca.certPem);
        const folder = mkdtempSync(join(tmpdir(), "skep-tls-"));
        try {
            for (const [issuer, trusted] of [
                [ca, renewed],
                [renewed, ca],
            ] as const) {
                const leafKey = await makeKey({ algorithm: "ECDSA", ecdsaCurve: "P256" });
                const request = await make(tls, "tls:index/certRequest:CertRequest", {
                    ...{ privateKeyPem: leafKey.privateKeyPem, subject: { commonName: "host" } },
                });
                const leaf = await make(tls, "tls:index/locallySignedCert:LocallySignedCert", {
                    ...{ caCertPem: issuer.certPem, caPrivateKeyPem: key.privateKeyPem },
                    ...{ certRequestPem: request.certRequestPem, validityPeriodHours: 12 },
                    allowedUses: ["server_auth"],
                });
                writeFileSync(join(folder, "ca"), trusted.certPem);
                writeFileSync(join(folder, "leaf"), leaf.certPem);
                const verified = execFileSync("openssl", ["verify", "-CAfile", "ca", "leaf"], {
                    cwd: folder,
                });
                assert.match(verified.toString(), /leaf: OK/);
            }
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("are replaced when they are due, and not before", async () => {
        const resource = tls.resources["tls:index/locallySignedCert:LocallySignedCert"];
        const { cert } = await signed({ earlyRenewalHours: 11 });
        assert.deepEqual(resource?.drift?.(cert, cert), []);
        const { cert: due } = await signed({ earlyRenewalHours: 12 });
        assert.deepEqual(resource?.drift?.(due, due), ["readyForRenewal"]);
        assert.ok(resource?.replaceOn?.includes("readyForRenewal"));
    });

    it("have no uses and names that Skep does not ask for", () => {
        const type = "tls:index/selfSignedCert:SelfSignedCert";
        assert.deepEqual(refusals(type, { allowedUses: ["server_auth", "code_signing"] }), ["allowedUses"]);
        assert.deepEqual(refusals(type, { subject: { commonName: "a", country: "b" } }), ["subject"]);
        assert.deepEqual(refusals(type, { maxPathLength: 1 }), ["maxPathLength"]);
        assert.deepEqual(refusals("tls:index/certRequest:CertRequest", { uris: ["a:b"] }), ["uris"]);
    });
});

/** A time as OpenSSL writes it. */
function openssl(timestamp: string): string {
    const [, day, month, year, time] =
        /, (\d\d) (\w+) (\d+) ([\d:]+)/.exec(new Date(timestamp).toUTCString()) ?? [];
    return `${month} ${String(Number(day)).padStart(2)} ${time} ${year} GMT`;
}

describe("the random stand-in", () => {
    const PASSWORD = "random:index/randomPassword:RandomPassword";

    it("makes a password of the length asked, with special characters unless told otherwise", async () => {
        const { result } = await make(random, PASSWORD, { length: 500, special: false });
        assert.match(result, /^[A-Za-z0-9]{500}$/);
        for (const set of [/[A-Z]/, /[a-z]/, /[0-9]/]) assert.match(result, set);
        assert.match((await make(random, PASSWORD, { length: 500 })).result, /[^A-Za-z0-9]/);
    });

    it("refuses what Skep does not use of it, and a length of nothing", () => {
        assert.deepEqual(refusals(PASSWORD, { length: 8, minLower: 4 }), ["minLower"]);
        assert.deepEqual(refusals(PASSWORD, { length: 0 }), ["length"]);
        assert.deepEqual(refusals(PASSWORD, { length: 8, keepers: {} }), ["keepers"]);
    });

    it("gives a password together with its bcrypt hash", async () => {
        const made = await make(random, PASSWORD, { length: 30 });
        assert.ok(await bcrypt.compare(made.result, made.bcryptHash));
    });
});
