// The user's own docker command.

import { skepError } from "../errors";
import { type Ended, runLocal } from "../providers/runtime/run-local";

/** Runs docker. Throws DOCKER_COMMAND if this machine has none; `print` is the command that shows what it would run. */
export async function docker(
    args: readonly string[],
    { print, ...options }: { input?: string; timeout: number; print: string },
): Promise<Ended> {
    const ended = await runLocal("docker", args, options);
    if (ended.code !== undefined) return ended;
    throw skepError(
        "DOCKER_COMMAND",
        "This machine has no docker command.",
        `Install docker's command line (Debian: docker.io or docker-ce-cli); ${print} shows what it would run.`,
    );
}
