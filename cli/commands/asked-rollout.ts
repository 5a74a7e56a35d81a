// An up whose settings ask for a word between hosts: it ends after the first one, or after each, and goes on if the user
// says so.

import type { ProgramArgs } from "../../program";
import type { Outcome } from "../pulumi/operate";

const QUESTION = "The engine has changed there, and the swarm is well. Go on?";

/**
 * Runs `up`, in steps if `skep:upgrade.confirm` says so. `ask` asks the user; undefined where nobody can be asked, and then
 * all is one step. A no leaves the other hosts as they are.
 */
export async function inAskedSteps(
    program: ProgramArgs,
    up: () => Promise<Outcome>,
    ask: ((question: string) => Promise<boolean>) | undefined,
): Promise<Outcome> {
    const { confirm } = program.settings.upgrade;
    if (!ask || confirm === "none") return up();
    program.rolloutSteps = 1;
    let outcome = await up();
    while (outcome.left.some(({ id }) => id === "ROLLOUT_PAUSED") && (await ask(QUESTION))) {
        if (confirm === "first") program.rolloutSteps = undefined;
        const next = await up();
        outcome = { ...next, steps: [...outcome.steps, ...next.steps] };
    }
    return outcome;
}
