// Pulumi's side of a stack: where its state is kept, with which passphrase, and through which plugins.

import { mkdirSync, renameSync, symlinkSync } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { delimiter, dirname, join, relative } from "node:path";
import * as auto from "@pulumi/pulumi/automation";
import { directEnvironment } from "../../planning/proxies";
import { program, type ProgramArgs } from "../../program";
import { dockerEnvironment } from "../../providers/runtime/docker";
import type { Pulumi } from "../../scripts/setup/pulumi";
import type { PulumiTools } from "../../scripts/setup/tools";
import {
    PULUMI_CONFIG_FOLDER,
    pulumiConfigFile,
    PASSPHRASE_FILE,
    STATE_FOLDER,
    SWARM_PLUGIN,
    workFolder,
} from "../../config/folders";
import { keptRandom } from "../../scripts/setup/kept-random";
import { endOrphans } from "./orphans";
import { startProviders } from "./attach";
import { Declared } from "./declared";
import type { Sizes } from "./sizes";
import { PROJECT_NAME, stateFile, StateReader, unreachable } from "./state";

/**
 * The SDK talks to Pulumi by gRPC on this machine, which must not go through a proxy. Sets the variables in this process
 * too, because an inline program runs here.
 */
function withoutProxy(): Record<string, string> {
    const direct = directEnvironment(process.env);
    Object.assign(process.env, direct);
    return direct;
}

/** The environment that Pulumi needs. */
export async function pulumiEnvironment(
    tools: Pick<PulumiTools, "pulumi" | "pulumiHome">,
): Promise<Record<string, string>> {
    await mkdir(STATE_FOLDER, { recursive: true, mode: 0o700 });
    const backend = process.env.PULUMI_BACKEND_URL ?? folderUrl(STATE_FOLDER);
    const passphrase: Record<string, string> =
        process.env.PULUMI_CONFIG_PASSPHRASE === undefined &&
        process.env.PULUMI_CONFIG_PASSPHRASE_FILE === undefined
            ? { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() }
            : {};
    return {
        PULUMI_BACKEND_URL: backend,
        ...passphrase,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        ...withoutProxy(),
        ...dockerEnvironment(),
        PATH: [join(tools.pulumi.root, "bin"), process.env.PATH].join(delimiter),
        ...(tools.pulumiHome && {
            PULUMI_HOME: tools.pulumiHome,
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        }),
    };
}

/** The URL of a folder. Pulumi reads `%`, `#` and `?` in it as in every URL. */
export function folderUrl(folder: string): string {
    return `file://${folder.split("/").map(encodeURIComponent).join("/")}`;
}

/** The file of a passphrase that is made once. Without it, no secret in the state can be read. */
function passphraseFile(): string {
    keptRandom(PASSPHRASE_FILE, 32);
    return PASSPHRASE_FILE;
}

/** Links the provider "swarm" to where Pulumi.yaml looks for it. The plain `pulumi` command reads only that. */
export function linkSwarmPlugin({ swarmPlugin }: PulumiTools): void {
    mkdirSync(dirname(SWARM_PLUGIN), { recursive: true });
    const own = `${SWARM_PLUGIN}.${process.pid}`;
    symlinkSync(swarmPlugin, own);
    renameSync(own, SWARM_PLUGIN);
}

/**
 * The stack, created if it does not exist yet, and how many resources its program has declared when it ran last.
 * `loseSwarm`: its swarm may end.
 */
export async function openStack(
    { stack: name, loseSwarm }: { stack: string; loseSwarm?: string },
    tools: PulumiTools,
    args: ProgramArgs,
): Promise<{ stack: auto.Stack; sizes: () => Sizes }> {
    const declared = new Declared();
    const [program_, options] = await workspace(name, tools, () => declared.run(() => program(args)));
    const opening = opened(auto.LocalWorkspace.createOrSelectStack(program_, options));
    return { stack: await withProviders(tools, opening, loseSwarm), sizes: declared.sizes };
}

