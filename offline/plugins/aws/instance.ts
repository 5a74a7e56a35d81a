// aws.ec2.Instance: made, seen, changed as far as EC2 can, and ended.
import {
    DescribeImagesCommand,
    DescribeInstancesCommand,
    type Instance,
    RunInstancesCommand,
    TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import type { Context, Props } from "../../../providers/runtime/types";
import type { Aws } from "./clients";
import { retrying, unlessGone, until } from "./errors";
import { changeInstance } from "./instance-changes";
import { awsResource, ec2Arn, must } from "./resource";
import { tagOutputs, tagSpecification } from "./tags";

const STATE_SECONDS = 600;
/** A new instance profile is not known to EC2 at once. */
const PROFILE_SECONDS = 120;
const GONE = ["terminated", undefined];

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
    finish: untilRunning,
    update: changeInstance,
    async describe(aws, id, state) {
        const found = await instanceOf(aws, id);
        return found && !GONE.includes(found.State?.Name) ? outputs(aws, found, state) : undefined;
    },
    async remove(aws, id, _state, { signal }) {
        await aws.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
        await until(`${id} to be terminated`, STATE_SECONDS, signal, async () => {
            const found = await unlessGone(instanceOf(aws, id));
            return GONE.includes(found?.State?.Name) ? true : undefined;
        });
    },
});

async function run(aws: Aws, inputs: Props, { signal }: Context): Promise<string> {
    const { subnetId, privateIp, vpcSecurityGroupIds, rootBlockDevice, metadataOptions } = inputs;
    const request = new RunInstancesCommand({
        ImageId: inputs.ami,
        InstanceType: inputs.instanceType,
        MinCount: 1,
        MaxCount: 1,
        KeyName: inputs.keyName,
        UserData: inputs.userData && base64(inputs.userData),
        DisableApiTermination: inputs.disableApiTermination,
        IamInstanceProfile: inputs.iamInstanceProfile && { Name: inputs.iamInstanceProfile },
        MetadataOptions: metadataOptions && {
            HttpEndpoint: metadataOptions.httpEndpoint,
            HttpTokens: metadataOptions.httpTokens,
            HttpPutResponseHopLimit: metadataOptions.httpPutResponseHopLimit,
        },
        // Whether it gets a public address is said of its interface, and then so must be all else of that.
        NetworkInterfaces: [
            {
                DeviceIndex: 0,
                SubnetId: subnetId,
                PrivateIpAddress: privateIp,
                Groups: vpcSecurityGroupIds,
                AssociatePublicIpAddress: inputs.associatePublicIpAddress,
                DeleteOnTermination: true,
            },
        ],
        BlockDeviceMappings: rootBlockDevice && [
            {
                DeviceName: await rootDevice(aws, inputs.ami),
                Ebs: {
                    VolumeType: rootBlockDevice.volumeType,
                    VolumeSize: rootBlockDevice.volumeSize,
                    Encrypted: rootBlockDevice.encrypted,
                    DeleteOnTermination: rootBlockDevice.deleteOnTermination,
                },
            },
        ],
        TagSpecifications: [
            ...tagSpecification("instance", inputs),
            ...tagSpecification("volume", { tags: rootBlockDevice?.tags }),
        ],
    });
    const { Instances = [] } = await retrying(/[Ii]nstance ?[Pp]rofile/, PROFILE_SECONDS, signal, () =>
        aws.ec2.send(request),
    );
    return must(Instances[0]?.InstanceId, "the instance's id");
}

async function rootDevice({ ec2 }: Aws, ami: string): Promise<string> {
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [ami] }));
    return must(Images[0]?.RootDeviceName, `the root device of ${ami}`);
}

/** The instance, also for an hour after its termination; an unknown id is an error of EC2. */
export async function instanceOf({ ec2 }: Aws, id: string): Promise<Instance | undefined> {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations[0]?.Instances?.[0];
}

async function untilRunning(aws: Aws, id: string, _inputs: Props, { signal }: Context): Promise<void> {
    await until(`${id} to run`, STATE_SECONDS, signal, async () => {
        const found = await unlessGone(instanceOf(aws, id));
        const state = found?.State?.Name;
        if (state === "terminated" || state === "shutting-down")
            throw new Error(`${id} ended at once: ${found?.StateReason?.Message}`);
        // Someone has stopped it, and that is not for an update to undo.
        return state === "running" || state === "stopped" ? state : undefined;
    });
}

function base64(text: string): string {
    return Buffer.from(text).toString("base64");
}

function outputs(aws: Aws, found: Instance, state: Props): Props {
    const [primary] = found.NetworkInterfaces ?? [];
    const groups = (primary?.Groups ?? []).map(({ GroupId = "" }) => GroupId);
    const given = (state.vpcSecurityGroupIds ?? []) as string[];
    const sameGroups = groups.length === given.length && groups.every((group) => given.includes(group));
    const options = found.MetadataOptions;
    const profile = found.IamInstanceProfile?.Arn?.split("/").at(-1);
    return {
        arn: ec2Arn(aws, undefined, "instance", found.InstanceId ?? ""),
        ami: found.ImageId,
        availabilityZone: found.Placement?.AvailabilityZone,
        instanceState: found.State?.Name,
        instanceType: found.InstanceType,
        keyName: found.KeyName,
        primaryNetworkInterfaceId: primary?.NetworkInterfaceId,
        privateDns: found.PrivateDnsName,
        privateIp: found.PrivateIpAddress,
        publicDns: found.PublicDnsName ?? "",
        publicIp: found.PublicIpAddress ?? "",
        subnetId: found.SubnetId,
        // EC2 keeps them in an order of its own.
        vpcSecurityGroupIds: sameGroups ? given : groups,
        ...(profile !== undefined && { iamInstanceProfile: profile }),
        ...(state.metadataOptions && {
            metadataOptions: {
                httpEndpoint: options?.HttpEndpoint,
                httpTokens: options?.HttpTokens,
                httpPutResponseHopLimit: options?.HttpPutResponseHopLimit,
            },
        }),
        ...tagOutputs(found.Tags),
    };
}
