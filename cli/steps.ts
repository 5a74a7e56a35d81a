// The steps with which every command on a stack begins, in their order: the list first, then what they share, then each of
// them. What a step does in detail is in stack/, lab/ and scripts/setup/.

import type { UserStack } from "../components/user-stacks";
import type { LabEngine, Rotations } from "../config/facts";
import type { ReadySettings, Settings } from "../config/settings";
import { SkepError } from "../errors";
import type { S3Keys } from "../planning/registry-config";
import { userPorts } from "../planning/ports";
import type { ProgramArgs } from "../program";
import type { Progress } from "../scripts/setup/progress";
import { BRIDGED } from "../scripts/setup/bridged";
import { ensureDocker } from "../scripts/setup/docker";
import { askedKind } from "../scripts/setup/plugin-kind";
import { pulumiAlone, setup } from "../scripts/setup/setup";
import type { Tools } from "../scripts/setup/tools";
import { asksForBuilt } from "../planning/package-choice";
import { refuseTooManyHosts } from "../lab/capacity";
import { labEngine, refuseOtherEnvironment } from "../lab/engine";
import { type LabHost, settleHosts } from "../lab/hosts";
import { projectId, refuseForeignHosts } from "../lab/project";
import { gatewayPorts, refuseTakenPorts } from "../lab/ranges";
import { standingPorts, standingSubnet } from "../lab/standing";
import { registryKeys } from "./stack/bucket-keys";
import {
    factsOf,
    findFacts,
    type FoundFacts,
    madeWith,
    refuseLost,
    refuseMixed,
    withoutMissing,
} from "./stack/facts";
import { type Prepared } from "./stack/file";
import { instanceRepository } from "./stack/instance-packages";
import { notPrepared, refuseMissing } from "./stack/prepared";
import { refuseFixed } from "./stack/fixed";
import { loadStacks } from "./stack/stacks";
import {
    chooseRest,
    chosenPackages,
    isChosen,
    readFiles,
    refuseWrongFiles,
    settingsWith,
    type StackFiles,
} from "./stack/settings";
import { refuseEmptyPassphrase } from "./pulumi/passphrase";
import { mayHaveState, StateReader } from "./pulumi/state";
import { linkSwarmPlugin, stateReader } from "./pulumi/workspace";

import { type Options, progressFor, refuseOtherName } from "./options";

/** Who asks: a command that then works on the stack, `skep env`, or the program of the plain `pulumi` command. */
export type Way = "command" | "env" | "plain";

interface Step {
    name: string;
    /** What is true once the step has run. */
    does: string;
    ways: readonly Way[];
    /** Set for a step that only labs need. */
    on?: "lab";
    run(work: Preparation): void | Promise<void>;
}

const ALL: readonly Way[] = ["command", "env", "plain"];
/** These install, start and write. Plain pulumi finds what they left. */
const PREPARING: readonly Way[] = ["command", "env"];
/** These refuse what must not be done to this stack now. `env` changes nothing, so nothing need be refused. */
const REFUSING: readonly Way[] = ["command", "plain"];
const PLAIN: readonly Way[] = ["plain"];

/** The steps in their order. A step that refuses ends the command, so that nothing after it is touched. */
export const STEPS: readonly Step[] = [
    { name: "files", does: "every file of the stack has been read, once", ways: ALL, run: readAll },
    { name: "settings", does: "the user's settings are right in themselves", ways: ALL, run: checkOwn },
    { name: "prepared", does: "a skep command has prepared this stack here", ways: PLAIN, run: findPrepared },
    {
        name: "pulumi",
        does: "the program pulumi is here, to read the state",
        ways: PREPARING,
        run: findPulumi,
    },
    { name: "facts", does: "what was chosen for the stack is known, if it was", ways: ALL, run: readFacts },
    { name: "choices", does: "the settings are possible from where the stack is", ways: ALL, run: checkAll },
    { name: "stacks", does: "the user's own compose files are read and right", ways: ALL, run: readStacks },
    { name: "docker", does: "Docker runs", ways: PREPARING, on: "lab", run: startDocker },
    {
        name: "environment",
        does: "plugins use the same Docker",
        ways: PLAIN,
        on: "lab",
        run: refuseOtherEnvironment,
    },
    { name: "engine", does: "this Docker has the stack's hosts", ways: ALL, on: "lab", run: findEngine },
    { name: "tools", does: "plugins, images and packages are here", ways: PREPARING, run: setUp },
    { name: "plugins", does: "plugins are of the kind that made the stack", ways: ALL, run: checkPlugins },
    {
        name: "owner",
        does: "no other clone has a lab of this name",
        ways: REFUSING,
        on: "lab",
        run: checkOwner,
    },
    { name: "hosts", does: "no host is just being started", ways: REFUSING, on: "lab", run: findHosts },
    { name: "chosen", does: "everything is chosen, and the file has it", ways: PREPARING, run: chooseAll },
    { name: "complete", does: "nothing is left to choose", ways: PLAIN, run: checkChosen },
    {
        name: "machine",
        does: "this machine can run the lab's hosts",
        ways: REFUSING,
        on: "lab",
        run: checkMachine,
    },
];

