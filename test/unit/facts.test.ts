// What Skep chose for a stack, as its state has it, and what Skep does with a state that does not have it.

import assert from "node:assert/strict";
import type { Facts } from "../../config/facts";
import { checkSettings } from "../../config/settings";
import { factsIn, factsOf, findFacts, isSameFacts, refuseLost } from "../../cli/stack/facts";
import type { StateReader } from "../../cli/pulumi/state";
import type { StateResource } from "../../config/state";

const packages = { asked: "26.1 1.7", docker: "5:26.1.5", containerd: "1.7.24" };
const CHOSEN: Facts = {
    packages,
    labSubnet: "10.190.0.0/20",
    labPorts: 21000,
    registryHosts: ["worker-1"],
    plugins: "standins",
    engine: { id: "E", endpoint: "unix:///d.sock" },
};
const BEFORE = { "manager-1": { zone: "a", zoneIndex: 0 } };
const NOW = { "manager-1": { zone: "b", zoneIndex: 1 } };

function state(facts?: Facts, placement?: Facts["placement"]): StateResource[] {
    const resource = (type: string, outputs?: object) => ({
        urn: `urn::${type}`,
        type,
        outputs: { ...outputs },
    });
    return [
        resource("pulumi:pulumi:Stack", { facts: "another's" }),
        resource("skep:index:Swarm", placement && { placement }),
        resource("skep:hosts:Lab", facts && { facts }),
        { ...resource("docker:index/network:Network"), custom: true },
    ];
}

const reading = (resources: StateResource[] | undefined) =>
    ({
        state: () => Promise.resolve(resources && { resources, hasPending: false }),
    }) as unknown as StateReader;

describe("What Skep chose for a stack", () => {
    it("is read from the state whatever the file says, with where the last whole up left the hosts", async () => {
        const resources = state({ ...CHOSEN, placement: BEFORE }, NOW);
        assert.deepEqual(factsIn(resources), { ...CHOSEN, placement: NOW });
        const found = await findFacts({ labPorts: 1 }, reading(resources));
        assert.deepEqual(found.facts, { ...CHOSEN, placement: NOW });
        assert.deepEqual([found.from, found.isUp, found.hasSwarm], ["state", true, false]);
    });

    it("keeps the places of before while no up has made every host a member", () => {
        assert.deepEqual(factsIn(state({ ...CHOSEN, placement: BEFORE })), { ...CHOSEN, placement: BEFORE });
        assert.equal(factsIn(state(CHOSEN))?.placement, undefined);
    });

    it("is read from the file where an older Skep made the stack, or no up has begun", async () => {
        for (const resources of [state(), state().slice(0, 1), [], undefined]) {
            const found = await findFacts(CHOSEN, reading(resources));
            assert.deepEqual([found.facts, found.from], [CHOSEN, "file"]);
            refuseLost("dev", found);
        }
    });

    it("is not chosen anew for a stack that stands: without state and file the stack is refused", async () => {
        const found = await findFacts({}, reading(state()));
        assert.throws(() => refuseLost("dev", found), /FACTS_LOST: .*\.skep\/stacks\/dev\.yaml/);
        // A stack that a failed up has only just named has nothing yet.
        for (const resources of [state().slice(0, 1), undefined])
            refuseLost("dev", await findFacts({}, reading(resources)));
        refuseLost("dev", await findFacts({}));
    });

    it("is what the settings say now, with the registry's hosts, and is the same in any order", () => {
        const { settings } = checkSettings("dev", { ...chosen(), managers: 1, workers: 1, zones: 1 });
        assert.ok(settings);
        const facts = factsOf({ ...settings, packages }, { plugins: "standins", engine: CHOSEN.engine });
        assert.deepEqual(facts, CHOSEN);
        assert.ok(isSameFacts(facts, Object.fromEntries(Object.entries(CHOSEN).reverse())));
        assert.ok(!isSameFacts(facts, { ...CHOSEN, placement: NOW }));
    });
});

function chosen(): object {
    const { labSubnet, labPorts } = CHOSEN;
    return { labSubnet, labPorts, sample: { enabled: false } };
}
