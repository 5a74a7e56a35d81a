// Gathers what helps to find a fault, as the texts of a bundle. It only reads, and goes on without what does not answer.

import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { readConfig, type Values } from "../../config/file";
import { outputFile, PROJECT, pulumiConfigFile, settingsFile } from "../../config/folders";
import { SkepError } from "../../errors";
import type { SwarmNode, SwarmService, SwarmTask } from "../../planning/engine-api";
import { reasonOf } from "../../planning/sentence";
import { renderHostScript } from "../../planning/shell";
import { hostScript } from "../../swarm/scripts";
import type { Swarm } from "../../swarm/swarm";
import type { Host } from "../../swarm/host";
import type { Standing, StandingHost } from "../stack/standing";
import type { StateReader } from "../pulumi/state";

/** A host has this many milliseconds to print its part. */
const HOST_MS = 90_000;
const INDENT = 2;

/** Texts by their names in the bundle, and what did not answer. */
export interface Gathered {
    files: Map<string, string>;
    /** A sentence each. */
    missing: string[];
    /** Values that must not be in any of the texts. */
    secrets: string[];
}

/** What is known without any host: versions, settings, the resources of the state, and Skep's own last output. */
export async function gatherHere(stack: string, reader: StateReader | undefined): Promise<Gathered> {
    const files = new Map<string, string>();
    const { version } = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8")) as {
        version: string;
    };
    const versions = {
        skep: version,
        node: process.version,
        system: `${process.platform} ${release()} ${process.arch}`,
    };
    files.set("versions.json", json(versions));
    files.set("settings.yaml", stringify(withoutSecrets(await readConfig(settingsFile(stack)))));
    files.set("pulumi-settings.yaml", stringify(withoutSecrets(await readConfig(pulumiConfigFile(stack)))));
    files.set(
        "last-output.log",
        await readFile(outputFile(stack), "utf8").catch(() => "no command is recorded\n"),
    );
    const state = await reader?.state();
    const resources = (state?.resources ?? []).map(({ type, urn, id }) => ({ type, urn, id }));
    files.set("resources.json", json({ pending: state?.hasPending ?? false, resources }));
    return { files, missing: [], secrets: await ownSecrets(reader) };
}

/** The settings with the text [secret] in place of each that Pulumi keeps encrypted. */
function withoutSecrets(settings: Values): Values {
    const isSecret = (value: unknown) => typeof value === "object" && value !== null && "secure" in value;
    return Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [key, isSecret(value) ? "[secret]" : value]),
    );
}

/** Secrets of the stack's state, and those that this process was given. */
async function ownSecrets(reader: StateReader | undefined): Promise<string[]> {
    const names = /PASSPHRASE$|PASSWORD|SECRET|TOKEN$/;
    const given = Object.entries(process.env).flatMap(([name, value]) =>
        names.test(name) && value ? [value] : [],
    );
    const passphrase = await reader?.passphrase();
    return [...given, ...(passphrase ? [passphrase] : []), ...((await reader?.secrets()) ?? [])];
}

/** Adds what the hosts and one manager of a standing swarm say. */
export async function gatherThere({ files, missing, secrets }: Gathered, standing: Standing): Promise<void> {
    const { outputs, swarm, hosts } = standing;
    const { nodes, clusterId, publish, sample, registry } = outputs;
    files.set("stack.json", json({ nodes, clusterId, publish, sample, registry }));
    secrets.push(...(outputs.formerUnlockKeys ?? []));
    secrets.push(outputs.unlockKey, outputs.registryPassword, outputs.clientKey, outputs.ssh.privateKey);
    await Promise.all([
        orMissing(missing, "The swarm", async () => {
            for (const [name, value] of Object.entries(await swarmState(swarm, secrets)))
                files.set(`swarm/${name}.json`, json(value));
        }),
        ...hosts.map((host) =>
            orMissing(missing, host.name, async () => {
                for (const [name, text] of await hostParts(host, standing))
                    files.set(`hosts/${host.name}/${name}`, text);
            }),
        ),
        ...hosts.map(({ name, host }) =>
            orMissing(missing, `The engine of ${name}`, async () => {
                files.set(`hosts/${name}/membership.json`, json(await membershipOf(host)));
            }),
        ),
    ]);
}

async function orMissing(missing: string[], who: string, work: () => Promise<void>): Promise<void> {
    try {
        await work();
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        missing.push(`${who}: ${reasonOf(error)}.`);
    }
}

/** Without the addresses of the others: those are in the swarm's own part. */
async function membershipOf(host: Host) {
    const { state, nodeId, isManager, clusterId, hostname } = await host.membership();
    return { state, nodeId, isManager, clusterId, hostname };
}

/** The parts that the host's script prints, by their names. */
async function hostParts({ name, host }: StandingHost, { ctx }: Standing): Promise<Map<string, string>> {
    const stdin = renderHostScript(hostScript("support"), {});
    // Not as other scripts run: it takes no lock, so a host that another command holds is looked at as well.
    const { stdout, stderr } = await host.exec("sudo -n sh", {
        stdin,
        timeoutMs: HOST_MS,
        signal: ctx.signal,
    });
    const parts = stdout.split(/^=== (.+)\n/m);
    const found = new Map<string, string>();
    for (let i = 1; i + 1 < parts.length; i += 2)
        found.set(`${parts[i]}${parts[i]?.includes(".") ? "" : ".txt"}`, parts[i + 1] ?? "");
    if (found.size === 0) found.set("nothing.txt", `The script of ${name} printed nothing.\n${stderr}`);
    return found;
}

/** What a manager says, without what users may keep secrets in: environments, arguments, labels of services. */
async function swarmState(swarm: Swarm, secrets: string[]): Promise<Record<string, unknown>> {
    const [{ JoinTokens, ...info }, nodes, services, tasks, unlockKey] = await Promise.all([
        swarm.inspect(),
        swarm.members(),
        swarm.services({}),
        swarm.tasks({}),
        swarm.unlockKey(),
    ]);
    secrets.push(unlockKey, ...Object.values(JoinTokens ?? {}));
    return {
        swarm: { ID: info.ID, Version: info.Version, CreatedAt: info.CreatedAt, Spec: info.Spec },
        nodes: nodes.map(nodeState),
        services: services.map(serviceState),
        tasks: tasks.map(taskState),
    };
}

function nodeState({ ID, Version, Spec, Description, Status, ManagerStatus }: SwarmNode) {
    const { Hostname, Platform, Engine } = Description ?? {};
    const description = { Hostname, Platform, EngineVersion: Engine?.EngineVersion };
    return { ID, Version, Spec, Description: description, Status, ManagerStatus };
}

function serviceState({ ID, Version, Spec, UpdateStatus }: SwarmService) {
    const { Name, Mode, UpdateConfig, RollbackConfig, EndpointSpec, TaskTemplate } = Spec;
    const { ContainerSpec, Placement, Resources, RestartPolicy, ForceUpdate } = TaskTemplate;
    return {
        ...{ ID, Version, Name, Mode, UpdateConfig, RollbackConfig, EndpointSpec, UpdateStatus },
        ...{ Image: ContainerSpec?.Image, Placement, Resources, RestartPolicy, ForceUpdate },
    };
}

function taskState({ ID, ServiceID, Slot, NodeID, DesiredState, Status, Spec }: SwarmTask) {
    return { ID, ServiceID, Slot, NodeID, DesiredState, Status, Image: Spec?.ContainerSpec?.Image };
}

function json(value: unknown): string {
    return `${JSON.stringify(value, undefined, INDENT)}\n`;
}
