// When certificates begin and end. No I/O.
import { X509Certificate } from "node:crypto";

/** The time in which a certificate is valid, as ISO 8601 dates. */
export interface Span {
    from: string;
    to: string;
}

/** When this certificate is valid; undefined if the text is no certificate. */
export function spanOf(pem: string): Span | undefined {
    try {
        const { validFrom, validTo } = new X509Certificate(pem);
        return { from: new Date(validFrom).toISOString(), to: new Date(validTo).toISOString() };
    } catch {
        return undefined;
    }
}
