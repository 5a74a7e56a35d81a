// What every command on a stack begins with: the options, the settings, the set-up, the stack itself.

import { once } from "node:events";
import { exitCodeOf, skepError } from "../errors";
import { placementOf } from "../planning/zone-moves";
import type { ReadySettings } from "../config/settings";
import type { ProgramArgs } from "../program";
import { createProgress, type Progress } from "../scripts/setup/progress";
import { BRIDGED } from "../scripts/setup/bridged";
import { ensureDocker } from "../scripts/setup/docker";
import { askedKind } from "../scripts/setup/plugin-kind";
import { setup } from "../scripts/setup/setup";
import type { Tools } from "../scripts/setup/tools";
import { refuseTooManyHosts } from "../lab/capacity";
import { labEngine, type LabEngine } from "../lab/engine";
import { type LabHost, settleHosts } from "../lab/hosts";
import { instanceRepository } from "./stack/instance-packages";
import { registryKeys } from "./stack/bucket-keys";
import { refuseRiskyMoves } from "./stack/risky-moves";
import { projectId, refuseForeignHosts } from "../lab/project";
import { refuseTakenPorts } from "../lab/ranges";
import { completeSettings, type Generated, readSettings, rememberPlacement } from "./stack/settings";
import { refuseFixed, standingPorts, standingSubnet } from "../lab/standing";
import { linkSwarmPlugin } from "./pulumi/workspace";

export interface Options {
    stack: string;
    json?: boolean;
    yes?: boolean;
}

export interface Ready {
    progress: Progress;
    tools: Tools;
    settings: ReadySettings;
    program: ProgramArgs;
    /** The Docker engine that has, or gets, the lab's hosts; set for the lab only. */
    engine?: LabEngine;
    /** The lab's hosts there when the command began. */
    hosts: readonly LabHost[];
}

/** Settings are checked before anything is installed or touched. */
export async function ready({ stack, json }: Options): Promise<Ready> {
    const progress = createProgress({ silent: json });
    const { keys, problems } = await registryKeys(stack);
    const { settings, generated, warnings } = await readSettings(stack, problems);
    for (const warning of warnings) progress.note(`Note: ${warning}`);
    if (keys) progress.note("Note: the registry gets the AWS keys that this environment has, for its bucket");
    const engine = settings.hosts === "lab" ? await checkedEngine(stack, generated, progress) : undefined;
    const found = await setup({
        progress,
        needs: settings.hosts === "lab" ? "lab" : "instances",
        repository: settings.repository,
    });
    const tools =
        settings.hosts === "aws" && settings.aws
            ? { ...found, repository: instanceRepository(settings.aws, found.repository) }
            : found;
    if (!tools.images) throw new Error("set-up gave no images of workloads");
    if (tools.plugins === "standins")
        progress.note(
            askedKind() === "standins"
                ? "Stand-ins take the place of Pulumi's plugins, as SKEP_PLUGINS says"
                : "Pulumi's plugin downloads are out of reach: stand-ins for those that Skep uses take their place",
        );
    if (tools.plugins === "real")
        progress.note(
            `Plugins built from Go modules, as SKEP_PLUGINS says: ${BRIDGED.join(", ")}; stand-ins for the others`,
        );
    if (tools.repository.kind === "debian")
        progress.note(
            "Docker's package repository is out of reach: docker-ce comes from Debian's engine packages",
        );
    linkSwarmPlugin(tools);
    if (settings.hosts === "lab") await refuseForeignHosts(stack);
    const hosts = settings.hosts === "lab" ? await settleHosts(stack, progress) : [];
    const complete = await completeSettings(stack, settings, generated, tools);
    const standing = standingPorts(complete, hosts);
    if (settings.hosts === "lab") {
        await refuseTooManyHosts(stack, settings.managers + settings.workers);
        refuseFixed(complete, hosts, await standingSubnet(stack));
        await refuseTakenPorts(stack, complete, standing);
    }
    const { moved } = placementOf(complete);
    if (moved.length > 0) await refuseRiskyMoves(stack, tools, moved);
    return {
        progress,
        tools,
        settings: complete,
        engine,
        hosts,
        program: {
            stack,
            project: projectId(),
            settings: complete,
            images: tools.images,
            repository: tools.repository,
            standing,
            registryKeys: keys,
            remember: (places) => rememberPlacement(stack, places),
        },
    };
}

/** Before images are made on it: the engine that answers, if it is the one that has the stack's hosts. */
async function checkedEngine(stack: string, kept: Generated, progress: Progress): Promise<LabEngine> {
    await ensureDocker(progress);
    return labEngine(stack, { engine: kept.engine, wasUp: kept.settings.placement !== undefined });
}

/**
 * Asks at the terminal of standard input, on standard error, so that results may go to a file; `--yes` answers. A "no" sets
 * the exit code of what is refused. Without a terminal it throws NOT_CONFIRMED.
 */
export async function confirmed(question: string, { yes }: Options): Promise<boolean> {
    if (yes) return true;
    if (!process.stdin.isTTY)
        throw skepError(
            "NOT_CONFIRMED",
            `"${question}" cannot be asked: standard input is no terminal.`,
            "Add --yes.",
        );
    const { createInterface } = await import("node:readline/promises");
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        // Ctrl-C and Ctrl-D close the terminal's lines without an answer.
        const closed = once(terminal, "close").then(() => "");
        const answer = await Promise.race([terminal.question(`${question} [y/N] `).catch(() => ""), closed]);
        if (/^y(es)?$/i.test(answer.trim())) return true;
        process.stderr.write("Nothing was changed.\n");
        process.exitCode = exitCodeOf("NOT_CONFIRMED");
        return false;
    } finally {
        terminal.close();
    }
}
