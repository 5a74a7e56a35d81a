// Tests of the plans with which a lost swarm comes back.

import assert from "node:assert/strict";
import fc from "fast-check";
import { planLines as recoverLines } from "../../cli/commands/recover";
import { differs, planLines as restoreLines } from "../../cli/commands/restore";
import { confirmedByName } from "../../cli/confirm";
import { SkepError } from "../../errors";
import { type Connection, Host } from "../../swarm/host";
import { untilAnswers } from "../../swarm/recovery/force";
import { MANIFEST_FORM, type BackupManifest } from "../../planning/recovery/manifest";
import { planRecover, type Seen } from "../../planning/recovery/recover";
import { lacking, planRestore, type RestoreHost } from "../../planning/recovery/restore";

const MADE = "2026-11-01T10:00:00Z";
const NOW = Date.parse(MADE) + 3_600_000;
const NAMES = ["manager-1", "manager-2", "manager-3"];

function seen(name: string, over: Partial<Seen> = {}): Seen {
    return { name, answers: true, state: "active", hasData: true, newest: 100, ...over };
}

const gone = { answers: false, state: undefined, hasData: false, newest: undefined };

function idsOf(plan: () => unknown): string[] {
    try {
        plan();
    } catch (error) {
        if (error instanceof SkepError) return error.problems.map(({ id }) => id);
        throw error;
    }
    return [];
}

describe("A swarm that lost its majority", () => {
    it("goes on with the only manager that has its data, and says who joins anew and who does not answer", () => {
        const empty = { hasData: false, state: "inactive", newest: undefined };
        const plan = planRecover([seen("m1"), seen("m2", gone), seen("m3", empty)], false);
        assert.deepEqual([plan.from, plan.rejoin, plan.silent], ["m1", ["m3"], ["m2"]]);
        assert.match(plan.why, /only m1 still has a copy/);
    });

    it("goes on with the newest of several copies, unless the user names another", () => {
        const all = [
            seen("m1", { newest: 10 }),
            seen("m2", { newest: 30 }),
            ...["m3", "m4", "m5"].map((name) => seen(name, gone)),
        ];
        assert.equal(planRecover(all, false).from, "m2");
        const chosen = planRecover(all, false, "m1");
        assert.equal(chosen.from, "m1");
        assert.match(chosen.why, /the copy of m2 is newer/);
    });

    it("loses nothing while a majority works, or only has to be opened or started", () => {
        assert.deepEqual(
            idsOf(() =>
                planRecover(
                    NAMES.map((name) => seen(name)),
                    true,
                ),
            ),
            ["RECOVERY_NOT_NEEDED"],
        );
        const locked = [seen("m1", { state: "locked" }), seen("m2", { state: undefined }), seen("m3", gone)];
        assert.throws(() => planRecover(locked, false), /m1 and m2 still have.*skep unlock/);
        // What does not start in spite of all is for the user to give up.
        assert.equal(planRecover(locked, false, "m2").from, "m2");
        const broken = [seen("m1"), seen("m2", { state: "error" }), seen("m3", gone)];
        assert.equal(planRecover(broken, false).from, "m1");
    });

    it("never goes on with a manager that has no copy", () => {
        const seens = fc.array(
            fc.record({
                answers: fc.boolean(),
                hasData: fc.boolean(),
                newest: fc.option(fc.nat(), { nil: undefined }),
                state: fc.constantFrom(undefined, "active", "locked", "error", "inactive"),
            }),
            { minLength: 1, maxLength: 7 },
        );
        fc.assert(
            fc.property(seens, fc.option(fc.nat(6), { nil: undefined }), (all, wanted) => {
                const managers = all.map((one, i) => ({
                    ...one,
                    name: `m${i}`,
                    hasData: one.answers && one.hasData,
                }));
                const from = wanted === undefined ? undefined : `m${wanted % managers.length}`;
                let plan;
                try {
                    plan = planRecover(managers, false, from);
                } catch (error) {
                    assert.ok(error instanceof SkepError);
                    return;
                }
                const { from: chosen, rejoin, silent } = plan;
                assert.equal(managers.find(({ name }) => name === chosen)?.hasData, true);
                assert.deepEqual(
                    [chosen, ...rejoin, ...silent].sort(),
                    managers.map(({ name }) => name).sort(),
                );
            }),
        );
    });

    it("has nothing to go on with when every copy is gone", () => {
        assert.deepEqual(
            idsOf(() => planRecover([seen("m1", gone), seen("m2", { hasData: false })], false)),
            ["RECOVERY_NO_DATA"],
        );
        assert.deepEqual(
            idsOf(() => planRecover([seen("m1"), seen("m2", gone)], false, "m2")),
            ["RECOVERY_NO_DATA"],
        );
    });
});

