// The program for the plain `pulumi` command: the same as that of `npm run up`, with the same settings and state. What the
// engine must find in its environment prints `npm run skep -- env`.

import * as pulumi from "@pulumi/pulumi";
import { SkepError } from "./errors";
import { program } from "./program";
import { ready } from "./scripts/commands/context";

export = async () => {
    try {
        const { program: args } = await ready({ stack: pulumi.getStack(), json: true });
        return program(args);
    } catch (error) {
        // The SDK shows a RunError without its stack.
        if (error instanceof SkepError) throw new pulumi.RunError(error.message);
        throw error;
    }
};
