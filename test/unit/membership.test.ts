// Which changes of voters are allowed, checked with a model of Raft that does not know the rules: a set of voters, some of
// them alive, and decisions that need more than half of all.

import assert from "node:assert/strict";
import fc from "fast-check";
import { majority, mayMissTogether, mayStep, type Member, type Step } from "../../planning/membership";

/** Voters by id, and whether each one is alive. */
type Raft = Map<string, boolean>;

const alive = (raft: Raft) => [...raft.values()].filter(Boolean).length;
const decides = (raft: Raft) => 2 * alive(raft) > raft.size;

/** Whether the swarm can still decide after any one of its living voters dies. */
function survivesOneMore(raft: Raft): boolean {
    return [...raft].every(([id, lives]) => !lives || decides(new Map([...raft, [id, false]])));
}

/** The voters after a step. A new voter does not answer yet. For a restart, this is the state while it lasts. */
function after(raft: Raft, step: Step, newIsAlive = true): Raft {
    if (step.kind === "restart")
        return new Map([...raft].map(([id, lives]) => [id, lives && id !== step.id]));
    if (step.kind === "demote") return new Map([...raft].filter(([id]) => id !== step.id));
    return new Map([...raft, [step.kind === "join" ? step.name : step.id, newIsAlive]]);
}

function withoutDead(raft: Raft, keep: string): Raft {
    return new Map([...raft].filter(([id, lives]) => lives || id === keep));
}

/** The members that managers would report. The first living voter leads; ids are names here. */
function membersOf(raft: Raft, workers: readonly string[] = []): Member[] {
    const leader = [...raft].find(([, lives]) => lives)?.[0];
    return [
        ...[...raft].map(([id, lives]): Member => ({
            id,
            name: id,
            role: "manager",
            reachability: lives ? "reachable" : "unreachable",
            leader: id === leader,
            status: lives ? "ready" : "down",
        })),
        ...workers.map((id): Member => ({ id, name: id, role: "worker", leader: false, status: "ready" })),
    ];
}

const raft = fc
    .array(fc.boolean(), { minLength: 1, maxLength: 9 })
    .map((lives): Raft => new Map(lives.map((life, i) => [`m${i}`, life])));
const deciding = raft.filter(decides);
const step = (voters: Raft): fc.Arbitrary<Step> =>
    fc.oneof(
        fc.constant<Step>({ kind: "join", name: "new" }),
        fc.constant<Step>({ kind: "promote", id: "w" }),
        fc.constantFrom(...voters.keys()).map((id): Step => ({ kind: "demote", id })),
    );
const situation = deciding.chain((voters) => fc.tuple(fc.constant(voters), step(voters)));
const allowed = (voters: Raft, change: Step) => mayStep(membersOf(voters, ["w"]), change) === undefined;

