// What counts as a change, an update and a replacement in the provider runtime.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readConfig } from "../../providers/runtime/configuration";
import { diffResource, type Comparison, type DiffRules } from "../../providers/runtime/diff";
import { keepIgnored, parsePath } from "../../providers/runtime/ignore";
import { UNKNOWN, type Props } from "../../providers/runtime/types";

const UPDATABLE: DiffRules = { update: () => undefined };

function diff(rules: DiffRules, oldInputs: Props, newInputs: Props, rest: Partial<Comparison> = {}) {
    return diffResource(rules, { oldInputs, newInputs, state: oldInputs, ignoreChanges: [], ...rest });
}

function keys(rules: DiffRules, olds: Props, news: Props, rest: Partial<Comparison> = {}): string[] {
    return diff(rules, olds, news, rest).changes.map(({ key }) => key);
}

const json = fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => !name.startsWith("__")),
    fc.jsonValue(),
) as fc.Arbitrary<Props>;

describe("the provider runtime's diff", () => {
    it("finds nothing between equal inputs, in whatever order their keys are", () => {
        fc.assert(
            fc.property(json, (inputs) => {
                const reversed = Object.fromEntries(Object.entries(structuredClone(inputs)).reverse());
                assert.deepEqual(keys(UPDATABLE, inputs, reversed), []);
            }),
        );
    });

    it("names exactly the properties that were changed", () => {
        fc.assert(
            fc.property(json, fc.string(), (inputs, salt) => {
                const [name] = Object.keys(inputs);
                fc.pre(name !== undefined);
                const changed = { ...inputs, [name as string]: [inputs[name as string], salt] };
                assert.deepEqual(keys(UPDATABLE, inputs, changed), [name]);
            }),
        );
    });

    it("reports a change deep inside a property under the property's name", () => {
        const before = { labels: { a: { b: [1, 2] } }, name: "n" };
        const after = { labels: { a: { b: [1, 3] } }, name: "n" };
        assert.deepEqual(keys(UPDATABLE, before, after), ["labels"]);
    });

    it("takes an absent property and an empty one for the same", () => {
        assert.deepEqual(keys(UPDATABLE, { a: null }, { b: undefined }), []);
    });

    it("tells additions and removals from changes", () => {
        const { changes } = diff(
            UPDATABLE,
            { gone: 1, same: 1, changed: 1 },
            { same: 1, changed: 2, added: 1 },
        );
        assert.deepEqual(
            changes.map(({ key, kind }) => [key, kind]),
            [
                ["gone", "delete"],
                ["changed", "update"],
                ["added", "add"],
            ],
        );
    });

    it("takes every unknown for a change, also inside a list", () => {
        assert.deepEqual(keys(UPDATABLE, { a: 1 }, { a: UNKNOWN }), ["a"]);
        assert.deepEqual(keys(UPDATABLE, { a: [null] }, { a: [UNKNOWN] }), ["a"]);
        assert.deepEqual(keys(UPDATABLE, { a: {} }, { a: { b: UNKNOWN } }), ["a"]);
        assert.deepEqual(keys(UPDATABLE, { a: UNKNOWN }, { a: UNKNOWN }), ["a"]);
    });

    it("skips the engine's own bookkeeping", () => {
        assert.deepEqual(keys(UPDATABLE, { __defaults: ["a"] }, { __defaults: [] }), []);
    });

    it("replaces only for the inputs that say so", () => {
        const rules = { ...UPDATABLE, replaceOn: ["name"] };
        const { changes } = diff(rules, { name: "a", size: 1 }, { name: "b", size: 2 });
        assert.deepEqual(
            changes.map(({ key, replaces }) => [key, replaces]),
            [
                ["name", true],
                ["size", false],
            ],
        );
    });

    it("replaces for every input where the resource says so, or cannot be updated", () => {
        for (const rules of [{ ...UPDATABLE, replaceOn: "*" as const }, {}]) {
            assert.equal(diff(rules, { a: 1 }, { a: 2 }).changes[0]?.replaces, true);
        }
    });

    it("does not update because of an input that is no reason to, even if it is unknown", () => {
        const rules = { ...UPDATABLE, ignoreInDiff: ["endpoints"] };
        assert.deepEqual(keys(rules, { endpoints: ["a"] }, { endpoints: ["b"] }), []);
        assert.deepEqual(keys(rules, { endpoints: ["a"] }, { endpoints: UNKNOWN }), []);
        assert.deepEqual(keys(rules, { endpoints: ["a"], n: 1 }, { endpoints: ["b"], n: 2 }), ["n"]);
    });

    it("shows drift of the real thing as a change of the input, though no input changed", () => {
        const rules = {
            ...UPDATABLE,
            drift: (state: Props, inputs: Props) => (state.n === inputs.n ? [] : ["n"]),
        };
        const { changes } = diff(rules, { n: 1 }, { n: 1 }, { state: { n: 5 } });
        assert.deepEqual(changes, [{ key: "n", kind: "update", replaces: false, inputDiff: false }]);
        assert.deepEqual(keys(rules, { n: 1 }, { n: 1 }, { state: { n: 5 }, ignoreChanges: ["n"] }), []);
    });

    it("honours ignoreChanges for whole properties", () => {
        assert.deepEqual(keys(UPDATABLE, { a: 1, b: 1 }, { a: 2, b: 2 }, { ignoreChanges: ["a"] }), ["b"]);
    });

    it("honours ignoreChanges inside objects and lists", () => {
        const before = { tags: { owner: "x", team: "t" }, ports: [{ ip: "1" }, { ip: "2" }] };
        const after = { tags: { owner: "y", team: "t" }, ports: [{ ip: "8" }, { ip: "9" }] };
        assert.deepEqual(
            keys(UPDATABLE, before, after, { ignoreChanges: ["tags.owner", "ports[*].ip"] }),
            [],
        );
        assert.deepEqual(keys(UPDATABLE, before, after, { ignoreChanges: ["tags.team", "ports[0].ip"] }), [
            "tags",
            "ports",
        ]);
    });
});

describe("ignoreChanges paths", () => {
    it("are read step by step, quoted names included", () => {
        assert.deepEqual(parsePath('a.b[0]["c.d"].e[*]'), ["a", "b", 0, "c.d", "e", "*"]);
    });

    it("drop what was added under an ignored name and put back what was removed", () => {
        assert.deepEqual(keepIgnored({}, { a: 1 }, ["a"]), {});
        assert.deepEqual(keepIgnored({ a: 1 }, {}, ["a"]), { a: 1 });
    });

    it("leave lists of another length alone where the place does not exist", () => {
        assert.deepEqual(keepIgnored({ a: [1] }, { a: [2, 3] }, ["a[1]"]), { a: [2, 3] });
    });
});

describe("a provider's configuration", () => {
    it("arrives with nested values and booleans in their own types, and numbers as text", () => {
        const wire = {
            hosts: '["a","b"]',
            deep: '{"x":{"y":1}}',
            flag: "true",
            version: "26.10",
            text: "[no",
        };
        assert.deepEqual(readConfig(wire), {
            hosts: ["a", "b"],
            deep: { x: { y: 1 } },
            flag: true,
            version: "26.10",
            text: "[no",
        });
    });
});
