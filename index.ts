// The program for the plain `pulumi` command: the same as that of `npm run up`, with the same settings and state. What the
// engine must find in its environment prints `npm run skep -- env`.

import * as pulumi from "@pulumi/pulumi";
import { SkepError } from "./errors";
import { program } from "./program";
import { ready } from "./cli/prepare";
import { refuseOtherEnvironment } from "./lab/engine";
import { keepForUp } from "./cli/stack/settings";

export = async () => {
    try {
        const stack = pulumi.getStack();
        const { program: args, settings, engine } = await ready({ stack, json: true });
        if (engine) refuseOtherEnvironment();
        if (!pulumi.runtime.isDryRun()) await keepForUp(stack, settings, engine);
        return program(args);
    } catch (error) {
        // The SDK shows a RunError without its stack.
        if (error instanceof SkepError) throw new pulumi.RunError(error.message);
        throw error;
    }
};
