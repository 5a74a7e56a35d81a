// aws.ec2.Instance: made, read back, changed as far as EC2 can (instance-changes.ts), and terminated.
import { randomUUID } from "node:crypto";
import type { Instance, RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import type { Context, Props } from "../../../providers/runtime/types";
import { until } from "../shared";
import type { Aws } from "./clients";
import { retrying, unlessGone } from "./errors";
import { changeInstance, instanceOf, METADATA_OPTIONS } from "./instance-changes";
import { awsResource, ec2Arn, inOrder, must, renamed, request } from "./resource";
import { tagOutputs, tagSpecification } from "./tags";

const STATE_SECONDS = 600;
/** A new instance profile is not known to EC2 at once. */
const PROFILE_SECONDS = 120;
const GONE = ["terminated", undefined];

/** Outputs, and inputs that are read back, by EC2's names in its description of an instance. */
const OUTPUTS = {
    ami: "ImageId",
    instanceType: "InstanceType",
    keyName: "KeyName",
    privateDns: "PrivateDnsName",
    privateIp: "PrivateIpAddress",
    subnetId: "SubnetId",
};

const ROOT_DISK = {
    deleteOnTermination: "DeleteOnTermination",
    encrypted: "Encrypted",
    volumeSize: "VolumeSize",
    volumeType: "VolumeType",
};

export const instance = awsResource({
    inputs: [
        "ami",
        "associatePublicIpAddress",
        "disableApiTermination",
        "iamInstanceProfile",
        "instanceType",
        "keyName",
        "metadataOptions",
        "privateIp",
        "rootBlockDevice",
        "subnetId",
        "tags",
        "userData",
        "vpcSecurityGroupIds",
    ],
    computed: [
        "arn",
        "availabilityZone",
        "instanceState",
        "primaryNetworkInterfaceId",
        "privateDns",
        "privateIp",
        "publicDns",
        "publicIp",
        "tagsAll",
    ],
    observed: ["tags", "iamInstanceProfile", "instanceType", "metadataOptions", "vpcSecurityGroupIds"],
    replaceOn: ["ami", "associatePublicIpAddress", "keyName", "privateIp", "rootBlockDevice", "subnetId"],
    create: run,
    finish: (aws, id, _inputs, { signal }) =>
        until(`${id} to run`, STATE_SECONDS, signal, async () => {
            const found = await unlessGone(instanceOf(aws, id));
            const state = found?.State?.Name;
            if (state === "terminated" || state === "shutting-down")
                throw new Error(`${id} ended at once: ${found?.StateReason?.Message}`);
            // An update must not start an instance that someone has stopped.
            return state === "running" || state === "stopped" ? state : undefined;
        }),
    update: changeInstance,
    async describe(aws, id, state) {
        const found = await instanceOf(aws, id);
        return found && !GONE.includes(found.State?.Name) ? outputs(aws, found, state) : undefined;
    },
    async remove(aws, id, _state, { signal }) {
        await aws.ec2.terminateInstances({ InstanceIds: [id] });
        await until(`${id} to be terminated`, STATE_SECONDS, signal, async () => {
            const found = await unlessGone(instanceOf(aws, id));
            return GONE.includes(found?.State?.Name) ? true : undefined;
        });
    },
});

async function run(aws: Aws, inputs: Props, { signal }: Context): Promise<string | undefined> {
    const { rootBlockDevice, metadataOptions } = inputs;
    const wanted: RunInstancesCommandInput = {
        // EC2 answers a repeated request with this token with the same instance. Random, since the same resource with the
        // same inputs may need a second instance within the day that EC2 remembers a token.
        ClientToken: randomUUID(),
        ImageId: inputs.ami,
        InstanceType: inputs.instanceType,
        MinCount: 1,
        MaxCount: 1,
        KeyName: inputs.keyName,
        UserData: inputs.userData && Buffer.from(inputs.userData as string).toString("base64"),
        DisableApiTermination: inputs.disableApiTermination,
        IamInstanceProfile: inputs.iamInstanceProfile && { Name: inputs.iamInstanceProfile },
        MetadataOptions: metadataOptions && request(metadataOptions, METADATA_OPTIONS),
        // A public address is a setting of the interface; EC2 then wants all settings of the network there.
        NetworkInterfaces: [
            {
                DeviceIndex: 0,
                SubnetId: inputs.subnetId,
                PrivateIpAddress: inputs.privateIp,
                Groups: inputs.vpcSecurityGroupIds,
                AssociatePublicIpAddress: inputs.associatePublicIpAddress,
                DeleteOnTermination: true,
            },
        ],
        BlockDeviceMappings: rootBlockDevice && [
            {
                DeviceName: await rootDevice(aws, inputs.ami),
                Ebs: request(rootBlockDevice, ROOT_DISK),
            },
        ],
        TagSpecifications: [
            ...tagSpecification("instance", inputs),
            ...tagSpecification("volume", { tags: rootBlockDevice?.tags }),
        ],
    };
    const { Instances = [] } = await retrying(/[Ii]nstance ?[Pp]rofile/, PROFILE_SECONDS, signal, () =>
        aws.ec2.runInstances(wanted),
    );
    return Instances[0]?.InstanceId;
}

async function rootDevice({ ec2 }: Aws, ami: string): Promise<string> {
    const { Images = [] } = await ec2.describeImages({ ImageIds: [ami] });
    return must(Images[0]?.RootDeviceName, `the root device of ${ami}`);
}

function outputs(aws: Aws, found: Instance, state: Props): Props {
    const [primary] = found.NetworkInterfaces ?? [];
    const groups = (primary?.Groups ?? []).map(({ GroupId = "" }) => GroupId);
    const profile = found.IamInstanceProfile?.Arn?.split("/").at(-1);
    return {
        arn: ec2Arn(aws, undefined, "instance", found.InstanceId ?? ""),
        ...renamed(found, OUTPUTS),
        availabilityZone: found.Placement?.AvailabilityZone,
        instanceState: found.State?.Name,
        primaryNetworkInterfaceId: primary?.NetworkInterfaceId,
        publicDns: found.PublicDnsName ?? "",
        publicIp: found.PublicIpAddress ?? "",
        vpcSecurityGroupIds: inOrder(state.vpcSecurityGroupIds, groups),
        ...(profile !== undefined && { iamInstanceProfile: profile }),
        ...(state.metadataOptions && {
            metadataOptions: renamed(found.MetadataOptions ?? {}, METADATA_OPTIONS),
        }),
        ...tagOutputs(found.Tags),
    };
}
