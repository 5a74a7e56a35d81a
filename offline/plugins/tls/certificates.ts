// tls.CertRequest, tls.SelfSignedCert and tls.LocallySignedCert.
import { createHash } from "node:crypto";
import type { CheckFailure, Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import {
    alternativeNames,
    authority,
    distinguishedName,
    readyForRenewal,
    serialNumber,
    signingKey,
    timestamp,
    USES,
    usages,
    validity,
} from "./certificate";
import { x509 } from "./x509";

const SUBJECT_ALTERNATIVE_NAMES = "2.5.29.17";
const TIMES = ["readyForRenewal", "validityEndTime", "validityStartTime"];

export const certRequest: StandInResource = {
    inputs: ["dnsNames", "ipAddresses", "privateKeyPem", "subject", "uris"],
    required: ["privateKeyPem"],
    computed: ["certRequestPem", "keyAlgorithm"],
    secretOutputs: ["privateKeyPem"],
    replaceOn: "*",
    async create(inputs) {
        const key = await signingKey(inputs.privateKeyPem);
        const request = await x509.Pkcs10CertificateRequestGenerator.create({
            name: distinguishedName(inputs.subject),
            keys: key.keys,
            signingAlgorithm: key.algorithm,
            extensions: alternativeNames(inputs),
        });
        const id = createHash("sha1").update(Buffer.from(request.rawData)).digest("hex");
        return { id, outs: { certRequestPem: pem(request), keyAlgorithm: key.name } };
    },
};

/** What the two kinds of certificates have in common. Only `earlyRenewalHours` changes without a new certificate. */
const certificate = {
    defaults: { earlyRenewalHours: 0, isCaCertificate: false, maxPathLength: -1, setSubjectKeyId: false },
    check: checkUses,
    async update(_id: string, olds: Props, inputs: Props) {
        return { ...olds, ...inputs, readyForRenewal: readyForRenewal({ ...olds, ...inputs }) };
    },
    async read(id: string, state: Props) {
        return { id, outs: { ...state, readyForRenewal: readyForRenewal(state) } };
    },
    // A certificate that is due shows as a change of its renewal, and is replaced by it.
    drift: (state: Props) => (readyForRenewal(state) ? ["readyForRenewal"] : []),
} satisfies Partial<StandInResource>;

const SELF_SIGNED_INPUTS = [
    "allowedUses",
    "dnsNames",
    "ipAddresses",
    "isCaCertificate",
    "maxPathLength",
    "privateKeyPem",
    "setAuthorityKeyId",
    "setSubjectKeyId",
    "subject",
    "uris",
    "validityPeriodHours",
];

export const selfSignedCert: StandInResource = {
    ...certificate,
    inputs: [...SELF_SIGNED_INPUTS, "earlyRenewalHours"],
    required: ["allowedUses", "privateKeyPem", "validityPeriodHours"],
    defaults: { ...certificate.defaults, setAuthorityKeyId: false },
    computed: ["certPem", "keyAlgorithm", ...TIMES],
    secretOutputs: ["privateKeyPem"],
    replaceOn: [...SELF_SIGNED_INPUTS, "readyForRenewal"],
    async create(inputs) {
        const key = await signingKey(inputs.privateKeyPem);
        const serial = serialNumber();
        const made = await x509.X509CertificateGenerator.createSelfSigned({
            serialNumber: serial,
            name: distinguishedName(inputs.subject),
            ...validity(inputs),
            keys: key.keys,
            signingAlgorithm: key.algorithm,
            extensions: [
                authority(inputs),
                ...usages(inputs),
                ...alternativeNames(inputs),
                ...(await subjectKeyId(inputs, key.keys.publicKey)),
                ...(inputs.setAuthorityKeyId ? [await authorityKeyId(key.keys.publicKey)] : []),
            ],
        });
        return { id: decimal(serial), outs: { ...certificateOuts(made), keyAlgorithm: key.name } };
    },
};

const LOCALLY_SIGNED_INPUTS = [
    "allowedUses",
    "caCertPem",
    "caPrivateKeyPem",
    "certRequestPem",
    "isCaCertificate",
    "maxPathLength",
    "setSubjectKeyId",
    "validityPeriodHours",
];

export const locallySignedCert: StandInResource = {
    ...certificate,
    inputs: [...LOCALLY_SIGNED_INPUTS, "earlyRenewalHours"],
    required: ["allowedUses", "caCertPem", "caPrivateKeyPem", "certRequestPem", "validityPeriodHours"],
    computed: ["certPem", "caKeyAlgorithm", ...TIMES],
    secretOutputs: ["caPrivateKeyPem"],
    replaceOn: [...LOCALLY_SIGNED_INPUTS, "readyForRenewal"],
    async create(inputs) {
        const key = await signingKey(inputs.caPrivateKeyPem);
        const ca = new x509.X509Certificate(inputs.caCertPem);
        const request = new x509.Pkcs10CertificateRequest(inputs.certRequestPem);
        const names = request.getExtension(SUBJECT_ALTERNATIVE_NAMES);
        const serial = serialNumber();
        const made = await x509.X509CertificateGenerator.create({
            serialNumber: serial,
            subject: request.subjectName,
            issuer: ca.subjectName,
            ...validity(inputs),
            publicKey: request.publicKey,
            signingKey: key.keys.privateKey,
            signingAlgorithm: key.algorithm,
            extensions: [
                authority(inputs),
                ...usages(inputs),
                ...(names ? [names] : []),
                ...(await subjectKeyId(inputs, request.publicKey)),
                await authorityKeyId(key.keys.publicKey),
            ],
        });
        return { id: decimal(serial), outs: { ...certificateOuts(made), caKeyAlgorithm: key.name } };
    },
};

function checkUses({ allowedUses }: Props): CheckFailure[] {
    if (!Array.isArray(allowedUses)) return [];
    const wrong = allowedUses.filter((use) => typeof use === "string" && !USES.includes(use));
    return wrong.map((use) => ({
        property: "allowedUses",
        reason: `there is no use '${use}' of a certificate`,
    }));
}

/** Go adds a subject key id to every CA certificate by itself. */
async function subjectKeyId(inputs: Props, key: x509.PublicKeyType): Promise<x509.Extension[]> {
    if (!inputs.setSubjectKeyId && !inputs.isCaCertificate) return [];
    return [await x509.SubjectKeyIdentifierExtension.create(key)];
}

function authorityKeyId(key: x509.PublicKeyType): Promise<x509.Extension> {
    return x509.AuthorityKeyIdentifierExtension.create(key);
}

function certificateOuts(made: x509.X509Certificate): Props {
    return {
        certPem: pem(made),
        readyForRenewal: false,
        validityStartTime: timestamp(made.notBefore),
        validityEndTime: timestamp(made.notAfter),
    };
}

function pem(data: x509.X509Certificate | x509.Pkcs10CertificateRequest): string {
    return `${data.toString("pem").trimEnd()}\n`;
}

function decimal(hex: string): string {
    return BigInt(`0x${hex}`).toString();
}
