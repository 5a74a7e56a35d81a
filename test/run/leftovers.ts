// Removes what tests left on this machine's engine: tests of this clone of the project, and of the second clones that they
// make. It removes only what has the label of a stack whose name begins with `test-`.

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import { dockerClient } from "../../scripts/setup/docker";
import { PROJECT, PROJECT_FILE } from "../../config/folders";
import { projectId } from "../../lab/project";

/** The folder in which tests make second clones of the project. Its path has a space. */
export const CLONES = join(PROJECT, ".skep/test clones");

const PREFIX = "test-";
const ANSWER_SECONDS = 5;

type Labelled = { Labels?: Record<string, string> | null };

/** Removes leftovers and returns their number. If no engine answers, there is nothing that tests could have left. */
export async function removeLeftovers(): Promise<number> {
    const docker = dockerClient();
    const ping = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
    const answers = await ping({ abortSignal: AbortSignal.timeout(ANSWER_SECONDS * 1000) }).then(
        () => true,
        () => false,
    );
    if (!answers) return 0;

    let removed = 0;
    const remove = async (what: string, work: Promise<unknown>) => {
        try {
            await work;
            removed += 1;
        } catch (error) {
            // It is gone already.
            if ((error as { statusCode?: number }).statusCode === 404) return;
            process.stderr.write(`TEST_LEFTOVER: ${what} stays: ${(error as Error).message}.\n`);
        }
    };
    const projects = [projectId(), ...cloneIds()];
    const ofTests = ({ Labels }: Labelled) =>
        Labels?.[STACK_LABEL]?.startsWith(PREFIX) && projects.includes(Labels[PROJECT_LABEL] ?? "");
    const filters = { label: [PROJECT_LABEL] };
    // Containers go first: volumes and networks cannot go while containers use them.
    const containers = (await docker.listContainers({ all: true, filters })).filter(ofTests);
    await Promise.all(
        containers.map(({ Id, Names }) =>
            remove(`container ${Names[0] ?? Id}`, docker.getContainer(Id).remove({ force: true, v: true })),
        ),
    );
    const volumes = (await docker.listVolumes({ filters })).Volumes.filter(ofTests);
    await Promise.all(volumes.map(({ Name }) => remove(`volume ${Name}`, docker.getVolume(Name).remove())));
    const networks = (await docker.listNetworks({ filters })).filter(ofTests);
    await Promise.all(
        networks.map(({ Id, Name }) => remove(`network ${Name}`, docker.getNetwork(Id).remove())),
    );
    rmSync(CLONES, { recursive: true, force: true });
    return removed;
}

/** The ids of second clones that exist and have an id. */
function cloneIds(): string[] {
    if (!existsSync(CLONES)) return [];
    return readdirSync(CLONES).flatMap((name) => {
        const file = join(CLONES, name, relative(PROJECT, PROJECT_FILE));
        return existsSync(file) ? readFileSync(file, "utf8").trim() : [];
    });
}
