// What changes on an instance that stays: at once, or, for what EC2 takes from a stopped one only, by stopping it.
import {
    AssociateIamInstanceProfileCommand,
    DescribeIamInstanceProfileAssociationsCommand,
    DescribeInstancesCommand,
    DisassociateIamInstanceProfileCommand,
    type InstanceStateName,
    ModifyInstanceAttributeCommand,
    ModifyInstanceMetadataOptionsCommand,
    StartInstancesCommand,
    StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import type { Context, Props } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import type { Aws } from "./clients";
import { until } from "./errors";
import { retag } from "./tags";

const STATE_SECONDS = 600;

/** Changes a running instance in place; what EC2 changes on a stopped one only is done between a stop and a start. */
export async function changeInstance(
    aws: Aws,
    id: string,
    olds: Props,
    news: Props,
    ctx: Context,
): Promise<void> {
    const { ec2 } = aws;
    const changed = (key: string) => !same(olds[key], news[key]);
    await retag(aws, id, olds, news);
    if (changed("vpcSecurityGroupIds"))
        await ec2.send(
            new ModifyInstanceAttributeCommand({ InstanceId: id, Groups: news.vpcSecurityGroupIds }),
        );
    if (changed("disableApiTermination"))
        await ec2.send(
            new ModifyInstanceAttributeCommand({
                InstanceId: id,
                DisableApiTermination: { Value: news.disableApiTermination ?? false },
            }),
        );
    if (changed("metadataOptions") && news.metadataOptions)
        await ec2.send(
            new ModifyInstanceMetadataOptionsCommand({
                InstanceId: id,
                HttpEndpoint: news.metadataOptions.httpEndpoint,
                HttpTokens: news.metadataOptions.httpTokens,
                HttpPutResponseHopLimit: news.metadataOptions.httpPutResponseHopLimit,
            }),
        );
    if (changed("iamInstanceProfile")) await changeProfile(aws, id, news.iamInstanceProfile);
    if (changed("instanceType") || changed("userData")) await changeStopped(aws, id, olds, news, ctx);
}

async function changeProfile({ ec2 }: Aws, InstanceId: string, name: string | undefined): Promise<void> {
    const { IamInstanceProfileAssociations = [] } = await ec2.send(
        new DescribeIamInstanceProfileAssociationsCommand({
            Filters: [{ Name: "instance-id", Values: [InstanceId] }],
        }),
    );
    for (const { AssociationId } of IamInstanceProfileAssociations)
        await ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId }));
    if (name)
        await ec2.send(
            new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile: { Name: name } }),
        );
}

/** One attribute a request. */
async function changeStopped(aws: Aws, id: string, olds: Props, news: Props, ctx: Context): Promise<void> {
    const { ec2 } = aws;
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await untilState(aws, id, "stopped", ctx);
    if (olds.instanceType !== news.instanceType)
        await ec2.send(
            new ModifyInstanceAttributeCommand({
                InstanceId: id,
                InstanceType: { Value: news.instanceType },
            }),
        );
    if (olds.userData !== news.userData)
        await ec2.send(
            new ModifyInstanceAttributeCommand({
                InstanceId: id,
                UserData: { Value: Buffer.from(news.userData ?? "") },
            }),
        );
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    await untilState(aws, id, "running", ctx);
}

async function untilState(
    { ec2 }: Aws,
    id: string,
    state: InstanceStateName,
    { signal }: Context,
): Promise<void> {
    await until(`${id} to be ${state}`, STATE_SECONDS, signal, async () => {
        const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
        return Reservations[0]?.Instances?.[0]?.State?.Name === state ? true : undefined;
    });
}
