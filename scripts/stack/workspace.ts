// The Pulumi engine's side of a stack: where state is kept, with which passphrase, through which plugins.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import * as auto from "@pulumi/pulumi/automation";
import { program, type ProgramArgs } from "../../program";
import { writeWhole } from "../setup/cache";
import type { Tools } from "../setup/tools";
import { PASSPHRASE_FILE, STATE_FOLDER, WORK_FOLDER } from "./folders";

const SECRET_MODE = 0o600;

/** What the Pulumi engine must find in its environment. */
export async function engineEnvironment(tools: Tools): Promise<Record<string, string>> {
    await mkdir(STATE_FOLDER, { recursive: true, mode: 0o700 });
    const backend = process.env.PULUMI_BACKEND_URL ?? `file://${STATE_FOLDER}`;
    const passphrase: Record<string, string> =
        process.env.PULUMI_CONFIG_PASSPHRASE === undefined &&
        process.env.PULUMI_CONFIG_PASSPHRASE_FILE === undefined
            ? { PULUMI_CONFIG_PASSPHRASE_FILE: await passphraseFile() }
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
async function passphraseFile(): Promise<string> {
    if (!existsSync(PASSPHRASE_FILE))
        await writeWhole(PASSPHRASE_FILE, randomBytes(32).toString("base64url"), SECRET_MODE);
    return PASSPHRASE_FILE;
}

/** The stack, made if it is not there yet. Without `args` it has no program: enough to destroy it and to read outputs. */
export async function openStack(name: string, tools: Tools, args?: ProgramArgs): Promise<auto.Stack> {
    await mkdir(WORK_FOLDER, { recursive: true });
    const inline = async () => (args ? program(args) : {});
    return auto.LocalWorkspace.createOrSelectStack(
        { stackName: name, projectName: "skep", program: inline },
        {
            workDir: WORK_FOLDER,
            envVars: await engineEnvironment(tools),
            pulumiCommand: await auto.PulumiCommand.get({ root: tools.pulumi.root, skipVersionCheck: true }),
            projectSettings: projectSettings(tools),
        },
    );
}

/** The SDK's type lacks `plugins`, which the engine reads from the project file that the SDK writes. */
function projectSettings(tools: Tools): auto.ProjectSettings {
    const plugins = { providers: [{ name: "swarm", path: tools.swarmPlugin }] };
    return { name: "skep", runtime: "nodejs", plugins } as auto.ProjectSettings;
}

/** Whether this project's own backend has the stack. */
export async function stackExists(name: string): Promise<boolean> {
    if (process.env.PULUMI_BACKEND_URL) return true;
    const file = join(STATE_FOLDER, ".pulumi", "stacks", "skep", `${name}.json`);
    return existsSync(file) && (await readFile(file, "utf8")).length > 0;
}
