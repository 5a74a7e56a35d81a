// aws.ec2.KeyPair: a public key under a name that EC2 knows.
import type { KeyPairInfo } from "@aws-sdk/client-ec2";
import { ec2Resource } from "./ec2";
import { must } from "./resource";
import { retag } from "./tags";

export const keyPair = ec2Resource<KeyPairInfo>({
    kind: "key-pair",
    fixed: { keyName: "KeyName", publicKey: "PublicKeyMaterial" },
    named: "keyName",
    outputs: { fingerprint: "KeyFingerprint", keyPairId: "KeyPairId", keyType: "KeyType" },
    required: ["publicKey"],
    create: "importKeyPair",
    describe: "describeKeyPairs",
    list: "KeyPairs",
    remove: "deleteKeyPair",
    id: "KeyName",
    // EC2 tags a pair by an id of its own, not by the name.
    async update(aws, name, olds, news) {
        const pair = await keyPair.find(aws, name);
        await retag(aws, must(pair?.KeyPairId, `the id of the key pair ${name}`), olds, news);
    },
});
