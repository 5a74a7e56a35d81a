// A stack's settings: the user's file and what Skep chose once, checked together. What of this machine a lab may take is
// chosen in ranges.ts.

import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import {
    checkSettings,
    checkStackName,
    GENERATED,
    type ReadySettings,
    type Settings,
} from "../../config/settings";
import { type Problem, SkepError, skepError } from "../../errors";
import { placementOf } from "../../planning/zone-moves";
import type { Places } from "../../planning/placement";
import { chooseRegistryHosts } from "../../planning/registry-hosts";
import { KEY_SETTINGS } from "../../config/registry";
import { choosePackages } from "../../planning/versions";
import { writeWhole } from "../../scripts/setup/cache";
import { listPackages } from "../../scripts/setup/repository";
import { PLUGIN_KINDS, type PluginKind, type Tools } from "../../scripts/setup/tools";
import { lostKeys, misplacedKeys, ownSettings, PREFIX, readConfig, type Values } from "../../config/file";
import type { LabEngine } from "../../lab/engine";
import { engineConfigFile, generatedFile, settingsFile } from "../../config/folders";
import { packagesFor } from "./instance-packages";
import { chooseRanges } from "../../lab/ranges";
import { forgetReservation, isReserved, reserving } from "../../lab/reservations";

/** What Skep keeps for a stack beside the generated settings. */
export interface Generated {
    settings: Values;
    /** The kind of plugins that the stack was made with. */
    plugins?: PluginKind;
    /** The Docker engine that has the lab's hosts. */
    engine?: LabEngine;
}

/** What Skep chose for the stack and keeps. */
export async function readGenerated(stack: string): Promise<Generated> {
    const { plugins, engine, ...settings } = ownSettings(await readConfig(generatedFile(stack)));
    return {
        settings,
        plugins: PLUGIN_KINDS.find((kind) => kind === plugins),
        engine: engine as Generated["engine"],
    };
}

/** The stack's settings; all problems at once, `known` ones included. A stack other than the default needs a file. */
export async function readSettings(
    stack: string,
    known: readonly Problem[] = [],
): Promise<{ settings: Settings; generated: Generated; warnings: string[] }> {
    const generated = await readGenerated(stack);
    const problems = unknownStack(stack);
    const config = await readConfig(settingsFile(stack));
    const checked = checkSettings(stack, { ...generated.settings, ...ownSettings(config) });
    const engineConfig = await readConfig(engineConfigFile(stack));
    problems.push(
        ...lostKeys(config),
        ...misplacedKeys(engineConfig, Object.values(KEY_SETTINGS), settingsFile(stack)),
        ...checked.problems,
        ...known,
    );
    if (problems.length > 0 || !checked.settings) throw new SkepError(problems);
    return { settings: checked.settings, generated, warnings: checked.warnings };
}

/**
 * Where a stack's hosts come from, which is all that it takes to destroy them: whatever is wrong with the settings, and
 * also without their file where Skep has kept what it chose, or for `orphaned` hosts of another copy of the project.
 */
export async function hostsOf(stack: string, orphaned = false): Promise<Settings["hosts"]> {
    const isKept = existsSync(generatedFile(stack));
    const problems = [...checkStackName(stack), ...(isKept || orphaned ? [] : unknownStack(stack))];
    if (problems.length > 0) throw new SkepError(problems);
    const { hosts } = ownSettings(await readConfig(settingsFile(stack)).catch(() => ({})));
    if (hosts === "lab" || hosts === "aws") return hosts;
    return isKept && !("labSubnet" in (await readGenerated(stack)).settings) ? "aws" : "lab";
}

function unknownStack(stack: string): Problem[] {
    if (stack === "dev" || existsSync(settingsFile(stack))) return [];
    return [
        {
            id: "STACK_UNKNOWN",
            problem: `There is no stack "${stack}": its settings would be in Pulumi.${stack}.yaml.`,
            advice: `Copy Pulumi.dev.yaml to Pulumi.${stack}.yaml and change what should differ.`,
        },
    ];
}

