// Compares the stand-ins with the code that the official plugins wrap, on this machine's engine.

import assert from "node:assert/strict";
import { createProgress } from "../../scripts/setup/progress";
import { conformance } from "../conformance/conformance";
import { skipWithoutRealPlugins } from "./built";

/** Those of a lab's resources that take less than a minute; with all tests, every case. */
const CASES = process.env.SKEP_TESTS === "full" ? [] : ["passwords", "stack-certificates"];

describe("The stand-ins beside the real plugins", function () {
    this.timeout(1_800_000);
    before(skipWithoutRealPlugins);

    it("do the same, and give the same of what Skep reads", async () => {
        const { done, read, unread } = await conformance("real", createProgress(), CASES);
        console.log(`      ${unread.length} differences in outputs that nobody reads`);
        assert.deepEqual([...done, ...read], []);
    });
});
