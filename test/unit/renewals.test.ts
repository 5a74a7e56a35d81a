// Which hosts a run makes anew on purpose, and what it remembers.

import assert from "node:assert/strict";
import fc from "fast-check";
import { factsIn } from "../../cli/stack/facts";
import { checkSettings } from "../../config/settings";
import { olderHosts } from "../../planning/makings";
import { placeHosts } from "../../planning/placement";
import { dueRenewals, renewalsOf } from "../../planning/renewals";

const HOSTS = placeHosts(3, 3, ["a", "b", "c"]);
const NAMES = HOSTS.map(({ name }) => name);
const SETTINGS = { managersRunTasks: true, nodes: { "worker-3": { role: "manager" as const } } };
const votes = (name: string) => name.startsWith("manager-") || name === "worker-3";

describe("Hosts that are renewed", () => {
    it("are each made anew once, managers one a run, and none while a manager moves", () => {
        fc.assert(
            fc.property(
                fc.subarray(NAMES),
                fc.subarray(NAMES),
                fc.subarray(NAMES, { maxLength: 1 }),
                (renew, before, moved) => {
                    let renewed = before;
                    const made: string[] = [];
                    for (let run = 0; run < NAMES.length + 1; run++) {
                        const still = run === 0 ? moved : [];
                        const { now, waiting, done } = renewalsOf(
                            { ...SETTINGS, renew, renewed },
                            HOSTS,
                            still,
                        );
                        assert.ok(now.filter(votes).length <= (still.some(votes) ? 0 : 1));
                        assert.deepEqual([...now, ...waiting].sort(), dueRenewals({ renew, renewed }).sort());
                        made.push(...now);
                        renewed = done;
                    }
                    assert.deepEqual(made.sort(), renew.filter((name) => !before.includes(name)).sort());
                    assert.deepEqual([...renewed].sort(), [...renew].sort());
                },
            ),
        );
    });

    it("are forgotten when the setting no longer names them, and remembered from the swarm's outputs", () => {
        const { done } = renewalsOf({ ...SETTINGS, renew: [], renewed: ["worker-1"] }, HOSTS, []);
        assert.deepEqual(done, []);
        const facts = { labPorts: 21000, renewed: ["worker-1"] };
        const state = (outputs: object) => [
            { urn: "a", type: "skep:hosts:Lab", outputs: { facts } },
            { urn: "b", type: "skep:index:Swarm", outputs: { placement: {}, ...outputs } },
        ];
        assert.deepEqual(factsIn(state({ renewed: ["worker-2"] }))?.renewed, ["worker-2"]);
        assert.deepEqual(factsIn(state({})), { labPorts: 21000, placement: {} });
    });

    it("exist, whichever spelling names them, and the older spelling is noted", () => {
        const aws = { region: "eu-central-1", adminCidrs: ["203.0.113.7/32"], renew: ["worker-1"] };
        const { settings, warnings } = checkSettings("prod", { hosts: "aws", aws, renew: ["manager-2"] });
        assert.deepEqual(settings?.renew, ["manager-2", "worker-1"]);
        assert.ok(warnings.some((text) => /skep:aws\.renew is now skep:renew/.test(text)));
        const { problems } = checkSettings("dev", { renew: ["worker-9"] });
        assert.deepEqual(
            problems.map(({ id, problem }) => [id, problem]),
            [["RENEW_UNKNOWN", "skep:renew names worker-9, which the stack does not have."]],
        );
    });

    it("are offered where a host was made otherwise than a new one would be, and in what", () => {
        const wanted = { image: "new", capabilities: ["CAP_A", "CAP_B"], repository: "/r" };
        const hosts = [
            { name: "manager-1", made: { ...wanted, capabilities: ["CAP_B", "CAP_A"] } },
            { name: "worker-1", made: { ...wanted, image: "old", repository: undefined } },
            { name: "worker-2", made: { ...wanted, capabilities: ["CAP_A"] } },
        ];
        const [older, ...more] = olderHosts(hosts, wanted);
        assert.deepEqual([older?.id, more], ["HOSTS_OLDER", []]);
        assert.match(
            older?.problem ?? "",
            /^worker-1 \(image and repository\) and worker-2 \(capabilities\) were/,
        );
        assert.deepEqual(olderHosts(hosts.slice(0, 1), wanted), []);
    });
});
