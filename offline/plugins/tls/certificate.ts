// Parts of certificates: keys, names, uses, times. The resources are in certificates.ts.
import { createPrivateKey, createPublicKey, randomBytes, webcrypto, type KeyObject } from "node:crypto";
import type { CheckFailure, Props } from "../../../providers/runtime/types";
import { oneOf } from "../shared";
import { x509 } from "./x509";

const HOUR_MS = 3_600_000;

/** A private key ready to sign, with the names that each side has for its algorithm. */
export interface SigningKey {
    keys: webcrypto.CryptoKeyPair;
    algorithm: Algorithm;
    /** The official plugin's name for it: ECDSA or ED25519. */
    name: string;
}

type Algorithm = { name: string; hash?: string; namedCurve?: string };

/** A private key from PEM (SEC 1 or PKCS #8), ready to sign certificates. */
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
    return { algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, name: "ECDSA" };
}

/** Names that `subject` may have, in the order that Go writes them. */
const SUBJECT_ATTRIBUTES: Record<string, string> = { organization: "O", commonName: "CN" };

/** A failure for each name in `subject` that is not covered. */
export function checkSubject({ subject }: Props): CheckFailure[] {
    const given = typeof subject === "object" && subject !== null ? Object.keys(subject as object) : [];
    return given
        .filter((key) => !(key in SUBJECT_ATTRIBUTES))
        .map((key) => ({ property: "subject", reason: `'subject.${key}' is not covered by the stand-in` }));
}

/** The resource's `subject` as a name of X.509. */
export function distinguishedName(subject: Props = {}): x509.JsonName {
    const named = Object.entries(SUBJECT_ATTRIBUTES).filter(([name]) => subject[name]);
    return named.map(([name, type]) => ({ [type]: [subject[name] as string] }));
}

/** The extension with these names; none where there are no names. */
export function alternativeNames({ dnsNames = [], ipAddresses = [] }: Props): x509.Extension[] {
    const named = (type: x509.GeneralNameType, values: string[]) => values.map((value) => ({ type, value }));
    const names = [...named("dns", dnsNames), ...named("ip", ipAddresses)];
    return names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [];
}

const KEY_USES: Record<string, number> = {
    digital_signature: x509.KeyUsageFlags.digitalSignature,
    key_encipherment: x509.KeyUsageFlags.keyEncipherment,
    cert_signing: x509.KeyUsageFlags.keyCertSign,
    crl_signing: x509.KeyUsageFlags.cRLSign,
};

const EXTENDED_KEY_USES: Record<string, string> = {
    server_auth: x509.ExtendedKeyUsage.serverAuth,
    client_auth: x509.ExtendedKeyUsage.clientAuth,
};

/** A failure for each of `allowedUses` that is not covered. */
export function checkUses({ allowedUses }: Props): CheckFailure[] {
    const uses = Array.isArray(allowedUses) ? allowedUses : [];
    return uses.flatMap((use) =>
        oneOf("allowedUses", use, [...Object.keys(KEY_USES), ...Object.keys(EXTENDED_KEY_USES)]),
    );
}

/** The extensions that say what the certificate may be used for. */
export function usages({ allowedUses }: Props): x509.Extension[] {
    const uses = allowedUses as string[];
    const flags = uses.reduce((sum, use) => sum | (KEY_USES[use] ?? 0), 0);
    const extended = uses.flatMap((use) => EXTENDED_KEY_USES[use] ?? []);
    return [
        ...(flags ? [new x509.KeyUsagesExtension(flags, true)] : []),
        ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
    ];
}

/** The extension that says whether it may sign others; the stand-in limits no chain's length. */
export function authority({ isCaCertificate }: Props): x509.Extension {
    return new x509.BasicConstraintsExtension(Boolean(isCaCertificate), undefined, true);
}

/** From now, in whole seconds, for `validityPeriodHours`. */
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

/** 128 random bits, as the official plugin takes them; the first bit is 0, since serial numbers are positive. */
export function serialNumber(): string {
    const bytes = randomBytes(16);
    bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
    return bytes.toString("hex");
}
