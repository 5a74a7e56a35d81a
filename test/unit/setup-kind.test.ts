// Which kind of plugins a command takes.

import assert from "node:assert/strict";
import { SkepError } from "../../errors";
import { askedKind } from "../../scripts/setup/plugin-kind";

describe("SKEP_PLUGINS", () => {
    it("names a kind of plugins, or leaves the choice to what can be reached", () => {
        assert.equal(askedKind(""), undefined);
        for (const kind of ["official", "standins", "real"] as const) assert.equal(askedKind(kind), kind);
    });

    it("is refused with any other value, which would be taken for none", () => {
        assert.throws(
            () => askedKind("reel"),
            (error: unknown) => error instanceof SkepError && error.problems[0]?.id === "SKEP_PLUGINS",
        );
    });
});
