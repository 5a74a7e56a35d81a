// `skep key show` and `skep token show`: secrets of the swarm, printed because somebody asks for exactly these.

import { skepError, SkepError } from "../../errors";
import type { Role } from "../../planning/placement";
import { reasonOf } from "../../planning/sentence";
import type { Options } from "../options";
import { printJson } from "../print";
import { onStanding, type Standing } from "../stack/standing";

/** Prints the unlock key. Throws KEY_NONE if the swarm locks no managers. */
export function showKey(options: Options): Promise<void> {
    return onStanding(options, (standing) => showKeyOf(standing, options));
}

/** The same on a swarm whose hosts are known. */
export async function showKeyOf({ outputs, swarm, progress }: Standing, options: Options): Promise<void> {
    const kept = outputs.unlockKey;
    const current = await progress
        .step("Asking a manager", () => swarm.unlockKey())
        .catch((error: unknown) => {
            // Managers that are locked need just this key.
            if (!(error instanceof SkepError) || kept === "" || swarm.ctx.signal.aborted) throw error;
            progress.note(`The key is the one of the last up, since no manager says it: ${reasonOf(error)}`);
            return kept;
        });
    if (current === "")
        throw skepError(
            "KEY_NONE",
            "The swarm has no unlock key: its managers are not locked.",
            "Set skep:autolock: true and run up.",
        );
    if (current !== kept) progress.note("The stack's state does not have this key yet: run up");
    if (options.json) printJson({ key: current });
    else console.log(current);
}

/** Prints the token with which a node joins in this role. */
export function showToken(role: Role, options: Options): Promise<void> {
    return onStanding(options, (standing) => showTokenOf(standing, role, options));
}

/** The same on a swarm whose hosts are known. */
export async function showTokenOf(
    { swarm, progress }: Standing,
    role: Role,
    options: Options,
): Promise<void> {
    const { token, managers } = await progress.step("Asking a manager", async () => {
        const { JoinTokens } = await swarm.inspect();
        const token = role === "manager" ? JoinTokens?.Manager : JoinTokens?.Worker;
        return { token, managers: await swarm.managerAddresses() };
    });
    if (options.json) printJson({ role, token, managers });
    else console.log(token);
}
