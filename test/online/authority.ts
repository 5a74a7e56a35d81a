// An office's private certificate authority, and a certificate that it signed for a name.

import { x509 } from "../../offline/plugins/tls/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 60 * 60 * 1000;

/** In PEM: the authority's certificate, which programs do not trust by themselves, and the name's certificate and key. */
export async function certificateFor(
    name: string,
): Promise<{ authority: string; cert: string; key: string }> {
    const keyPair = () => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const [root, leaf] = await Promise.all([keyPair(), keyPair()]);
    const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
    const authority = await x509.X509CertificateGenerator.createSelfSigned({
        name: "CN=Office",
        keys: root,
        signingAlgorithm: ALGORITHM,
        ...validity,
        extensions: [
            new x509.BasicConstraintsExtension(true, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        ],
    });
    const cert = await x509.X509CertificateGenerator.create({
        subject: `CN=${name}`,
        issuer: authority.subject,
        publicKey: leaf.publicKey,
        signingKey: root.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
    });
    const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", leaf.privateKey)).toString("base64");
    return {
        authority: authority.toString("pem"),
        cert: cert.toString("pem"),
        key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    };
}
