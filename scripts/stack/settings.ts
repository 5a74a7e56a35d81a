// A stack's settings: the user's file and what Skep chose once, checked together; and the choosing.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { dirname, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { checkSettings, GENERATED, type Settings } from "../../config";
import { type Problem, SkepError, skepError } from "../../errors";
import { chooseLabSubnet, routedRanges } from "../../planning/addresses";
import { portBlocks } from "../../planning/ports";
import { choosePackages } from "../../planning/versions";
import type { ReadySettings } from "../../program";
import { writeWhole } from "../setup/cache";
import { dockerClient } from "../setup/docker";
import { listPackages } from "../setup/repository";
import type { Tools } from "../setup/tools";
import { generatedFile, settingsFile } from "./folders";
import { packagesFor } from "./instances";

const PREFIX = "skep:";

type Values = Record<string, unknown>;

/** What Skep keeps for a stack beside the generated settings. */
export interface Generated {
    settings: Values;
    /** The kind of plugins that the stack was made with. */
    plugins?: Tools["plugins"];
}

async function readConfig(file: string): Promise<Values> {
    if (!existsSync(file)) return {};
    const document = parse(await readFile(file, "utf8")) as { config?: Values } | null;
    return document?.config ?? {};
}

function withoutPrefix(config: Values): Values {
    return Object.fromEntries(
        Object.entries(config)
            .filter(([key]) => key.startsWith(PREFIX))
            .map(([key, value]) => [key.slice(PREFIX.length), value]),
    );
}

export async function readGenerated(stack: string): Promise<Generated> {
    const { plugins, ...settings } = withoutPrefix(await readConfig(generatedFile(stack)));
    return { settings, plugins: plugins as Generated["plugins"] };
}

/** The stack's settings; all problems at once. A stack other than the default needs a file. */
export async function readSettings(
    stack: string,
): Promise<{ settings: Settings; generated: Generated; warnings: string[] }> {
    const generated = await readGenerated(stack);
    const problems: Problem[] = [];
    if (stack !== "dev" && !existsSync(settingsFile(stack)))
        problems.push({
            id: "STACK_UNKNOWN",
            problem: `There is no stack "${stack}": its settings would be in Pulumi.${stack}.yaml.`,
            advice: `Copy Pulumi.dev.yaml to Pulumi.${stack}.yaml and change what should differ.`,
        });
    const config = withoutPrefix(await readConfig(settingsFile(stack)));
    const checked = checkSettings(stack, { ...generated.settings, ...config });
    problems.push(...checked.problems);
    if (problems.length > 0 || !checked.settings) throw new SkepError(problems);
    return { settings: checked.settings, generated, warnings: checked.warnings };
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
            `Set SKEP_OFFLINE=${generated.plugins === "standins" ? "1" : "0"} to go on as before, or destroy the stack first.`,
        );
    const complete: ReadySettings = {
        ...settings,
        packages: await packages(settings, tools),
        ...(settings.hosts === "lab" && {
            labSubnet: settings.labSubnet ?? (await freeSubnet()),
            labPorts: settings.labPorts ?? (await freePorts(stack)),
        }),
    };
    const kept = Object.fromEntries(
        GENERATED.flatMap((key) => (complete[key] === undefined ? [] : [[PREFIX + key, complete[key]]])),
    );
    const file = generatedFile(stack);
    await mkdir(dirname(file), { recursive: true });
    await writeWhole(file, stringify({ config: { ...kept, [`${PREFIX}plugins`]: tools.plugins } }));
    return complete;
}

export async function forgetGenerated(stack: string): Promise<void> {
    await rm(generatedFile(stack), { force: true });
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

async function freeSubnet(): Promise<string> {
    const networks = await dockerClient().listNetworks();
    const docker = networks.flatMap((network) =>
        (network.IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet?.includes(".") ? [Subnet] : [])),
    );
    const subnet = chooseLabSubnet([...docker, ...(await machineRanges())]);
    if (subnet === undefined)
        throw skepError(
            "LAB_SUBNET",
            "Every subnet that a lab could take is in use on this machine.",
            "Destroy a stack, or set skep:labSubnet to a free /20.",
        );
    return subnet;
}

/** Ranges that this machine's own networks use. Read from the kernel: small systems have no program `ip`. */
async function machineRanges(): Promise<string[]> {
    const own = Object.values(networkInterfaces()).flatMap((addresses) =>
        (addresses ?? []).flatMap(({ family, cidr }) => (family === "IPv4" && cidr ? [cidr] : [])),
    );
    const table = await readFile("/proc/net/route", "utf8").catch(() => "");
    return [...own, ...routedRanges(table)];
}

/** A block in which every port is free and that no other stack of this project has. */
async function freePorts(stack: string): Promise<number> {
    const folder = dirname(generatedFile(stack));
    const others = existsSync(folder) ? await readdir(folder) : [];
    const taken = await Promise.all(
        others.map(async (file) => withoutPrefix(await readConfig(resolve(folder, file))).labPorts),
    );
    for (const base of portBlocks()) {
        if (taken.includes(base)) continue;
        const probes = [0, 10, 50, 100, 110, 199].map((offset) => isFree(base + offset));
        if ((await Promise.all(probes)).every(Boolean)) return base;
    }
    throw skepError(
        "LAB_PORTS",
        "No block of 200 ports between 21000 and 31000 is free on 127.0.0.1.",
        "Destroy a stack, or set skep:labPorts to where a free block begins.",
    );
}

function isFree(port: number): Promise<boolean> {
    return new Promise((done) => {
        const server = createServer();
        server.once("error", () => done(false));
        server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
    });
}
