// tls.CertRequest, tls.SelfSignedCert and tls.LocallySignedCert.
import { createHash } from "node:crypto";
import type { Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import {
    alternativeNames,
    authority,
    checkSubject,
    checkUses,
    distinguishedName,
    readyForRenewal,
    serialNumber,
    signingKey,
    timestamp,
    usages,
    validity,
} from "./certificate";
import { x509 } from "./x509";

const SUBJECT_ALTERNATIVE_NAMES = "2.5.29.17";
const TIMES = ["readyForRenewal", "validityEndTime", "validityStartTime"];

export const certRequest: StandInResource = {
    inputs: ["dnsNames", "ipAddresses", "privateKeyPem", "subject"],
    required: ["privateKeyPem"],
    computed: ["certRequestPem", "keyAlgorithm"],
    secretOutputs: ["privateKeyPem"],
    replaceOn: "*",
    check: checkSubject,
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

/** What the two kinds of certificates share. A change of `earlyRenewalHours` alone makes no new certificate. */
const certificate = {
    check: (inputs) => [...checkUses(inputs), ...checkSubject(inputs)],
    async update(_id: string, olds: Props, inputs: Props) {
        return { ...olds, ...inputs, readyForRenewal: readyForRenewal({ ...olds, ...inputs }) };
    },
    async read(id: string, state: Props) {
        return { id, outs: { ...state, readyForRenewal: readyForRenewal(state) } };
    },
    // A certificate that is due is replaced, by a change of this output.
    drift: (state: Props) => (readyForRenewal(state) ? ["readyForRenewal"] : []),
} satisfies Partial<StandInResource>;

/** The official plugin keeps these in the state. */
const DEFAULTS = { earlyRenewalHours: 0, isCaCertificate: false, maxPathLength: -1, setSubjectKeyId: false };

const SELF_SIGNED_INPUTS = [
    "allowedUses",
    "isCaCertificate",
    "privateKeyPem",
    "setSubjectKeyId",
    "subject",
    "validityPeriodHours",
];

export const selfSignedCert: StandInResource = {
    ...certificate,
    inputs: [...SELF_SIGNED_INPUTS, "earlyRenewalHours"],
    required: ["allowedUses", "privateKeyPem", "validityPeriodHours"],
    defaults: { ...DEFAULTS, setAuthorityKeyId: false },
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
                ...(await subjectKeyId(inputs, key.keys.publicKey)),
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
    "validityPeriodHours",
];

export const locallySignedCert: StandInResource = {
    ...certificate,
    inputs: [...LOCALLY_SIGNED_INPUTS, "earlyRenewalHours"],
    required: ["allowedUses", "caCertPem", "caPrivateKeyPem", "certRequestPem", "validityPeriodHours"],
    defaults: DEFAULTS,
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
                await x509.AuthorityKeyIdentifierExtension.create(key.keys.publicKey),
            ],
        });
        return { id: decimal(serial), outs: { ...certificateOuts(made), caKeyAlgorithm: key.name } };
    },
};

/** Go adds a subject key id to every CA certificate by itself. */
async function subjectKeyId(inputs: Props, key: x509.PublicKeyType): Promise<x509.Extension[]> {
    if (!inputs.setSubjectKeyId && !inputs.isCaCertificate) return [];
    return [await x509.SubjectKeyIdentifierExtension.create(key)];
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
