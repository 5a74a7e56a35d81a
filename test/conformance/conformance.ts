// Runs one comparison from beginning to end: a kind of plugins and the stand-ins, on this machine's engine.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import type { Progress } from "../../scripts/setup/progress";
import { dockerClient } from "../../scripts/setup/docker";
import { ensureRealPlugins, ensureStandIns } from "../../scripts/setup/plugins";
import { setup } from "../../scripts/setup/setup";
import type { PluginKind, Tools } from "../../scripts/setup/tools";
import { endOrphans } from "../../cli/pulumi/orphans";
import { projectId } from "../../lab/project";
import { startProviders } from "../../cli/pulumi/attach";
import { type Differences, differences } from "./compare";
import { type Case, cases, perform, type Side } from "./cases";
import { SshHost } from "../support/ssh-host";
import { sshKeyPair } from "../support/ssh-key";

const [REPO, TAG] = ["skep-lab/conformance", "1"];

/**
 * Runs every case on plugins of this kind, then on the stand-ins: not at once, because names and ports are the same.
 * Comparing the stand-ins with themselves shows that the comparison works. `only` limits the run to cases with these names.
 */
export async function conformance(
    kind: PluginKind,
    progress: Progress,
    only: readonly string[] = [],
): Promise<Differences> {
    const tools = await setup({ progress, needs: "lab" });
    const folder = mkdtempSync(join(tmpdir(), "skep-conformance-"));
    const [hostKey, login] = [sshKeyPair(), sshKeyPair()];
    const host = new SshHost({ hostKey: hostKey.private, authorizedKey: login.public });
    const found: Differences = { done: [], read: [], unread: [] };
    try {
        const one = await side(kind, `${kind} plugins`, folder, tools, progress);
        const two = await side("standins", "stand-ins", folder, tools, progress);
        const ssh = { port: await host.listen(), privateKey: login.private, hostKey: hostKey.public };
        for (const it of await all(tools, ssh))
            if (only.length === 0 || only.includes(it.name))
                await progress.step(`Comparing ${it.name}: ${one.name} / ${two.name}`, async () => {
                    const first = await perform(it, one);
                    const { done, read, unread } = differences(first, await perform(it, two));
                    found.done.push(...done);
                    found.read.push(...read);
                    found.unread.push(...unread);
                });
    } finally {
        await host.close();
        rmSync(folder, { recursive: true, force: true });
    }
    return found;
}

async function all(
    tools: Tools,
    ssh: { port: number; privateKey: string; hostKey: string },
): Promise<Case[]> {
    const docker = dockerClient();
    if (!tools.images) throw new Error("set-up gave no images of the lab");
    return cases({
        image: await emptyImage(docker),
        ssh,
        hosts: {
            docker,
            project: projectId(),
            images: { host: tools.images.host.id, gateway: tools.images.gateway.id },
            repositoryMount: tools.repository.mount,
        },
    });
}

/** Pulumi with plugins of this kind. Skep's own provider is always the same. */
async function side(
    kind: PluginKind,
    name: string,
    folder: string,
    tools: Tools,
    progress: Progress,
): Promise<Side> {
    const own = { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" };
    const homes: Record<PluginKind, () => Promise<Record<string, string>>> = {
        // Pulumi downloads them into this folder; they go with it.
        official: async () => ({ PULUMI_HOME: join(folder, "home") }),
        standins: async () => ({ ...own, PULUMI_HOME: await ensureStandIns(progress) }),
        real: async () => ({ ...own, PULUMI_HOME: await ensureRealPlugins(progress) }),
    };
    return {
        name,
        root: tools.pulumi.root,
        environment: {
            ...(await homes[kind]()),
            PULUMI_DEBUG_PROVIDERS: await startProviders({ ...tools, plugins: "official" }),
            ...(await endOrphans()),
        },
        folder: join(folder, name),
    };
}

/** Makes an empty image, for containers that never start. */
async function emptyImage(docker: Docker): Promise<string> {
    const nothing = pack();
    nothing.finalize();
    const stream = await docker.importImage(nothing as unknown as NodeJS.ReadableStream, {
        repo: REPO,
        tag: TAG,
    });
    await new Promise<void>((resolve, reject) =>
        docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
    );
    return `${REPO}:${TAG}`;
}
