// The Pulumi engine's side of a stack: where state is kept, with which passphrase, through which plugins.

import { existsSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import * as auto from "@pulumi/pulumi/automation";
import { program, type ProgramArgs } from "../../program";
import type { Tools } from "../setup/tools";
import { ENGINE_CONFIG_FOLDER, PASSPHRASE_FILE, STATE_FOLDER, SWARM_PLUGIN, workFolder } from "./folders";
import { keptRandom } from "./once";

/** What the Pulumi engine must find in its environment. */
export async function engineEnvironment(tools: Tools): Promise<Record<string, string>> {
    await mkdir(STATE_FOLDER, { recursive: true, mode: 0o700 });
    const backend = process.env.PULUMI_BACKEND_URL ?? `file://${STATE_FOLDER}`;
    const passphrase: Record<string, string> =
        process.env.PULUMI_CONFIG_PASSPHRASE === undefined &&
        process.env.PULUMI_CONFIG_PASSPHRASE_FILE === undefined
            ? { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() }
            : {};
    return {
        PULUMI_BACKEND_URL: backend,
        ...passphrase,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PATH: [join(tools.pulumi.root, "bin"), process.env.PATH].join(delimiter),
        ...(tools.pulumiHome && {
            PULUMI_HOME: tools.pulumiHome,
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        }),
    };
}

/** A passphrase made once: without it nothing secret in the state can be read. */
function passphraseFile(): string {
    keptRandom(PASSPHRASE_FILE, 32);
    return PASSPHRASE_FILE;
}

/** Makes the provider "swarm" found where Pulumi.yaml says: the plain `pulumi` command reads only that. */
export function linkSwarmPlugin({ swarmPlugin }: Tools): void {
    mkdirSync(dirname(SWARM_PLUGIN), { recursive: true });
    const own = `${SWARM_PLUGIN}.${process.pid}`;
    symlinkSync(swarmPlugin, own);
    renameSync(own, SWARM_PLUGIN);
}

/** The stack, made if it is not there yet. Without `args` it has no program: enough to destroy it and to read outputs. */
export async function openStack(name: string, tools: Tools, args?: ProgramArgs): Promise<auto.Stack> {
    const workDir = workFolder(name);
    await mkdir(workDir, { recursive: true });
    await mkdir(ENGINE_CONFIG_FOLDER, { recursive: true });
    const inline = async () => (args ? program(args) : {});
    return auto.LocalWorkspace.createOrSelectStack(
        { stackName: name, projectName: "skep", program: inline },
        {
            workDir,
            envVars: await engineEnvironment(tools),
            pulumiCommand: await auto.PulumiCommand.get({ root: tools.pulumi.root, skipVersionCheck: true }),
            projectSettings: projectSettings(tools),
        },
    );
}

/** The SDK's type lacks `plugins`, which the engine reads from the project file that the SDK writes. */
function projectSettings(tools: Tools): auto.ProjectSettings {
    const plugins = { providers: [{ name: "swarm", path: tools.swarmPlugin }] };
    return {
        name: "skep",
        runtime: "nodejs",
        stackConfigDir: ENGINE_CONFIG_FOLDER,
        plugins,
    } as auto.ProjectSettings;
}

/** Whether this project's own backend has the stack. */
export async function stackExists(name: string): Promise<boolean> {
    if (process.env.PULUMI_BACKEND_URL) return true;
    const file = join(STATE_FOLDER, ".pulumi", "stacks", "skep", `${name}.json`);
    return existsSync(file) && (await readFile(file, "utf8")).length > 0;
}