/** The stack with running providers, so that Pulumi need not start them. */
export async function withProviders(
    tools: PulumiTools,
    opening: auto.Stack | Promise<auto.Stack>,
    loseSwarm?: string,
): Promise<auto.Stack> {
    const [stack, attach, mark] = await Promise.all([
        opening,
        startProviders(tools, loseSwarm),
        // Stand-ins end by themselves.
        tools.plugins === "standins" ? undefined : endOrphans(),
    ]);
    Object.assign(stack.workspace.envVars, { PULUMI_DEBUG_PROVIDERS: attach, ...mark });
    return stack;
}

/** The stack without its program, which is enough to destroy it and to read its outputs; undefined if there is none. */
export async function findStack(name: string, tools: PulumiTools): Promise<auto.Stack | undefined> {
    try {
        return await opened(auto.LocalWorkspace.selectStack(...(await workspace(name, tools, () => ({})))));
    } catch (error) {
        if (error instanceof auto.StackNotFoundError) return undefined;
        throw error;
    }
}

/** A reader of the stack's state, where commands keep it. */
export async function stateReader(stack: string, pulumi: Pulumi): Promise<StateReader> {
    await removeCutShort(stack);
    return new StateReader(stack, join(pulumi.root, "bin/pulumi"), await pulumiEnvironment({ pulumi }));
}

async function opened(opening: Promise<auto.Stack>): Promise<auto.Stack> {
    try {
        return await opening;
    } catch (error) {
        if (!(error instanceof auto.CommandError) || error instanceof auto.StackNotFoundError) throw error;
        throw unreachable(error.message);
    }
}

async function workspace(
    stackName: string,
    tools: PulumiTools,
    run: () => object,
): Promise<[auto.InlineProgramArgs, auto.LocalWorkspaceOptions]> {
    const workDir = workFolder(stackName);
    await mkdir(workDir, { recursive: true });
    await mkdir(PULUMI_CONFIG_FOLDER, { recursive: true });
    await removeCutShort(stackName);
    return [
        { stackName, projectName: PROJECT_NAME, program: async () => run() },
        {
            workDir,
            envVars: await pulumiEnvironment(tools),
            pulumiCommand: await auto.PulumiCommand.get({ root: tools.pulumi.root, skipVersionCheck: true }),
            projectSettings: projectSettings(tools, workDir),
        },
    ];
}

/**
 * Removes an empty file of attributes. The file backend keeps such a file beside a stack's state, and nothing in it
 * matters. If a kill cuts it short, it is empty, and Pulumi then takes the whole state for unreadable.
 */
async function removeCutShort(stack: string): Promise<void> {
    const attributes = `${stateFile(stack)}.attrs`;
    const found = await stat(attributes).catch(() => undefined);
    if (found?.size === 0) await rm(attributes, { force: true });
}

/** The SDK's type lacks `plugins` and `options`, which Pulumi reads from the project file that the SDK writes. */
function projectSettings({ swarmPlugin }: PulumiTools, workDir: string): auto.ProjectSettings {
    return {
        name: PROJECT_NAME,
        runtime: "nodejs",
        // Pulumi takes this path as relative to the project file, whatever it begins with.
        stackConfigDir: relative(workDir, PULUMI_CONFIG_FOLDER),
        options: { refresh: "always" },
        plugins: { providers: [{ name: "swarm", path: swarmPlugin }] },
    } as auto.ProjectSettings;
}

/** Removes Pulumi's own files for a stack that is gone: its salt, its history, its backups. */
export async function forgetStack(name: string): Promise<void> {
    const kept = ["backups", "history", "locks"].map((kind) =>
        join(STATE_FOLDER, ".pulumi", kind, PROJECT_NAME, name),
    );
    for (const path of [...kept, workFolder(name), pulumiConfigFile(name)])
        await rm(path, { recursive: true, force: true });
}
