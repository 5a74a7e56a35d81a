// A stack's settings: checks the user's file and the facts together, and chooses what is left to choose for a new stack.
// lab/ranges.ts chooses what a lab may take from this machine.

import { existsSync } from "node:fs";
import { checkSettings, type ReadySettings, type Settings } from "../../config/settings";
import { checkStackName } from "../../config/stack-name";
import { chosenSettings, type Facts } from "../../config/facts";
import { lostKeys, misplacedKeys, ownSettings, PREFIX, readConfig, type Values } from "../../config/file";
import { pulumiConfigFile, settingsFile, stackFile } from "../../config/folders";
import { LOG_TOKEN, logTokenProblems } from "../../config/engine";
import { KEY_SETTINGS } from "../../config/registry";
import { LOGINS, secretProblems, SECRETS } from "../../config/stacks";
import { formatProblem, type Problem, SkepError } from "../../errors";
import { chooseRanges } from "../../lab/ranges";
import { isReserved, reserving } from "../../lab/reservations";
import { pairProblems } from "../../planning/engine-pairs";
import { type Asked, choiceWarnings, choosePackages, isStillAsked } from "../../planning/package-choice";
import { SYSTEMS } from "../../planning/systems";
import { type DockerRepository, listPackages } from "../../scripts/setup/repository";
import type { FoundFacts } from "./facts";
import { StackFile } from "./file";
import { packagesFor } from "./instance-packages";

/** A stack's files, as they were when the command began. */
export interface StackFiles {
    /** The user's settings, by full key. */
    settings: Values;
    /** Pulumi's own settings of the stack, by full key: secret ones, and those that were put there by mistake. */
    pulumi: Values;
    kept: StackFile;
}

/** Reads all files of a stack. Throws CONFIG_FILE if one cannot be read. */
export async function readFiles(stack: string): Promise<StackFiles> {
    const [settings, pulumi, kept] = await Promise.all([
        readConfig(settingsFile(stack)),
        readConfig(pulumiConfigFile(stack)),
        StackFile.read(stack),
    ]);
    return { settings, pulumi, kept };
}

/**
 * Refuses what is wrong with the user's files, whatever was chosen for the stack. Shows `known` problems with the rest.
 */
export function refuseWrongFiles(
    stack: string,
    { settings, pulumi }: StackFiles,
    known: readonly Problem[],
): Settings {
    const checked = checkSettings(stack, ownSettings(settings));
    const problems = [
        ...unknownStack(stack),
        ...lostKeys(settings),
        ...misplacedKeys(
            pulumi,
            [...Object.values(KEY_SETTINGS), LOG_TOKEN, SECRETS, LOGINS],
            settingsFile(stack),
        ),
        ...checked.problems,
        ...(checked.settings ? logTokenProblems(checked.settings.engine, pulumi[PREFIX + LOG_TOKEN]) : []),
        ...(checked.settings ? secretProblems(checked.settings.stacks, pulumi) : []),
        ...known,
    ];
    if (problems.length > 0 || !checked.settings) throw new SkepError(problems);
    return checked.settings;
}

/** The user's settings together with the facts. Refuses settings that the stack cannot follow from where it is. */
export function settingsWith(
    stack: string,
    { settings }: StackFiles,
    facts: Facts,
): { settings: Settings; warnings: string[] } {
    const checked = checkSettings(stack, { ...chosenSettings(facts), ...ownSettings(settings) });
    if (checked.problems.length > 0 || !checked.settings) throw new SkepError(checked.problems);
    return { settings: checked.settings, warnings: checked.warnings };
}

/** Problems of a name that no stack can have, or that no stack has: every stack but the default needs a settings file. */
export function unknownStack(stack: string): Problem[] {
    const unusable = checkStackName(stack);
    if (unusable.length > 0 || stack === "dev" || existsSync(settingsFile(stack))) return unusable;
    return [
        {
            id: "STACK_UNKNOWN",
            problem: `There is no stack "${stack}": its settings would be in Pulumi.${stack}.yaml.`,
            advice: `Copy Pulumi.dev.yaml to Pulumi.${stack}.yaml and change what should differ.`,
        },
    ];
}

