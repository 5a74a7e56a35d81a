// Changes of an instance that stays. EC2 takes some of them from a stopped instance only.
import type { Instance, InstanceStateName, ModifyInstanceAttributeCommandInput } from "@aws-sdk/client-ec2";
import type { Context, Props } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import { until } from "../shared";
import type { Aws } from "./clients";
import { request } from "./resource";
import { retag } from "./tags";

const STATE_SECONDS = 600;

/** EC2's names of the metadata options. */
export const METADATA_OPTIONS = {
    httpEndpoint: "HttpEndpoint",
    httpPutResponseHopLimit: "HttpPutResponseHopLimit",
    httpTokens: "HttpTokens",
};

/** The instance, also for an hour after its termination. Throws EC2's error for an unknown id. */
export async function instanceOf({ ec2 }: Aws, id: string): Promise<Instance | undefined> {
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [id] });
    return Reservations[0]?.Instances?.[0];
}

/** Changes the instance in place; stops and starts it for another type or other user data. */
export async function changeInstance(
    aws: Aws,
    InstanceId: string,
    olds: Props,
    news: Props,
    { signal }: Context,
): Promise<void> {
    const { ec2 } = aws;
    const changed = (key: string) => !same(olds[key], news[key]);
    // EC2 takes one attribute a request.
    const modify = (attribute: Partial<ModifyInstanceAttributeCommandInput>) =>
        ec2.modifyInstanceAttribute({ InstanceId, ...attribute });
    await retag(aws, InstanceId, olds, news);
    if (changed("vpcSecurityGroupIds")) await modify({ Groups: news.vpcSecurityGroupIds });
    if (changed("disableApiTermination"))
        await modify({ DisableApiTermination: { Value: news.disableApiTermination ?? false } });
    if (changed("metadataOptions") && news.metadataOptions)
        await ec2.modifyInstanceMetadataOptions({
            InstanceId,
            ...request(news.metadataOptions, METADATA_OPTIONS),
        });
    if (changed("iamInstanceProfile")) await changeProfile(aws, InstanceId, news.iamInstanceProfile);
    if (!changed("instanceType") && !changed("userData")) return;

    const InstanceIds = [InstanceId];
    await ec2.stopInstances({ InstanceIds });
    await untilState(aws, InstanceId, "stopped", signal);
    if (changed("instanceType")) await modify({ InstanceType: { Value: news.instanceType } });
    if (changed("userData")) await modify({ UserData: { Value: Buffer.from(news.userData ?? "") } });
    await ec2.startInstances({ InstanceIds });
    await untilState(aws, InstanceId, "running", signal);
}

async function changeProfile({ ec2 }: Aws, InstanceId: string, name: string | undefined): Promise<void> {
    const { IamInstanceProfileAssociations = [] } = await ec2.describeIamInstanceProfileAssociations({
        Filters: [{ Name: "instance-id", Values: [InstanceId] }],
    });
    for (const { AssociationId } of IamInstanceProfileAssociations)
        await ec2.disassociateIamInstanceProfile({ AssociationId });
    if (name) await ec2.associateIamInstanceProfile({ InstanceId, IamInstanceProfile: { Name: name } });
}

function untilState(aws: Aws, id: string, state: InstanceStateName, signal: AbortSignal): Promise<true> {
    return until(`${id} to be ${state}`, STATE_SECONDS, signal, async () =>
        (await instanceOf(aws, id))?.State?.Name === state ? true : undefined,
    );
}
