// What every command on a stack begins with: the options, the settings, the set-up, the stack itself.

import type { LabSettings, ProgramArgs } from "../../program";
import { createProgress, type Progress } from "../progress";
import { setup } from "../setup/setup";
import type { Tools } from "../setup/tools";
import { projectId, refuseForeignHosts } from "../stack/project";
import { completeSettings, readSettings } from "../stack/settings";
import { linkSwarmPlugin } from "../stack/workspace";

export interface Options {
    stack: string;
    json?: boolean;
    yes?: boolean;
}

export interface Ready {
    progress: Progress;
    tools: Tools;
    settings: LabSettings;
    program: ProgramArgs;
}

/** Settings are checked before anything is installed or touched. */
export async function ready({ stack, json }: Options): Promise<Ready> {
    const progress = createProgress({ silent: json });
    const { settings, generated, warnings } = await readSettings(stack);
    for (const warning of warnings) progress.note(`Note: ${warning}`);
    const tools = await setup({ progress, needs: settings.hosts === "lab" ? "lab" : "instances" });
    if (!tools.images) throw new Error("set-up gave no images for a lab");
    if (tools.plugins === "standins")
        progress.note(
            "Pulumi's plugin downloads are out of reach: stand-ins for command, docker, tls and random are used",
        );
    if (tools.repository.kind === "debian")
        progress.note(
            "Docker's package repository is out of reach: docker-ce comes from Debian's engine packages",
        );
    linkSwarmPlugin(tools);
    await refuseForeignHosts(stack);
    const complete = await completeSettings(stack, settings, generated, tools);
    return {
        progress,
        tools,
        settings: complete,
        program: {
            stack,
            project: projectId(),
            settings: complete,
            images: tools.images,
            repository: tools.repository,
        },
    };
}

/** Asks on a terminal; elsewhere, and with --yes, the answer is yes. */
export async function confirmed(question: string, { yes }: Options): Promise<boolean> {
    if (yes || !process.stdin.isTTY || !process.stdout.isTTY) return true;
    const { createInterface } = await import("node:readline/promises");
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
    } finally {
        terminal.close();
    }
}
