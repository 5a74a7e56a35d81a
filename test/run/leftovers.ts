// Removes what tests left on this machine's engine: tests of this clone of the project, and of the second clones that they
// make. It removes only what has the label of a stack whose name begins with `test-`.

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import { dockerClient } from "../../scripts/setup/docker";
import { forgetStackFile } from "../../cli/stack/file";
import { stateFile } from "../../cli/pulumi/state";
import { clientFolder, PROJECT, PROJECT_FILE } from "../../config/folders";
import { projectId } from "../../lab/project";

/** The folder in which tests make second clones of the project. Its path has a space. */
export const CLONES = join(PROJECT, ".skep/test clones");

const PREFIX = "test-";
const ANSWER_SECONDS = 5;

type Labelled = { Labels?: Record<string, string> | null };

/** What a run adds to a stack's name for a network of its own (test/aws/instances.ts). */
const OF_A_RUN = /-[0-9a-f]{8}$/;
/** What the file backend keeps in and beside a state. */
const STATE_FILES = ["", ".attrs", ".bak", ".bak.attrs"];

/**
 * Removes leftovers and returns their number. If no engine answers, there is nothing that tests could have left. Where
 * hosts go, the state of their stack goes, too: the next run would look for their swarm.
 */
export async function removeLeftovers(clones = CLONES): Promise<number> {
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
    const projects = [projectId(), ...cloneIds(clones)];
    const stacks = new Set<string>();
    const ofTests = ({ Labels }: Labelled) => {
        const { [STACK_LABEL]: stack = "", [PROJECT_LABEL]: project = "" } = Labels ?? {};
        const isOurs = stack.startsWith(PREFIX) && projects.includes(project);
        if (isOurs && project === projectId()) stacks.add(stack.replace(OF_A_RUN, ""));
        return isOurs;
    };
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
    for (const stack of stacks) await forget(stack);
    rmSync(clones, { recursive: true, force: true });
    return removed;
}

/** Removes all that this clone keeps of a stack. */
async function forget(stack: string): Promise<void> {
    const { forgetStack } = await import("../../cli/pulumi/workspace");
    for (const end of STATE_FILES) rmSync(`${stateFile(stack)}${end}`, { force: true });
    rmSync(clientFolder(stack), { recursive: true, force: true });
    await forgetStack(stack);
    await forgetStackFile(stack);
}

/** The ids of second clones that exist and have an id. */
function cloneIds(clones: string): string[] {
    if (!existsSync(clones)) return [];
    return readdirSync(clones).flatMap((name) => {
        const file = join(clones, name, relative(PROJECT, PROJECT_FILE));
        return existsSync(file) ? readFileSync(file, "utf8").trim() : [];
    });
}
