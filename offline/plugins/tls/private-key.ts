// tls.PrivateKey: RSA, ECDSA and ED25519 keys in every format that the official plugin gives.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import { opensshPrivateKey, opensshPublicKey } from "./openssh";

const ALGORITHMS = ["RSA", "ECDSA", "ED25519"];
const CURVES: Record<string, string> = { P224: "secp224r1", P256: "P-256", P384: "P-384", P521: "P-521" };

const SECRET_FORMATS = ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"];
const PUBLIC_FORMATS = [
    "publicKeyFingerprintMd5",
    "publicKeyFingerprintSha256",
    "publicKeyOpenssh",
    "publicKeyPem",
];

export const privateKey: StandInResource = {
    inputs: ["algorithm", "ecdsaCurve", "rsaBits"],
    required: ["algorithm"],
    defaults: { ecdsaCurve: "P224", rsaBits: 2048 },
    computed: [...SECRET_FORMATS, ...PUBLIC_FORMATS],
    secretOutputs: SECRET_FORMATS,
    replaceOn: "*",
    check: ({ algorithm, ecdsaCurve }) => [
        ...oneOf("algorithm", algorithm, ALGORITHMS),
        ...oneOf("ecdsaCurve", ecdsaCurve, Object.keys(CURVES)),
    ],
    async create(inputs) {
        const key = generate(inputs);
        return { id: keyId(key), outs: { ...privateFormats(key), ...publicFormats(key) } };
    },
};

function oneOf(property: string, value: unknown, allowed: string[]) {
    if (typeof value !== "string" || allowed.includes(value)) return [];
    return [{ property, reason: `expected ${property} to be one of ${allowed.join(", ")}, got ${value}` }];
}

function generate({ algorithm, rsaBits, ecdsaCurve }: Props): KeyObject {
    if (algorithm === "ED25519") return generateKeyPairSync("ed25519").privateKey;
    if (algorithm === "RSA") return generateKeyPairSync("rsa", { modulusLength: rsaBits }).privateKey;
    return generateKeyPairSync("ec", { namedCurve: CURVES[ecdsaCurve] ?? ecdsaCurve }).privateKey;
}

function privateFormats(key: KeyObject): Props {
    const pkcs8 = key.export({ type: "pkcs8", format: "pem" }) as string;
    return {
        privateKeyPem: traditionalPem(key) ?? pkcs8,
        privateKeyPemPkcs8: pkcs8,
        privateKeyOpenssh: hasSshForm(key) ? opensshPrivateKey(key) : "",
    };
}

/** The format that names its algorithm in the first line; ED25519 has none. */
function traditionalPem(key: KeyObject): string | undefined {
    if (key.asymmetricKeyType === "rsa") return key.export({ type: "pkcs1", format: "pem" }) as string;
    if (key.asymmetricKeyType === "ec") return key.export({ type: "sec1", format: "pem" }) as string;
    return undefined;
}

function publicFormats(key: KeyObject): Props {
    const publicKeyPem = createPublicKey(key).export({ type: "spki", format: "pem" }) as string;
    const openssh = hasSshForm(key) ? opensshPublicKey(key) : { line: "", md5: "", sha256: "" };
    return {
        publicKeyPem,
        publicKeyOpenssh: openssh.line,
        publicKeyFingerprintMd5: openssh.md5,
        publicKeyFingerprintSha256: openssh.sha256,
    };
}

/** SSH knows no P224 keys; the official plugin leaves these outputs empty. */
function hasSshForm(key: KeyObject): boolean {
    return key.asymmetricKeyDetails?.namedCurve !== "secp224r1";
}

/** The SHA-1 of the public key: the id that the official plugin gives. */
function keyId(key: KeyObject): string {
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    return createHash("sha1").update(spki).digest("hex");
}