/**
 * A reader of the stack's state; undefined if the stack cannot have one. Without a state, it is not worth building pulumi
 * before the command's other refusals.
 */
export async function readerOf(stack: string, progress: Progress): Promise<StateReader | undefined> {
    return mayHaveState(stack) ? stateReader(stack, await pulumiAlone(progress)) : undefined;
}

/** A change of how often keys were rotated. */
export type Rotating = (rotations: Rotations) => Rotations;

/** What the steps have found so far. Each field names the step that sets it. */
export class Preparation {
    readonly progress: Progress;
    /** files */
    files!: StackFiles;
    /** settings: the keys of the registry's bucket, if the environment has them */
    keys?: S3Keys;
    /** settings, then choices, then chosen */
    settings!: Settings;
    /** pulumi; undefined if there is no state to read */
    reader?: StateReader;
    /** facts */
    found!: FoundFacts;
    /** stacks */
    stacks: readonly UserStack[] = [];
    /** engine */
    engine?: LabEngine;
    /** tools */
    tools?: Tools;
    /** prepared or tools */
    prepared!: Prepared;
    /** hosts */
    hosts: readonly LabHost[] = [];

    constructor(
        readonly way: Way,
        readonly options: Options,
        /** Changes how often keys were rotated. Default: nothing is rotated. */
        private readonly rotate?: Rotating,
    ) {
        this.progress = progressFor(options);
    }

    get stack(): string {
        return this.options.stack;
    }

    /** Whether the user gives this stack's swarm up. */
    get mayLose(): boolean {
        return this.options.loseSwarm !== undefined;
    }

    /** Shows a note to whoever works on the stack. `env` and plain pulumi are asked for something else. */
    note(text: string): void {
        if (this.way === "command") this.progress.note(text);
    }

    /** The program's arguments, once all steps have run. */
    program(): ProgramArgs {
        const { stack, keys, engine } = this;
        const { images, repository, plugins } = this.prepared;
        const settings = this.settings as ReadySettings;
        const { mayLose } = this;
        return {
            stack,
            project: projectId(),
            // Pulumi would not replace a protected swarm.
            settings: mayLose ? { ...settings, protect: false } : settings,
            images,
            repository,
            standing: standingPorts(this.hosts),
            registryKeys: keys,
            stacks: this.stacks,
            facts: factsOf(settings, {
                plugins,
                engine,
                gateway: gatewayPorts(settings, this.hosts, this.found.facts.gateway, userPorts(this.stacks)),
                rotations: this.rotations(),
            }),
        };
    }

    /** How often keys were rotated, with what this command rotates. */
    private rotations(): Rotations | undefined {
        const { rotations } = this.found.facts;
        return this.rotate ? this.rotate(rotations ?? {}) : rotations;
    }
}

async function readAll(work: Preparation): Promise<void> {
    refuseOtherName(work.options);
    work.files = await readFiles(work.stack);
}

async function checkOwn(work: Preparation): Promise<void> {
    const { keys, problems } = await registryKeys(work.files);
    work.settings = refuseWrongFiles(work.stack, work.files, problems);
    work.keys = keys;
    if (keys) work.note("Note: the registry gets the AWS keys that this environment has, for its bucket");
}

async function findPrepared(work: Preparation): Promise<void> {
    work.prepared = await refuseMissing(work.stack, work.files.kept);
    work.reader = new StateReader(work.stack, "pulumi", {});
}

async function findPulumi(work: Preparation): Promise<void> {
    work.reader = await readerOf(work.stack, work.progress);
}

async function readFacts(work: Preparation): Promise<void> {
    work.found = await findFacts(work.files.kept.facts, work.reader);
    refuseLost(work.stack, work.found);
}

async function checkAll(work: Preparation): Promise<void> {
    const note = await refuseEmptyPassphrase(process.env, work.found.isUp);
    if (note !== undefined) work.note(`Note: ${note}`);
    const { settings, warnings } = settingsWith(work.stack, work.files, work.found.facts);
    refuseFixed(work.stack, settings, work.found.fixed, work.mayLose);
    const packages = chosenPackages(settings, work.found.facts, work.files.kept.facts);
    work.settings = { ...settings, packages };
    for (const warning of warnings) work.note(`Note: ${warning}`);
}

