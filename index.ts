// The program for the plain `pulumi` command: the same as that of `npm run up`, with the same settings and state. What the
// engine must find in its environment prints `npm run skep -- env`.

import * as pulumi from "@pulumi/pulumi";
import { SkepError } from "./errors";
import { program } from "./program";
import { ready } from "./scripts/commands/context";
import { keepRegistryHosts } from "./scripts/stack/settings";

export = async () => {
    try {
        const stack = pulumi.getStack();
        const { program: args, settings } = await ready({ stack, json: true });
        if (!pulumi.runtime.isDryRun()) await keepRegistryHosts(stack, settings);
        return program(args);
    } catch (error) {
        // The SDK shows a RunError without its stack.
        if (error instanceof SkepError) throw new pulumi.RunError(error.message);
        throw error;
    }
};
