// What becomes of resources on EC2 that a killed run had begun to make.

import assert from "node:assert/strict";
import type { Filter } from "@aws-sdk/client-ec2";
import type { StateResource } from "../../config/state";
import { findHalfMade } from "../../cli/pulumi/pending-aws";

const TAGS = { Name: "skep-prod-worker-1", "io.skep.stack": "prod", team: "research" };
const INSTANCE: StateResource = {
    type: "aws:ec2/instance:Instance",
    urn: "urn:pulumi:prod::skep::aws:ec2/instance:Instance::worker-1",
    inputs: { subnetId: "subnet-1", tags: TAGS },
};

async function found(resource: StateResource, there: readonly string[], known: readonly string[] = []) {
    const asked: Filter[][] = [];
    const notes: string[] = [];
    const answer = (name: string, of: (id: string) => object) => (input: Record<string, Filter[]>) => {
        asked.push(input.Filters ?? input.Filter ?? []);
        return Promise.resolve({ [name]: there.map(of) });
    };
    const ec2 = {
        describeInstances: answer("Reservations", (InstanceId) => ({ Instances: [{ InstanceId }] })),
        describeNatGateways: answer("NatGateways", (NatGatewayId) => ({ NatGatewayId, State: "available" })),
        describeAddresses: answer("Addresses", (AllocationId) => ({ AllocationId })),
    } as unknown as Parameters<typeof findHalfMade>[0];
    const progress = { note: (text: string) => void notes.push(text) };
    const taken = await findHalfMade(ec2, [resource], new Set(known), progress);
    return { ids: taken.map(({ id }) => id), asked: asked.flat(), notes };
}

describe("A resource on EC2 that a killed run had begun to make", () => {
    it("is taken into the state when it is in this stack's own network with this stack's tags", async () => {
        const { ids, asked, notes } = await found(INSTANCE, ["i-1", "i-2"], ["i-2"]);
        assert.deepEqual([ids, notes], [["i-1"], []]);
        assert.deepEqual(
            asked.map(({ Name, Values }) => `${Name} ${Values?.join()}`),
            [
                "tag:Name skep-prod-worker-1",
                "tag:io.skep.stack prod",
                "subnet-id subnet-1",
                "instance-state-name pending,running,stopping,stopped",
            ],
        );
        const nat = { ...INSTANCE, type: "aws:ec2/natGateway:NatGateway" };
        assert.deepEqual((await found(nat, ["nat-1"])).ids, ["nat-1"]);
    });

    it("is begun again when it was never made", async () => {
        const { ids, notes } = await found(INSTANCE, []);
        assert.deepEqual([ids, notes], [[], []]);
    });

    it("is named when nobody can decide whose it is", async () => {
        const several = await found(INSTANCE, ["i-1", "i-2"]);
        assert.deepEqual(several.ids, []);
        assert.match(several.notes.join(), /^worker-1 may be i-1 or i-2, .*not in its state/);
        const address = { ...INSTANCE, type: "aws:ec2/eip:Eip", inputs: { tags: TAGS } };
        const alone = await found(address, ["eipalloc-1"]);
        assert.deepEqual(alone.ids, []);
        assert.match(alone.notes.join(), /may be eipalloc-1/);
        const bucket = await found({ ...INSTANCE, type: "aws:s3/bucket:Bucket" }, []);
        assert.match(bucket.notes.join(), /may have been made: look for it in AWS/);
    });
});
