// Stand-in for the official tls plugin: keys and certificates.
import { version } from "@pulumi/tls/package.json";
import { standIn } from "../stand-in";
import { certRequest, locallySignedCert, selfSignedCert } from "./certificates";
import { privateKey } from "./private-key";

export const tls = standIn({
    name: "tls",
    version,
    resources: {
        "tls:index/privateKey:PrivateKey": privateKey,
        "tls:index/certRequest:CertRequest": certRequest,
        "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
        "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
    },
});