describe("A recovery", () => {
    it("begins only with the stack's name, which --yes does not stand for", async () => {
        const refused = async (loseSwarm?: string) => {
            try {
                return String(await confirmedByName({ stack: "dev", yes: true, loseSwarm }));
            } catch (error) {
                return (error as SkepError).problems[0]?.id;
            }
        };
        assert.deepEqual(
            [await refused(), await refused("other"), await refused("dev")],
            ["RECOVERY_NAME", "LOSE_SWARM_NAME", "true"],
        );
    });

    it("names the engine that does not come up with its copy of the swarm's data", async () => {
        const answer = { Name: "m1", Swarm: { LocalNodeState: "inactive" } };
        const connection = { call: () => Promise.resolve(answer) } as unknown as Connection;
        const host = new Host({ name: "m1", address: "10.0.0.11" }, connection);
        const ctx = { signal: new AbortController().signal, log: () => undefined };
        await assert.rejects(
            untilAnswers(host, ctx, 10),
            /RECOVERY_ENGINE: The engine of m1 does not come up/,
        );
    });

    it("says what will be lost in lines that fit into a terminal", () => {
        const all = [seen("manager-1"), ...["manager-2", "manager-3"].map((name) => seen(name, gone))];
        const recovery = recoverLines(planRecover(all, false));
        const plan = planRestore(manifest(["manager-2"]), hosts(), "c1", NOW);
        const restoration = restoreLines(plan, { manifest: manifest(["manager-2"]) }, 3600);
        for (const line of [...recovery, ...restoration]) assert.ok(line.length <= 80, line);
        assert.match(recovery.join(" "), /Beware\s+manager-2 and manager-3 do not answer/);
        assert.match(restoration.join(" "), /Lost\s+what changed in the swarm in the last 60 min/);
    });

    it("says what did not come back", () => {
        assert.deepEqual(differs({ missing: [] }), []);
        const [problem] = differs({ missing: ["secret key"] });
        assert.deepEqual(
            [problem?.id, problem?.problem],
            ["RESTORE_DIFFERS", "The swarm came back without secret key."],
        );
    });
});

describe("A backup that goes back", () => {
    it("brings a majority back as it was if it has one, and one manager alone otherwise, always with the reason", () => {
        const both = planRestore(manifest(["manager-2", "manager-3"]), hosts(), "c1", NOW);
        assert.deepEqual(
            [both.way, both.managers, both.rejoin],
            ["majority", ["manager-2", "manager-3"], ["manager-1"]],
        );
        const one = planRestore(manifest(["manager-2"]), hosts(), "c1", NOW);
        assert.deepEqual(
            [one.way, one.managers, one.rejoin],
            ["alone", ["manager-2"], ["manager-1", "manager-3"]],
        );
        const chosen = planRestore(manifest(["manager-2", "manager-3"]), hosts(), "c1", NOW, "manager-2");
        assert.deepEqual([chosen.way, chosen.managers], ["alone", ["manager-2"]]);
        const month = NOW + 40 * 24 * 3600 * 1000;
        const old = planRestore(manifest(["manager-2", "manager-3"]), hosts(), "c1", month);
        assert.deepEqual([old.way, old.managers], ["alone", ["manager-3"]]);
        assert.match(old.why, /older than 30 days/);
    });

    it("names hosts that up makes first, and passes over a manager that cannot take it while others can", () => {
        const absent = planRestore(
            manifest(["manager-2"]),
            hosts({ "manager-2": { answers: false, engine: undefined } }),
            "c1",
            NOW,
        );
        assert.deepEqual(absent.absent, ["manager-2"]);
        const moved = hosts({ "manager-3": { address: "10.0.9.9" } });
        const plan = planRestore(manifest(["manager-2", "manager-3"]), moved, "c1", NOW);
        assert.deepEqual([plan.way, plan.managers], ["alone", ["manager-2"]]);
    });

    it("is refused with all reasons at once", () => {
        const saved = manifest(["manager-2", "manager-3"]);
        const wrong = hosts({ "manager-2": { address: "10.0.9.9" }, "manager-3": { engine: "20.10.24" } });
        assert.deepEqual(
            idsOf(() => planRestore(saved, wrong, "c1", NOW)),
            ["RESTORE_ADDRESS", "RESTORE_OLDER_ENGINE"],
        );
        assert.deepEqual(
            idsOf(() => planRestore(saved, hosts(), "c2", NOW)),
            ["RESTORE_OTHER_SWARM"],
        );
        assert.deepEqual(
            idsOf(() => planRestore(saved, hosts(), "c1", NOW, "manager-1")),
            ["RESTORE_HOSTS"],
        );
    });

    it("is compared by ids with what came back", () => {
        const none = { services: [], secrets: [], configs: [], networks: [] };
        const saved = { ...none, secrets: [{ name: "key", id: "1" }], networks: [{ name: "net", id: "2" }] };
        assert.deepEqual(lacking(saved, saved), []);
        assert.deepEqual(lacking(saved, { ...none, networks: [{ name: "net", id: "3" }] }), [
            "secret key",
            "network net",
        ]);
    });
});

function manifest(saved: readonly string[]): BackupManifest {
    return {
        form: MANIFEST_FORM,
        skep: "1",
        stack: "dev",
        clusterId: "c1",
        made: MADE,
        autolock: true,
        managers: saved.map((name) => ({
            name,
            nodeId: name,
            address: addressOf(name),
            engine: "26.1.5",
            at: `2026-11-01T09:5${name.slice(-1)}:00Z`,
            sha256: "",
            bytes: 1,
        })),
        members: NAMES.map((name) => ({
            name,
            nodeId: name,
            role: "manager",
            address: addressOf(name),
            availability: "active",
            labels: {},
        })),
        objects: { services: [], secrets: [], configs: [], networks: [] },
    };
}

function hosts(over: Record<string, Partial<RestoreHost>> = {}): RestoreHost[] {
    return NAMES.map((name) => ({
        name,
        address: addressOf(name),
        answers: true,
        engine: "28.5.2",
        ...over[name],
    }));
}

function addressOf(name: string): string {
    return `10.0.0.1${name.slice(-1)}`;
}
