// `skep:protect`: a stack that destroy refuses.

import type * as auto from "@pulumi/pulumi/automation";
import { ownSettings, readConfig } from "../../config/file";
import { settingsFile } from "../../config/folders";
import type { Deployment } from "../../config/state";
import { skepError } from "../../errors";
import type { FoundFacts } from "./facts";

/**
 * Throws PROTECTED if the user's setting protects the stack, or if it is not set and the stack was made protected. Needs
 * no valid settings.
 */
export async function refuseProtected(stack: string, { facts }: FoundFacts): Promise<void> {
    const { protect = facts.protect } = ownSettings(await readConfig(settingsFile(stack)).catch(() => ({})));
    if (protect !== true) return;
    throw skepError(
        "PROTECTED",
        `The stack "${stack}" is protected: destroy would end its swarm, with all that is in it.`,
        `Set skep:protect to false, or name the stack once: npm run destroy -- --stack ${stack} --lose-swarm ${stack}.`,
    );
}

/** Takes Pulumi's own protection away in the state, because the user has said that the stack may go. */
export async function unprotect(stack: auto.Stack): Promise<void> {
    const state = await stack.exportStack();
    const { resources = [] } = state.deployment as Deployment;
    for (const resource of resources) resource.protect = false;
    await stack.importStack(state);
}
