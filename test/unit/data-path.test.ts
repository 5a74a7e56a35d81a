// What it means when a probe between nodes fails.

import assert from "node:assert/strict";
import fc from "fast-check";
import { pathProblems, type Attempt } from "../../planning/data-path";

const end = (zone: string) => ({ name: `manager-${zone}`, zone });
const attempt = (from: string, to: string, more: Partial<Attempt> = {}): Attempt => ({
    from: end(from),
    to: end(to),
    named: true,
    large: true,
    small: false,
    ...more,
});
const said = (...attempts: Attempt[]) => pathProblems(attempts).map(({ id, problem }) => `${id} ${problem}`);

describe("A data path between zones", () => {
    it("is well when names are found and large packets arrive, both ways", () => {
        assert.deepEqual(said(attempt("a", "b"), attempt("b", "a")), []);
    });

    it("is dead once for each pair, whichever ends fail", () => {
        const dead = { large: false };
        assert.deepEqual(said(attempt("a", "b", dead), attempt("b", "a", dead), attempt("a", "c")), [
            "DATA_PATH_DEAD Nothing arrives on overlay networks either way between manager-a in zone a and manager-b in zone b.",
        ]);
        assert.deepEqual(said(attempt("a", "b"), attempt("b", "a", dead)), [
            "DATA_PATH_DEAD Nothing arrives on overlay networks on the way from manager-b in zone b to manager-a in zone a.",
        ]);
    });

    it("has too small an MTU where only small packets arrive, and cut gossip where only names are missing", () => {
        const [large] = pathProblems([attempt("a", "b", { large: false, small: true })]);
        assert.equal(large?.id, "DATA_PATH_MTU");
        assert.match(large?.advice ?? "", /MTU/);
        const [nameless] = pathProblems([attempt("a", "b", { named: false })]);
        assert.equal(nameless?.id, "DATA_PATH_NAMES");
        assert.match(nameless?.advice ?? "", /7946/);
    });

    it("is said of encrypted networks apart, with what only they need", () => {
        const lost = [attempt("a", "b", { large: false, small: true }), attempt("b", "a")];
        const [sealed, ...others] = pathProblems(lost, { encrypted: true });
        assert.deepEqual(others, []);
        assert.equal(sealed?.id, "DATA_PATH_ENCRYPTED");
        assert.match(
            sealed?.problem ?? "",
            /on encrypted overlay networks on the way from manager-a in zone a /,
        );
        assert.match(sealed?.advice ?? "", /ESP/);
        assert.deepEqual(pathProblems([attempt("a", "b")], { encrypted: true }), []);
    });

    it("is named by both nodes and zones whatever fails, and never twice", () => {
        const any = fc.record({ named: fc.boolean(), large: fc.boolean(), small: fc.boolean() });
        fc.assert(
            fc.property(any, any, (there, back) => {
                const found = said(attempt("a", "b", there), attempt("b", "a", back));
                const isWell = ({ named, large }: Pick<Attempt, "named" | "large">) => named && large;
                assert.equal(found.length === 0, isWell(there) && isWell(back));
                assert.equal(new Set(found).size, found.length);
                for (const line of found)
                    assert.match(line, /manager-[ab] in zone [ab] .*manager-[ab] in zone [ab]/);
            }),
        );
    });
});