/**
 * The kind of a stack's hosts. To destroy them a command needs nothing else, whatever is wrong with the settings. Refuses
 * a name that no stack has, unless the command is for `orphaned` hosts of another copy of the project.
 */
export async function hostsOf(
    stack: string,
    { facts, from, isUp }: FoundFacts,
    orphaned = false,
): Promise<Settings["hosts"]> {
    const isKnown = orphaned || isUp || from !== "nowhere";
    const problems = isKnown ? checkStackName(stack) : unknownStack(stack);
    if (problems.length > 0) throw new SkepError(problems);
    const { hosts } = ownSettings(await readConfig(settingsFile(stack)).catch(() => ({})));
    if (hosts === "lab" || hosts === "aws") return hosts;
    return from === "nowhere" || facts.labSubnet !== undefined ? "lab" : "aws";
}

/**
 * Chooses what is not chosen yet for the stack. `keep` writes the choice, before another lab on this machine can choose
 * the same. `note` tells the user what else was found. `before` are the packages that the stack's hosts have now.
 */
export async function chooseRest(
    stack: string,
    settings: Settings,
    repository: DockerRepository,
    note: (text: string) => void,
    keep: (chosen: ReadySettings) => Promise<void>,
    before?: ReadySettings["packages"],
): Promise<ReadySettings> {
    const found = { ...settings, packages: await packages(settings, repository, note, before) };
    const kept = async (chosen: ReadySettings) => {
        await keep(chosen);
        return chosen;
    };
    const { hosts, labSubnet, labPorts } = settings;
    const isChosen = labSubnet !== undefined && labPorts !== undefined && isReserved(stackFile(stack));
    if (hosts !== "lab" || isChosen) return kept(found);
    return reserving(stackFile(stack), note, async (reserved) =>
        kept({ ...found, ...(await chooseRanges(stack, settings, reserved)) }),
    );
}

/** Whether everything that the program needs is chosen. */
export function isChosen(settings: Settings): settings is ReadySettings {
    const { hosts, packages: chosen, labSubnet, labPorts } = settings;
    return chosen !== undefined && (hosts !== "lab" || (labSubnet !== undefined && labPorts !== undefined));
}

/**
 * The packages that were chosen for what the settings ask now; undefined if none were. An up that did not end may have
 * chosen some that the state does not have yet: those that `kept` has from it count, so that the next up goes on with them.
 */
export function chosenPackages(settings: Settings, facts: Facts, kept: Facts): Settings["packages"] {
    return [facts.packages, kept.packages].find(
        (each) => each && isStillAsked(each.asked, askedOf(settings)),
    );
}

function askedOf({ dockerVersion, containerdVersion }: Settings): Asked {
    return { docker: dockerVersion, containerd: containerdVersion };
}

/**
 * The packages that were chosen for the stack, so that new ones in the repository change nothing. Else those for what is
 * asked. `before` are those that its hosts have now, if they have some.
 */
async function packages(
    settings: Settings,
    repository: DockerRepository,
    note: (text: string) => void,
    before?: ReadySettings["packages"],
): Promise<ReadySettings["packages"]> {
    const kept = settings.packages;
    const chosen = kept ?? (await choose(settings, repository));
    const warnings = choiceWarnings(chosen, kept === undefined, Date.now());
    if (kept === undefined && before) warnings.push(...pairProblems([before.docker, chosen.docker]));
    for (const warning of warnings) note(`Note: ${formatProblem(warning)}`);
    return chosen;
}

async function choose(settings: Settings, repository: DockerRepository): Promise<ReadySettings["packages"]> {
    const { system, architecture } = packagesFor(settings);
    const available = await listPackages(repository, SYSTEMS[system].suite, architecture);
    const offer = { available, system, built: repository.kind === "debian" };
    const { choice, problems } = choosePackages(offer, askedOf(settings));
    if (choice === undefined) throw new SkepError(problems);
    return choice;
}