async function readStacks(work: Preparation): Promise<void> {
    const { stacks, problems, notes } = await loadStacks(work.settings);
    for (const note of notes) work.note(`Note: ${note}`);
    if (stacks.length > 0 && process.env.DOCKER_CONTENT_TRUST)
        work.note(
            "Note: DOCKER_CONTENT_TRUST checks nothing in a swarm, and docker 29 no longer knows it; services run by the digests of their images",
        );
    if (problems.length > 0) throw new SkepError(problems);
    work.stacks = stacks;
}

async function startDocker(work: Preparation): Promise<void> {
    await ensureDocker(work.progress);
}

async function findEngine(work: Preparation): Promise<void> {
    const { engine, placement } = work.found.facts;
    work.engine = await labEngine(work.stack, { engine, wasUp: placement !== undefined });
}

async function setUp(work: Preparation): Promise<void> {
    const { hosts, aws, repository: mirror, dockerVersion, packages } = work.settings;
    const found = await setup({
        progress: work.progress,
        needs: hosts === "lab" ? "lab" : "instances",
        repository: {
            mirror,
            mounted: work.found.fixed.packages,
            withBuilt: asksForBuilt(packages?.docker ?? dockerVersion),
        },
        ...(work.way === "env" && { made: madeWith(work.found.facts) }),
    });
    const repository = hosts === "aws" && aws ? instanceRepository(aws, found.repository) : found.repository;
    if (!found.images) throw new Error("set-up gave no images of workloads");
    work.tools = { ...found, repository };
    const { images, plugins, swarmPlugin } = found;
    work.prepared = { images, repository, plugins, swarmPlugin };
    linkSwarmPlugin(found);
    tellOfTools(work, work.tools);
}

function tellOfTools(work: Preparation, { plugins, repository }: Tools): void {
    if (plugins === "standins")
        work.note(
            askedKind() === "standins"
                ? "Stand-ins take the place of Pulumi's plugins, as SKEP_PLUGINS says"
                : "Pulumi's plugin downloads are out of reach: stand-ins for those that Skep uses take their place",
        );
    if (plugins === "real")
        work.note(
            `Plugins built from Go modules, as SKEP_PLUGINS says: ${BRIDGED.join(", ")}; stand-ins for the others`,
        );
    if (repository.kind === "debian")
        work.note(
            "Docker's package repository is out of reach: docker-ce comes from Debian's engine packages",
        );
}

function checkPlugins(work: Preparation): void {
    refuseMixed(work.stack, work.found.facts, work.prepared.plugins);
}

async function checkOwner(work: Preparation): Promise<void> {
    await refuseForeignHosts(work.stack);
}

async function findHosts(work: Preparation): Promise<void> {
    work.hosts = await settleHosts(work.stack, work.progress);
}

async function chooseAll(work: Preparation): Promise<void> {
    const { stack, files, found, prepared } = work;
    const { plugins } = prepared;
    const before = found.facts.packages;
    const keep = ({ packages: chosen, labSubnet, labPorts, protect }: ReadySettings) => {
        // A preview of other versions must not decide what a later up takes. Each up that begins writes its own choice.
        const isPreview = work.way === "command" && found.isUp;
        const packages = isPreview ? (files.kept.facts.packages ?? before) : chosen;
        // An up settles where the registry is and which Docker runs the lab. Until then, both may change.
        const facts = withoutMissing({ ...found.facts, packages, labSubnet, labPorts, protect, plugins });
        return files.kept.keep({ facts, prepared });
    };
    const note = (text: string) => work.note(text);
    const settings = protectedSettings(work);
    work.settings = await chooseRest(stack, settings, prepared.repository, note, keep, before);
}

/** The settings, with protection for a new stack whose hosts cost money. A standing stack stays as it was made. */
function protectedSettings({ settings, found }: Preparation): Settings {
    if (settings.protect !== undefined || settings.hosts === "lab" || found.isUp) return settings;
    return { ...settings, protect: true };
}

function checkChosen(work: Preparation): void {
    if (!isChosen(work.settings)) throw notPrepared(work.stack, "not everything is chosen for it yet");
}

async function checkMachine(work: Preparation): Promise<void> {
    const { stack, settings, hosts, found } = work;
    await refuseTooManyHosts(stack, settings.managers + settings.workers);
    // The state may have lost the network; the engine still has it.
    refuseFixed(stack, settings, { labSubnet: await standingSubnet(stack) });
    await refuseTakenPorts(stack, settings, hosts, found.facts.gateway, userPorts(work.stacks));
}
