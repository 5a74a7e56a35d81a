// Whether everything that the last skep command prepared for the plain `pulumi` command is still on this machine.

import { existsSync } from "node:fs";
import { SWARM_PLUGIN } from "../../config/folders";
import { type SkepError, skepError } from "../../errors";
import { dockerClient } from "../../scripts/setup/docker";
import { swarmPluginFolder } from "../../scripts/setup/plugins";
import type { Prepared, StackFile } from "./file";

/** What was prepared for the stack. Throws NOT_PREPARED if some of it is missing, or made of another source. */
export async function refuseMissing(stack: string, { prepared }: StackFile): Promise<Prepared> {
    if (!prepared) throw notPrepared(stack, "no skep command has prepared it in this copy of the project");
    const why =
        (await pluginProblem(prepared)) ?? repositoryProblem(prepared) ?? (await imageProblem(prepared));
    if (why !== undefined) throw notPrepared(stack, why);
    return prepared;
}

/** The error for a stack that plain pulumi cannot work on before a skep command has prepared it. */
export function notPrepared(stack: string, why: string): SkepError {
    const option = stack === "dev" ? "" : ` --stack ${stack}`;
    return skepError(
        "NOT_PREPARED",
        `The stack "${stack}" is not prepared for the plain pulumi command: ${why}.`,
        `Prepare it, in this shell: eval "$(npm run -s skep -- env${option})"`,
    );
}

async function pluginProblem({ swarmPlugin }: Prepared): Promise<string | undefined> {
    if (swarmPlugin !== (await swarmPluginFolder())) return "Skep is another one since then";
    return existsSync(swarmPlugin) && existsSync(SWARM_PLUGIN) ? undefined : `${swarmPlugin} is missing`;
}

function repositoryProblem({ repository }: Prepared): string | undefined {
    const source = repository.mount?.source;
    return source === undefined || existsSync(source) ? undefined : `${source} is missing`;
}

async function imageProblem({ images }: Prepared): Promise<string | undefined> {
    if (!("gateway" in images)) return "Skep is another one since then";
    const docker = dockerClient();
    const problems = await Promise.all(
        Object.values(images).map(({ ref, id }) =>
            docker
                .getImage(id)
                .inspect()
                .then(
                    () => undefined,
                    (error: Error & { statusCode?: number }) =>
                        error.statusCode === 404
                            ? `the image ${ref} is missing`
                            : `Docker does not answer: ${error.message}`,
                ),
        ),
    );
    return problems.find((problem) => problem !== undefined);
}
