// What a stack may be called.

import type { Problem } from "../errors";

/** What stacks and zones may be called. */
export const NAME = /^[a-z][a-z0-9-]{0,29}$/;

/** Checks a stack's name, which becomes part of the names of hosts and files. */
export function checkStackName(stack: string): Problem[] {
    if (NAME.test(stack)) return [];
    return [
        {
            id: "STACK_NAME",
            problem: `"${stack}" cannot be a stack's name.`,
            advice: "Take a lower-case letter, then letters, digits and dashes, 30 at most.",
        },
    ];
}
