// An empty passphrase: Pulumi takes it, and would seal the stack's keys with nothing.

import { readFile } from "node:fs/promises";
import { skepError } from "../../errors";

/** Whether the environment gives Pulumi an empty passphrase. */
export async function isPassphraseEmpty(environment: NodeJS.ProcessEnv): Promise<boolean> {
    const { PULUMI_CONFIG_PASSPHRASE: given, PULUMI_CONFIG_PASSPHRASE_FILE: file } = environment;
    if (given !== undefined) return given === "";
    if (file === undefined) return false;
    // Pulumi itself says what is wrong with a file that cannot be read.
    const text = await readFile(file, "utf8").catch(() => "unread");
    return text.trim() === "";
}

/**
 * Throws PASSPHRASE_EMPTY for a stack that is not up yet. Returns a note for one whose keys are sealed so already: another
 * passphrase would not open them.
 */
export async function refuseEmptyPassphrase(
    environment: NodeJS.ProcessEnv,
    isUp: boolean,
): Promise<string | undefined> {
    if (!(await isPassphraseEmpty(environment))) return undefined;
    if (isUp)
        return "the passphrase is empty: whoever reads the stack's state reads its keys. To change it: pulumi stack change-secrets-provider passphrase";
    throw skepError(
        "PASSPHRASE_EMPTY",
        "PULUMI_CONFIG_PASSPHRASE is set and empty: it would seal the stack's keys with nothing.",
        "Unset it, and Skep makes a passphrase and keeps it in .skep/passphrase; or set one.",
    );
}
