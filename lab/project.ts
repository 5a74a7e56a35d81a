// Which copy of the project owns what. Every lab object has labels with the stack's name and the id of the copy. Two
// clones on one machine may both have a stack `dev`, and neither may take the other's hosts for its own.

import { skepError } from "../errors";
import { PROJECT_LABEL, STACK_LABEL } from "../planning/labels";
import { dockerClient } from "../scripts/setup/docker";
import { PROJECT_FILE } from "../config/folders";
import { keptRandom } from "../scripts/setup/kept-random";

/** This copy's id. The first call creates it, and it lasts as long as the folder .skep. */
export function projectId(): string {
    return keptRandom(PROJECT_FILE, 9);
}

/**
 * Docker's filter for the objects of a stack's lab: those that this copy of the project made (`own`, the default), or any
 * copy (`any`).
 */
export function objectsOf(stack: string, owner: "own" | "any" = "own"): { label: string[] } {
    const own = owner === "own" ? [`${PROJECT_LABEL}=${projectId()}`] : [];
    return { label: [`${STACK_LABEL}=${stack}`, ...own] };
}

/**
 * Throws LAB_STACK_TAKEN if another copy of the project has hosts of this stack: names would clash, and data would be
 * lost.
 */
export async function refuseForeignHosts(stack: string): Promise<void> {
    const foreign = await foreignHosts(stack);
    if (foreign.length === 0) return;
    throw skepError(
        "LAB_STACK_TAKEN",
        `Another copy of this project has the stack "${stack}" up on this machine: ${foreign.join(", ")}.`,
        `Destroy it there or take another name with -- --stack NAME; if that copy is gone: npm run destroy -- --stack ${stack} --orphaned`,
    );
}

/** Names of this stack's lab hosts that another copy of the project made. */
export async function foreignHosts(stack: string): Promise<string[]> {
    const own = projectId();
    const found = await dockerClient().listContainers({ all: true, filters: objectsOf(stack, "any") });
    return found
        .filter(({ Labels }) => Labels[PROJECT_LABEL] !== own)
        .map(({ Id, Names }) => Names[0]?.slice(1) ?? Id);
}
