// The stack's certificate authority. It signs the registry's certificate, one for each manager's engine API, and one for
// their clients.

import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** Certificates last ten years. In the last half year an up renews them, so nothing expires unnoticed. */
const HOURS = 10 * 365 * 24;
const EARLY_RENEWAL_HOURS = 183 * 24;

export interface PkiArgs {
    /** The stack's name, for the subjects of the certificates. */
    stack: string;
}

export interface Certificate {
    certificate: pulumi.Output<string>;
    privateKey: pulumi.Output<string>;
}

/** The stack's certificate authority: ECDSA P-256, ten years; an up in the last half year renews it. */
export class Pki extends pulumi.ComponentResource {
    /** The authority's certificate, PEM. */
    readonly ca: pulumi.Output<string>;
    private readonly key: tls.PrivateKey;

    constructor(
        private readonly name: string,
        private readonly args: PkiArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("skep:index:Pki", name, {}, opts);
        this.key = privateKey(`${name}-ca-key`, this);
        const certificate = new tls.SelfSignedCert(
            `${name}-ca`,
            {
                privateKeyPem: this.key.privateKeyPem,
                isCaCertificate: true,
                subject: { commonName: `Skep ${args.stack}`, organization: "Skep" },
                allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
                setSubjectKeyId: true,
                validityPeriodHours: HOURS,
                earlyRenewalHours: EARLY_RENEWAL_HOURS,
            },
            { parent: this },
        );
        this.ca = certificate.certPem;
        this.registerOutputs();
    }

    /** Signs a certificate for a server with these names and addresses. */
    server(name: string, dnsNames: string[], ipAddresses: pulumi.Input<string>[]): Certificate {
        return this.sign(
            name,
            ["server_auth", "digital_signature", "key_encipherment"],
            dnsNames,
            ipAddresses,
        );
    }

    /** Signs a certificate for a client of the engines' API. */
    client(name: string): Certificate {
        return this.sign(name, ["client_auth", "digital_signature"], [], []);
    }

    private sign(
        name: string,
        allowedUses: string[],
        dnsNames: string[],
        ipAddresses: pulumi.Input<string>[],
    ): Certificate {
        const full = `${this.name}-${name}`;
        const key = privateKey(`${full}-key`, this);
        const request = new tls.CertRequest(
            `${full}-request`,
            {
                privateKeyPem: key.privateKeyPem,
                subject: { commonName: dnsNames[0] ?? name, organization: `Skep ${this.args.stack}` },
                dnsNames,
                ipAddresses,
            },
            { parent: this },
        );
        const signed = new tls.LocallySignedCert(
            full,
            {
                caCertPem: this.ca,
                caPrivateKeyPem: this.key.privateKeyPem,
                certRequestPem: request.certRequestPem,
                allowedUses,
                validityPeriodHours: HOURS,
                earlyRenewalHours: EARLY_RENEWAL_HOURS,
            },
            { parent: this },
        );
        return { certificate: signed.certPem, privateKey: key.privateKeyPemPkcs8 };
    }
}

function privateKey(name: string, parent: pulumi.Resource): tls.PrivateKey {
    return new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" }, { parent });
}