/** Chooses what the stack has not chosen yet, and keeps it. */
export async function completeSettings(
    stack: string,
    settings: Settings,
    generated: Generated,
    tools: Tools,
): Promise<ReadySettings> {
    if (generated.plugins !== undefined && generated.plugins !== tools.plugins)
        throw skepError(
            "PLUGINS_MIXED",
            `The stack "${stack}" was made with ${generated.plugins} plugins, and this machine now has ${tools.plugins} ones.`,
            `Set SKEP_PLUGINS=${generated.plugins} to go on as before, or destroy the stack first.`,
        );
    const found = { ...settings, packages: await packages(settings, tools) };
    const keep = async (complete: ReadySettings) => {
        const kept = GENERATED.flatMap((key) => (complete[key] === undefined ? [] : [[key, complete[key]]]));
        const { engine } = generated;
        await writeGenerated(stack, { settings: Object.fromEntries(kept), plugins: tools.plugins, engine });
        return complete;
    };
    const { hosts, labSubnet, labPorts } = settings;
    const isChosen = labSubnet !== undefined && labPorts !== undefined && isReserved(generatedFile(stack));
    if (hosts !== "lab" || isChosen) return keep(found);
    return reserving(generatedFile(stack), async (reserved) =>
        keep({ ...found, ...(await chooseRanges(stack, settings, reserved)) }),
    );
}

async function writeGenerated(stack: string, { settings, plugins, engine }: Generated): Promise<void> {
    const file = generatedFile(stack);
    const values = { ...settings, plugins, ...(engine && { engine }) };
    const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [PREFIX + key, value]));
    await mkdir(dirname(file), { recursive: true });
    await writeWhole(file, stringify({ config }));
}

/** Keeps where the hosts stand, which later placements begin with. */
export async function rememberPlacement(stack: string, placement: Places): Promise<void> {
    const generated = await readGenerated(stack);
    if (isDeepStrictEqual(generated.settings.placement, placement)) return;
    await writeGenerated(stack, { ...generated, settings: { ...generated.settings, placement } });
}

/**
 * Keeps, once an up begins, where the registry is, since later ones move it only where they must, and which engine has
 * the lab's hosts.
 */
export async function keepForUp(stack: string, settings: Settings, engine?: LabEngine): Promise<void> {
    const { hosts } = placementOf(settings);
    const registryHosts = chooseRegistryHosts(hosts, settings.registry.replicas, settings.registryHosts);
    const generated = await readGenerated(stack);
    await writeGenerated(stack, { ...generated, settings: { ...generated.settings, registryHosts }, engine });
}

/** Forgets what was chosen, once the stack is gone. */
export async function forgetGenerated(stack: string): Promise<void> {
    await rm(generatedFile(stack), { force: true });
    await forgetReservation(generatedFile(stack));
}

/** The recorded packages, so that the repository's later news change nothing; else the newest of what is asked. */
async function packages(settings: Settings, tools: Tools): Promise<ReadySettings["packages"]> {
    const asked = `${settings.dockerVersion} ${settings.containerdVersion}`;
    if (settings.packages?.asked === asked) return settings.packages;
    if (settings.packages !== undefined)
        throw skepError(
            "VERSION_CHANGE",
            `The stack's engines were installed for docker and containerd ${settings.packages.asked}, and ${asked} is asked now.`,
            "Changing the engines of a running swarm is not built yet: set the versions back, or destroy the stack and bring it up anew.",
        );
    const { suite, architecture } = packagesFor(settings);
    const { choice, problems } = choosePackages(
        await listPackages(tools.repository, suite, architecture),
        settings.dockerVersion,
        settings.containerdVersion,
    );
    if (choice === undefined) throw new SkepError(problems);
    return { asked, ...choice };
}