describe("a change of who votes", () => {
    it("is never allowed without a majority, whatever it is", () => {
        fc.assert(
            fc.property(
                raft
                    .filter((voters) => !decides(voters))
                    .chain((voters) => fc.tuple(fc.constant(voters), step(voters))),
                ([voters, change]) => {
                    const refusal = mayStep(membersOf(voters, ["w"]), change);
                    assert.equal(refusal?.problem.id, "QUORUM_LOST");
                },
            ),
        );
    });

    it("never ends the swarm's ability to decide", () => {
        fc.assert(
            fc.property(situation, ([voters, change]) => {
                if (!allowed(voters, change)) return;
                assert.ok(decides(after(voters, change)));
                // A single manager cannot decide without the second one that it adds.
                if (voters.size > 1) assert.ok(decides(after(voters, change, false)));
            }),
        );
    });

    it("leaves the swarm one death from its end only where removing the dead first would not avoid it", () => {
        fc.assert(
            fc.property(situation, ([voters, change]) => {
                if (!allowed(voters, change) || survivesOneMore(after(voters, change))) return;
                const target = change.kind === "demote" ? change.id : "";
                const removesDead = voters.get(target) === false;
                assert.ok(removesDead || !survivesOneMore(after(withoutDead(voters, target), change)));
            }),
        );
    });

    it("is allowed whenever all voters are alive, except for the last one to go", () => {
        fc.assert(
            fc.property(situation, ([voters, change]) => {
                fc.pre(alive(voters) === voters.size);
                const isLast = change.kind === "demote" && voters.size === 1;
                assert.equal(allowed(voters, change), !isLast);
            }),
        );
    });

    it("that takes the vote of a dead one is always allowed, and never leaves fewer to lose than before", () => {
        fc.assert(
            fc.property(deciding, (voters) => {
                for (const [id, lives] of voters) {
                    if (lives) continue;
                    const change: Step = { kind: "demote", id };
                    assert.ok(allowed(voters, change));
                    if (survivesOneMore(voters)) assert.ok(survivesOneMore(after(voters, change)));
                }
            }),
        );
    });

    it("waits for one that is under way, and not for itself", () => {
        fc.assert(
            fc.property(situation, fc.boolean(), ([voters, change], promoting) => {
                const members = membersOf(voters, ["w"]);
                const other: Member = promoting
                    ? { id: "x", name: "the-other", role: "manager", leader: false, status: "ready" }
                    : {
                          id: "x",
                          name: "the-other",
                          role: "worker",
                          reachability: "reachable",
                          leader: false,
                          status: "ready",
                      };
                const refusal = mayStep([...members, other], change);
                assert.ok(refusal?.wait);
                assert.match(refusal.problem.problem, /the-other/);
                const itself: Step = promoting ? { kind: "promote", id: "x" } : { kind: "demote", id: "x" };
                assert.notEqual(mayStep([...members, other], itself)?.problem.id, "MANAGER_CHANGING");
            }),
        );
    });

    it("names in its refusal who stands in the way, and says what to do", () => {
        fc.assert(
            fc.property(situation, ([voters, change]) => {
                const refusal = mayStep(membersOf(voters, ["w"]), change);
                if (refusal?.problem.id !== "QUORUM_AT_RISK") return;
                for (const [id, lives] of voters) {
                    if (lives) continue;
                    assert.ok(refusal.problem.problem.includes(id));
                }
                assert.match(refusal.problem.advice, /^Start .*\.$/);
            }),
        );
    });

    it("waits for an election", () => {
        const members = membersOf(
            new Map([
                ["a", true],
                ["b", true],
                ["c", false],
            ]),
        );
        const leaderless = members.map((member) => ({ ...member, leader: false }));
        assert.equal(mayStep(leaderless, { kind: "demote", id: "c" })?.problem.id, "NO_LEADER");
    });

    it("lets a new manager come before an old one goes, where the deployment wants both", () => {
        const three: Raft = new Map([
            ["a", true],
            ["b", true],
            ["c", true],
        ]);
        const swap: Step = { kind: "demote", id: "a", wanted: 3 };
        assert.equal(mayStep(membersOf(three, ["w"]), swap)?.problem.id, "MANAGER_MISSING");
        assert.equal(mayStep(membersOf(after(three, { kind: "promote", id: "w" })), swap), undefined);
    });
});

interface Run {
    start: number;
    dead: number[];
    wanted: number;
    /** Chooses which of the remaining tasks tries next. */
    choices: number[];
}

const run: fc.Arbitrary<Run> = fc.record({
    start: fc.integer({ min: 1, max: 9 }),
    dead: fc.array(fc.nat(8), { maxLength: 4 }),
    wanted: fc.integer({ min: 1, max: 9 }),
    choices: fc.array(fc.nat(50), { minLength: 400, maxLength: 400 }),
});

/**
 * A whole deployment from `start` managers, some of them dead, to `wanted`. Each manager is a task of its own, like a
 * resource, and the tasks try in any order. Returns all states of the swarm on the way.
 */
function deploy({ start, dead, wanted, choices }: Run): Raft[] {
    let voters: Raft = new Map(Array.from({ length: start }, (_, i) => [`m${i}`, !dead.includes(i)]));
    if (!decides(voters)) return [];
    const states = [voters];
    const tasks = Array.from({ length: Math.max(start, wanted) }, (_, i) => i);
    const next = (ordinal: number): Step | undefined => {
        const id = `m${ordinal}`;
        if (voters.get(id) === false) return { kind: "demote", id };
        if (ordinal < wanted) return voters.has(id) ? undefined : { kind: "join", name: id };
        return voters.has(id) ? { kind: "demote", id } : undefined;
    };
    for (const choice of choices) {
        const left = tasks.filter((ordinal) => next(ordinal));
        const ordinal = left[choice % left.length];
        const change = ordinal === undefined ? undefined : next(ordinal);
        if (!change) break;
        if (mayStep(membersOf(voters), change)) continue;
        voters = after(voters, change);
        states.push(voters);
    }
    assert.deepEqual(
        tasks.filter((ordinal) => next(ordinal)),
        [],
        "the deployment never ended",
    );
    return states;
}

