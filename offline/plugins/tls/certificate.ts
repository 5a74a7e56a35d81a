// Parts that all certificates are made of: keys, names, uses, times. Certificates themselves are in certificates.ts.
import { createPrivateKey, createPublicKey, randomBytes, webcrypto, type KeyObject } from "node:crypto";
import type { Props } from "../../../providers/runtime/types";
import { x509 } from "./x509";

const HOUR_MS = 3_600_000;

/** A private key ready to sign, with the names that each side has for its algorithm. */
export interface SigningKey {
    keys: webcrypto.CryptoKeyPair;
    algorithm: Algorithm;
    /** As the official plugin calls it: RSA, ECDSA, ED25519. */
    name: string;
}

type Algorithm = { name: string; hash?: string; namedCurve?: string };

/** A private key from PEM, PKCS #1, SEC 1 or PKCS #8, ready to sign certificates. */
export async function signingKey(pem: string): Promise<SigningKey> {
    const key = createPrivateKey(pem);
    const { algorithm, name } = algorithmOf(key);
    const { subtle } = webcrypto;
    const pkcs8 = key.export({ type: "pkcs8", format: "der" });
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    const privateKey = await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
    const publicKey = await subtle.importKey("spki", spki, algorithm, true, ["verify"]);
    return { keys: { privateKey, publicKey }, algorithm, name };
}

function algorithmOf(key: KeyObject): { algorithm: Algorithm; name: string } {
    if (key.asymmetricKeyType === "ed25519") return { algorithm: { name: "Ed25519" }, name: "ED25519" };
    if (key.asymmetricKeyType === "rsa") {
        return { algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, name: "RSA" };
    }
    const { crv = "" } = key.export({ format: "jwk" });
    // Go signs with the hash that fits the curve; so do we.
    const hash = { "P-384": "SHA-384", "P-521": "SHA-512" }[crv] ?? "SHA-256";
    return { algorithm: { name: "ECDSA", namedCurve: crv, hash }, name: "ECDSA" };
}

/** Attribute types by the names that `subject` has for them, in the order that Go writes them. */
const SUBJECT_ATTRIBUTES: Record<string, string> = {
    country: "C",
    organization: "O",
    organizationalUnit: "OU",
    locality: "L",
    province: "ST",
    postalCode: "2.5.4.17",
    commonName: "CN",
    serialNumber: "2.5.4.5",
    emailAddress: "E",
};

/** The provider's `subject` as a name of X.509. */
export function distinguishedName(subject: Props = {}): x509.JsonName {
    const single = Object.entries(SUBJECT_ATTRIBUTES).filter(([name]) => subject[name]);
    const attributes = single.map(([name, type]) => ({ [type]: [subject[name] as string] }));
    const streets = (subject.streetAddresses ?? []) as string[];
    return [...attributes, ...streets.map((street) => ({ "2.5.4.9": [street] }))];
}

/** The extension with these names; nothing without any. */
export function alternativeNames({ dnsNames = [], ipAddresses = [], uris = [] }: Props): x509.Extension[] {
    const named = (type: x509.GeneralNameType, values: string[]) => values.map((value) => ({ type, value }));
    const names = [...named("dns", dnsNames), ...named("ip", ipAddresses), ...named("url", uris)];
    return names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [];
}

const KEY_USES: Record<string, number> = {
    digital_signature: x509.KeyUsageFlags.digitalSignature,
    content_commitment: x509.KeyUsageFlags.nonRepudiation,
    key_encipherment: x509.KeyUsageFlags.keyEncipherment,
    data_encipherment: x509.KeyUsageFlags.dataEncipherment,
    key_agreement: x509.KeyUsageFlags.keyAgreement,
    cert_signing: x509.KeyUsageFlags.keyCertSign,
    crl_signing: x509.KeyUsageFlags.cRLSign,
    encipher_only: x509.KeyUsageFlags.encipherOnly,
    decipher_only: x509.KeyUsageFlags.decipherOnly,
};

const EXTENDED_KEY_USES: Record<string, string> = {
    any_extended: "2.5.29.37.0",
    server_auth: x509.ExtendedKeyUsage.serverAuth,
    client_auth: x509.ExtendedKeyUsage.clientAuth,
    code_signing: x509.ExtendedKeyUsage.codeSigning,
    email_protection: x509.ExtendedKeyUsage.emailProtection,
    timestamping: x509.ExtendedKeyUsage.timeStamping,
    ocsp_signing: x509.ExtendedKeyUsage.ocspSigning,
};

/** Every use that certificates may be given here. */
export const USES = [...Object.keys(KEY_USES), ...Object.keys(EXTENDED_KEY_USES)];

/** The extensions that say what the certificate may be used for, from the provider's `allowedUses`. */
export function usages({ allowedUses }: Props): x509.Extension[] {
    const uses = allowedUses as string[];
    const flags = uses.reduce((sum, use) => sum | (KEY_USES[use] ?? 0), 0);
    const extended = uses.flatMap((use) => EXTENDED_KEY_USES[use] ?? []);
    return [
        ...(flags ? [new x509.KeyUsagesExtension(flags, true)] : []),
        ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
    ];
}

/** The extension that says whether it may sign others, and how long a chain. */
export function authority({ isCaCertificate, maxPathLength }: Props): x509.Extension {
    const length = maxPathLength >= 0 ? maxPathLength : undefined;
    return new x509.BasicConstraintsExtension(Boolean(isCaCertificate), length, true);
}

/** From this second on, for as many hours as asked. */
export function validity({ validityPeriodHours }: Props): { notBefore: Date; notAfter: Date } {
    const now = Math.floor(Date.now() / 1000) * 1000;
    return { notBefore: new Date(now), notAfter: new Date(now + validityPeriodHours * HOUR_MS) };
}

/** Whether a certificate is within `earlyRenewalHours` of its end, or beyond it. */
export function readyForRenewal({ validityEndTime, earlyRenewalHours = 0 }: Props): boolean {
    return Date.now() >= Date.parse(validityEndTime) - earlyRenewalHours * HOUR_MS;
}

/** RFC 3339 without fractions of a second. */
export function timestamp(date: Date): string {
    return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** 128 random bits, as the official plugin does; a leading one would make it negative. */
export function serialNumber(): string {
    const bytes = randomBytes(16);
    bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
    return bytes.toString("hex");
}
