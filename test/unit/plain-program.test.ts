// The program as the plain `pulumi` command runs it.

import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import program from "../../index";

describe("The program of the plain pulumi command", function () {
    this.timeout(60_000);

    it("refuses in one sentence, without a stack that Pulumi's SDK would format for half a minute", async () => {
        const nothing = { call: () => ({}), newResource: () => ({ id: "", state: {} }) };
        await pulumi.runtime.setMocks(nothing, "skep", "test-unknown", true);
        await assert.rejects(program(), (error: Error) => {
            assert.ok(pulumi.RunError.isInstance(error));
            assert.match(error.message, /^STACK_UNKNOWN: There is no stack "test-unknown"/);
            assert.equal(error.stack, undefined);
            return true;
        });
    });
});