describe("a restart of a member's engine", () => {
    const restart = deciding.chain((voters) =>
        fc.tuple(
            fc.constant(voters),
            fc.constantFrom(...voters.keys()).map((id): Step => ({ kind: "restart", id })),
        ),
    );

    it("never ends the swarm's ability to decide where there are managers enough to avoid that", () => {
        fc.assert(
            fc.property(restart, ([voters, change]) => {
                fc.pre(voters.size > 2);
                if (allowed(voters, change)) assert.ok(decides(after(voters, change)));
            }),
        );
    });

    it("waits for dead managers where the swarm would be one death from its end meanwhile", () => {
        fc.assert(
            fc.property(restart, ([voters, change]) => {
                if (!allowed(voters, change) || survivesOneMore(after(voters, change))) return;
                assert.ok(alive(voters) === voters.size || !voters.get((change as { id: string }).id));
            }),
        );
    });

    it("is allowed whenever all managers are alive, also of the only one, and of a worker", () => {
        fc.assert(
            fc.property(restart, ([voters, change]) => {
                fc.pre(alive(voters) === voters.size);
                assert.ok(allowed(voters, change));
                assert.ok(allowed(voters, { kind: "restart", id: "w" }));
            }),
        );
    });

    it("of one that does not answer is always allowed: nobody hears it anyway", () => {
        fc.assert(
            fc.property(restart, ([voters, change]) => {
                fc.pre(!voters.get((change as { id: string }).id));
                assert.ok(allowed(voters, change));
            }),
        );
    });

    it("waits for a change of voters that is under way, its own too", () => {
        const three = membersOf(
            new Map([
                ["a", true],
                ["b", true],
                ["c", true],
            ]),
        );
        const demoted = three.map((member) =>
            member.name === "c" ? ({ ...member, role: "worker" } as const) : member,
        );
        for (const id of ["a", "c"])
            assert.equal(mayStep(demoted, { kind: "restart", id })?.problem.id, "MANAGER_CHANGING");
    });
});

describe("a deployment whose managers change in any order", () => {
    it("always ends with the managers that were asked for, all alive", () => {
        fc.assert(
            fc.property(run, (each) => {
                const states = deploy(each);
                const last = states.at(-1);
                if (!last) return;
                assert.equal(last.size, each.wanted);
                assert.equal(alive(last), each.wanted);
            }),
        );
    });

    it("decides at every moment, and changes one voter at a time", () => {
        fc.assert(
            fc.property(run, (each) => {
                const states = deploy(each);
                for (const [i, state] of states.entries()) {
                    assert.ok(decides(state));
                    const before = states[i - 1];
                    if (before) assert.equal(Math.abs(state.size - before.size), 1);
                }
            }),
        );
    });

    it("survives another death at every moment once three are alive and the dead are gone", () => {
        fc.assert(
            fc.property(run, (each) => {
                for (const state of deploy(each))
                    if (alive(state) === state.size && state.size >= 3) assert.ok(survivesOneMore(state));
            }),
        );
    });
});

describe("managers that die one after another and are replaced (moby/moby#30847)", () => {
    it("cost no vote: a replacement is refused until the dead one has gone", () => {
        let voters: Raft = new Map([
            ["a", true],
            ["b", true],
            ["c", true],
        ]);
        for (const [dead, replacement] of [
            ["a", "d"],
            ["b", "e"],
            ["c", "f"],
            ["d", "g"],
        ] as const) {
            voters.set(dead, false);
            const join: Step = { kind: "join", name: replacement };
            assert.equal(mayStep(membersOf(voters), join)?.problem.id, "QUORUM_AT_RISK");
            const demote: Step = { kind: "demote", id: dead };
            assert.equal(mayStep(membersOf(voters), demote), undefined);
            voters = after(voters, demote);
            assert.equal(mayStep(membersOf(voters), join), undefined);
            voters = after(voters, join);
            assert.equal(alive(voters), 3);
            assert.equal(voters.size, 3);
        }
    });

    it("are refused their end where the last majority would go with them", () => {
        const voters: Raft = new Map([
            ["a", true],
            ["b", true],
            ["c", false],
        ]);
        const refusal = mayStep(membersOf(voters), { kind: "demote", id: "a" });
        assert.match(refusal?.problem.problem ?? "", /^c is unreachable: if a goes now/);
        assert.equal(
            mayStep(membersOf(new Map([["a", true]])), { kind: "demote", id: "a" })?.problem.id,
            "LAST_MANAGER",
        );
    });
});

describe("a majority", () => {
    it("is more than half, and the least that is", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 99 }), (voters) => {
                assert.ok(2 * majority(voters) > voters);
                assert.ok(2 * (majority(voters) - 1) <= voters);
            }),
        );
    });
});

describe("managers that are away together", () => {
    const some = raft.chain((voters) =>
        fc.tuple(fc.constant(voters), fc.subarray([...voters.keys()], { minLength: 1 })),
    );
    const without = (voters: Raft, ids: readonly string[]): Raft =>
        new Map([...voters].map(([id, lives]) => [id, lives && !ids.includes(id)]));

    it("are spared where one more could die, where a whole swarm misses one, and where they are gone already", () => {
        fc.assert(
            fc.property(some, ([voters, ids]) => {
                const after = without(voters, ids);
                const isSpare = decides(after) && survivesOneMore(after);
                const isOne = alive(voters) === voters.size && ids.length === 1 && decides(after);
                const isGone = alive(after) === alive(voters);
                const refusal = mayMissTogether(membersOf(voters), ids);
                assert.equal(refusal === undefined, isSpare || isOne || isGone);
            }),
        );
    });
});
