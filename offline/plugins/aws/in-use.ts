// What still uses a network or a group: EC2 refuses to delete it then (DependencyViolation), other APIs of its kind do not
// always. Instances that are going are waited for; others are a refusal.
import { DescribeInstancesCommand, type Filter } from "@aws-sdk/client-ec2";
import type { Context } from "../../../providers/runtime/types";
import type { Aws } from "./clients";
import { until } from "./errors";

const GOING_SECONDS = 600;
const PRESENT = ["pending", "running", "stopping", "stopped", "shutting-down"];

/** Waits until no instance that the filter finds is there any more; refuses when one is not on its way out. */
export async function untilUnused(
    { ec2 }: Aws,
    what: string,
    filter: { name: string; id: string },
    signal: Context["signal"],
): Promise<void> {
    const Filters: Filter[] = [
        { Name: filter.name, Values: [filter.id] },
        { Name: "instance-state-name", Values: PRESENT },
    ];
    await until(`the instances in ${filter.id} to be gone`, GOING_SECONDS, signal, async () => {
        const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
        const found = Reservations.flatMap(({ Instances = [] }) => Instances);
        const staying = found.filter(({ State }) => State?.Name !== "shutting-down");
        if (staying.length > 0) {
            const ids = staying.map(({ InstanceId }) => InstanceId).join(", ");
            throw dependencyViolation(`${what} ${filter.id} has dependencies and cannot be deleted: ${ids}`);
        }
        return found.length === 0 ? true : undefined;
    });
}

/** As EC2 says it. */
export function dependencyViolation(message: string): Error {
    return Object.assign(new Error(`DependencyViolation: ${message}`), { name: "DependencyViolation" });
}
