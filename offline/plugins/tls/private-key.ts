// tls.PrivateKey: the kinds of keys that Skep makes, in every format that the official plugin gives.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Props } from "../../../providers/runtime/types";
import { oneOf } from "../shared";
import type { StandInResource } from "../stand-in";
import { opensshPrivateKey, opensshPublicKey } from "./openssh";

const ALGORITHMS = ["ECDSA", "ED25519"];
const CURVES = ["P256"];

const SECRET_FORMATS = ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"];
const PUBLIC_FORMATS = [
    "publicKeyFingerprintMd5",
    "publicKeyFingerprintSha256",
    "publicKeyOpenssh",
    "publicKeyPem",
];

export const privateKey: StandInResource = {
    inputs: ["algorithm", "ecdsaCurve"],
    required: ["algorithm"],
    // The official plugin keeps both in the state of every key.
    defaults: { ecdsaCurve: "P224", rsaBits: 2048 },
    computed: [...SECRET_FORMATS, ...PUBLIC_FORMATS],
    secretOutputs: SECRET_FORMATS,
    replaceOn: "*",
    check: ({ algorithm, ecdsaCurve }) => [
        ...oneOf("algorithm", algorithm, ALGORITHMS),
        ...(algorithm === "ECDSA" ? oneOf("ecdsaCurve", ecdsaCurve, CURVES) : []),
    ],
    async create({ algorithm }) {
        const { privateKey: key } =
            algorithm === "ED25519"
                ? generateKeyPairSync("ed25519")
                : generateKeyPairSync("ec", { namedCurve: "P-256" });
        return { id: keyId(key), outs: { ...privateFormats(key), ...publicFormats(key) } };
    },
};

function privateFormats(key: KeyObject): Props {
    const pkcs8 = key.export({ type: "pkcs8", format: "pem" });
    return {
        // An ED25519 key has no older format than PKCS #8.
        privateKeyPem: key.asymmetricKeyType === "ec" ? key.export({ type: "sec1", format: "pem" }) : pkcs8,
        privateKeyPemPkcs8: pkcs8,
        privateKeyOpenssh: opensshPrivateKey(key),
    };
}

function publicFormats(key: KeyObject): Props {
    const { line, md5, sha256 } = opensshPublicKey(key);
    return {
        publicKeyPem: createPublicKey(key).export({ type: "spki", format: "pem" }),
        publicKeyOpenssh: line,
        publicKeyFingerprintMd5: md5,
        publicKeyFingerprintSha256: sha256,
    };
}

/** The SHA-1 of the public key: the id that the official plugin gives. */
function keyId(key: KeyObject): string {
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    return createHash("sha1").update(spki).digest("hex");
}
