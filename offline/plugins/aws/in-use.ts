// EC2 refuses to delete a subnet or a group that is in use (DependencyViolation); other implementations of its API do not
// always. An instance that stays is a refusal here, too; one that is being terminated is waited for.
import type { InstanceStateName } from "@aws-sdk/client-ec2";
import type { Context } from "../../../providers/runtime/types";
import { until } from "../shared";
import type { Aws } from "./clients";

/** For a deletion: interfaces of load balancers and NAT gateways stay for minutes after those are gone. */
export const IN_USE: [RegExp, number] = [/DependencyViolation/, 600];
const GOING_SECONDS = 900;
const STAYING: InstanceStateName[] = ["pending", "running", "stopping", "stopped"];

/** Waits until no instance has an interface in the subnet or group. Refuses when one that stays has. */
export async function untilUnused(
    { ec2 }: Aws,
    kind: "subnet" | "group",
    id: string,
    signal: Context["signal"],
): Promise<void> {
    const Filters = [{ Name: `${kind}-id`, Values: [id] }];
    await until(`the instances in ${id} to be gone`, GOING_SECONDS, signal, async () => {
        const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters });
        const instances = NetworkInterfaces.flatMap(({ Attachment }) => Attachment?.InstanceId ?? []);
        const staying = instances.length > 0 ? await stayingOf(ec2, instances) : [];
        if (staying.length > 0)
            throw dependencyViolation(
                `The ${kind} ${id} has dependencies and cannot be deleted: ${staying.join(", ")}`,
            );
        return instances.length === 0 ? true : undefined;
    });
}

async function stayingOf(ec2: Aws["ec2"], ids: string[]): Promise<string[]> {
    const { Reservations = [] } = await ec2.describeInstances({
        Filters: [
            { Name: "instance-id", Values: ids },
            { Name: "instance-state-name", Values: STAYING },
        ],
    });
    return Reservations.flatMap(({ Instances = [] }) =>
        Instances.flatMap(({ InstanceId }) => InstanceId ?? []),
    );
}

/** An error as EC2's own. */
export function dependencyViolation(message: string): Error {
    return Object.assign(new Error(`DependencyViolation: ${message}`), { name: "DependencyViolation" });
}
