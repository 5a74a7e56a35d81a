// Settings of single nodes, and of how they are drained.

import assert from "node:assert/strict";
import { capabilitiesOn } from "../../components/hosts/capabilities";
import { checkSettings } from "../../config/settings";

function onlyProblem(input: Record<string, unknown>): string {
    const { problems } = checkSettings("dev", input);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    return problems[0]!.problem;
}

describe("The settings of nodes", () => {
    it("take a drain's time in seconds, minutes and hours, up to a day", () => {
        const seconds = (drainTimeout: unknown) =>
            checkSettings("dev", { drainTimeout }).settings?.drainTimeout;
        assert.deepEqual(["90s", "2m", "24h"].map(seconds), [90, 120, 86_400]);
        for (const wrong of ["0s", "25h", "2", 120, "2 m", "1h30m", ""])
            assert.match(onlyProblem({ drainTimeout: wrong }), /a time from 1s to 24h, such as 2m/);
    });

    it("take labels for a single node, and refuse Skep's own, names no constraint can have, and values without quotes", () => {
        const refusal = (labels: object) => onlyProblem({ nodes: { "worker-1": { labels } } });
        const usual = { "worker-1": { labels: { disk: "ssd", "a.b/c": "1" } } };
        assert.deepEqual(checkSettings("dev", { nodes: usual }).problems, []);
        for (const own of ["availability_zone", "registry", "io.skep.x"])
            assert.match(refusal({ [own]: "1" }), /a label that Skep itself gives/);
        assert.match(refusal({ "a b": "1" }), /its name must match/);
        assert.match(refusal({ disk: 1 }), /put numbers, true and false in quotes/);
    });
});

describe("A lab host's capabilities", () => {
    const added = (bounding: string) => {
        const usual = capabilitiesOn(undefined);
        return capabilitiesOn(`Name:\tnode\nCapBnd:\t${bounding}\nCapAmb:\t0\n`).slice(usual.length);
    };

    it("are more where the machine has more, and never what it lacks", () => {
        assert.deepEqual(added("000001ffffffffff"), ["IPC_LOCK", "SYS_NICE", "SYS_RESOURCE"]);
        assert.deepEqual(added("000001fffeffffff"), ["IPC_LOCK", "SYS_NICE"]);
        assert.deepEqual(added("00000000a80425fb"), []);
    });
});
