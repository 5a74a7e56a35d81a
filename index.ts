// The program for the plain `pulumi` command: the same as that of `npm run up`, with the same settings and state. It
// reads what `npm run skep -- env` has prepared, and installs, starts and writes nothing.

import * as pulumi from "@pulumi/pulumi";
import { SkepError } from "./errors";
import { program } from "./program";
import { plainProgram } from "./cli/prepare";

export = async () => {
    try {
        return program(await plainProgram(pulumi.getStack()));
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        // The SDK shows a RunError without its stack, and still formats it: Node takes half a minute for that.
        const refusal = new pulumi.RunError(error.message);
        refusal.stack = undefined;
        throw refusal;
    }
};
