// aws.ec2.KeyPair: a public key of ours under a name that EC2 knows.
import { DeleteKeyPairCommand, DescribeKeyPairsCommand, ImportKeyPairCommand } from "@aws-sdk/client-ec2";
import type { Aws } from "./clients";
import { awsResource, ec2Arn, must, nameFor } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

export const keyPair = awsResource({
    inputs: ["keyName", "keyNamePrefix", "publicKey", "tags"],
    required: ["publicKey"],
    computed: ["arn", "fingerprint", "keyName", "keyPairId", "keyType", "tagsAll"],
    replaceOn: ["keyName", "keyNamePrefix", "publicKey"],
    async create({ ec2 }, inputs, ctx) {
        const { KeyName } = await ec2.send(
            new ImportKeyPairCommand({
                KeyName: nameFor(inputs, ctx, "keyName"),
                PublicKeyMaterial: Buffer.from(inputs.publicKey),
                TagSpecifications: tagSpecification("key-pair", inputs),
            }),
        );
        return must(KeyName, "the key pair's name");
    },
    async update(aws, id, olds, news) {
        // Tags go by the pair's id; the resource is known by its name.
        await retag(aws, must((await pairOf(aws, id))?.KeyPairId, `the key pair ${id}`), olds, news);
    },
    async describe(aws, id) {
        const found = await pairOf(aws, id);
        return (
            found && {
                arn: ec2Arn(aws, undefined, "key-pair", id),
                fingerprint: found.KeyFingerprint,
                keyName: found.KeyName,
                keyPairId: found.KeyPairId,
                keyType: found.KeyType,
                ...tagOutputs(found.Tags),
            }
        );
    },
    remove: ({ ec2 }, KeyName) => ec2.send(new DeleteKeyPairCommand({ KeyName })),
});

async function pairOf({ ec2 }: Aws, name: string) {
    return (await ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name] }))).KeyPairs?.[0];
}
