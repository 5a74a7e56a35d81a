// `skep stack`: what it says of a swarm's stacks, and how services go back.

import assert from "node:assert/strict";
import { listOf, rollbackOf, tasksOf } from "../../cli/commands/stacks";
import { fakeStanding } from "../support/fake-standing";
import { FakeWorld } from "../support/fake-swarm";
import { printed } from "../support/printed";
import { refusedWith } from "../support/refused";
import { assertMatches } from "../support/schema";

describe("skep stack", () => {
    const swarm = () => {
        const world = new FakeWorld(["manager-1", "worker-1"]);
        const cluster = world.standing(["manager-1"], ["worker-1"]);
        world.at("worker-1").runTask("web");
        Object.assign(cluster.tasks[0] ?? {}, { ID: "t1", Slot: 2, DesiredState: "running" });
        return fakeStanding(world, cluster, { stacks: { shop: { addresses: [] } } });
    };
    const options = { stack: "dev", yes: true, json: true };

    it("lists a stack that the settings have and the swarm lacks", async () => {
        const { text } = await printed(() => listOf(swarm(), options));
        const found = JSON.parse(text) as { stacks: { name: string; managed: boolean }[] };
        assertMatches("stack-ls", found);
        assert.ok(found.stacks.some(({ name, managed }) => name === "shop" && managed));
    });

    it("lists tasks with their node and state", async () => {
        const { text } = await printed(() => tasksOf(swarm(), "shop", options));
        const found = JSON.parse(text) as { tasks: { name: string; node: string }[] };
        assertMatches("stack-ps", found);
        assert.deepEqual(
            found.tasks.map(({ name, node }) => [name, node]),
            [["web.2", "worker-1"]],
        );
    });

    it("rolls back what has changed, and nothing else", async () => {
        assert.equal(await refusedWith(rollbackOf(swarm(), "shop", [], options)), "STACK_NO_ROLLBACK");
        assert.equal(await refusedWith(rollbackOf(swarm(), "shop", ["wbe"], options)), "NAME_UNKNOWN");
    });
});
