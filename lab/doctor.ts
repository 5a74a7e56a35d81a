// Looks at this machine, part by part, and says whether it is fit for a lab. It installs, starts and changes nothing.
// planning/fitness.ts says what each thing that is seen means.

import { existsSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { freemem, release, totalmem } from "node:os";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type Docker from "dockerode";
import { withheldOn } from "../components/hosts/capabilities";
import type { Settings } from "../config/settings";
import { SkepError } from "../errors";
import { isRemote } from "../planning/docker-endpoint";
import { negotiatedApi, OLDEST_API } from "../planning/engine-api";
import {
    capabilityFinding,
    diskFinding,
    type Finding,
    fit,
    KERNEL_PARTS,
    type KernelEvidence,
    kernelFinding,
    kernelHas,
    memoryFinding,
    sitesFinding,
    unknown,
    watchesFinding,
} from "../planning/fitness";
import { STACK_LABEL } from "../planning/labels";
import { hasLoopbackProxy, proxiesOf, proxyProblem } from "../planning/proxies";
import { BLOCK_SIZE } from "../planning/ports";
import { cacheFolder } from "../scripts/setup/cache";
import { findDocker } from "../scripts/setup/docker";
import { hasApt } from "../scripts/setup/programs";
import { probeSites } from "../scripts/setup/reachability";
import { dockerEndpoint } from "../providers/runtime/docker";
import { hostsWithin, INOTIFY_LIMIT } from "./capacity";
import { isGateway } from "./hosts";
import { chooseRanges } from "./ranges";
import { type Ranges, reservedNow } from "./reservations";

const KIB = 1024;

/** What an engine says of itself, as far as a lab depends on it. */
export interface EngineFacts {
    endpoint: string;
    version: string;
    api: string;
    isRemote: boolean;
    root: string;
    cgroups: string;
    /** Such as `name=rootless`. */
    security: readonly string[];
    warnings: readonly string[];
    /** Lab hosts that run, by their stack. */
    hosts: readonly string[];
}

/** How a machine is looked at; injected in tests. */
export interface Machine {
    platform: NodeJS.Platform;
    node: string;
    environment: NodeJS.ProcessEnv;
    canInstall: boolean;
    /** The text of a file, unpacked if its name ends with .gz; undefined if it cannot be read. */
    read(path: string): Promise<string | undefined>;
    exists(path: string): boolean;
    memory(): Promise<{ total: number; available: number }>;
    /** The free bytes of the file system with this folder; undefined if it cannot be seen. */
    free(path: string): Promise<number | undefined>;
    /** Undefined if this machine's own engine is not there. Throws if another one is named and does not answer. */
    engine(): Promise<EngineFacts | undefined>;
    /** What a lab with these settings would take. Throws if nothing is free. */
    ranges(stack: string, settings: Settings, file: string): Promise<Required<Ranges>>;
    sites(): Promise<Record<string, boolean>>;
}

/** A part of the machine, and what was found of it. */
export interface NamedFinding extends Finding {
    name: string;
}

/** For which lab a machine should be fit. */
export interface WantedLab {
    stack: string;
    settings: Settings;
    /** The file of the stack's facts. */
    file: string;
}

interface Look {
    name: string;
    /** Set if the look is at this machine's own kernel: elsewhere, that of Docker's virtual machine counts. */
    linux?: true;
    find(machine: Machine, wanted: WantedLab, engine: EngineFacts | undefined): Promise<Finding>;
}

/** The looks at parts of the kernel. They read its files once. */
function kernelLooks(): Look[] {
    let evidence: Promise<KernelEvidence> | undefined;
    return KERNEL_PARTS.map((part) => ({
        name: part.name,
        linux: true,
        find: async (machine) => {
            const isMesh = part.name === "IPVS" && machine.exists("/proc/net/ip_vs");
            const found = await (evidence ??= kernelEvidence(machine));
            return kernelFinding(part, isMesh ? "now" : kernelHas(found, part.option, part.module));
        },
    }));
}

const looks = (): readonly Look[] => [
    { name: "Node", find: ({ node }) => Promise.resolve(fit(`Node.js ${node} runs Skep.`)) },
    { name: "cgroups", linux: true, find: controlGroups },
    { name: "capabilities", linux: true, find: capabilities },
    ...kernelLooks(),
    { name: "memory", find: memory },
    { name: "disk", find: disk },
    { name: "inotify", linux: true, find: watches },
    { name: "ports", find: ports },
    { name: "proxy", find: proxy },
    { name: "sites", find: async (machine) => sitesFinding(await machine.sites()) },
];

/** Looks at every part of the machine, all at once. */
export async function examine(machine: Machine, wanted: WantedLab): Promise<NamedFinding[]> {
    const engine = orFinding(() => machine.engine());
    const [seen, ...found] = await Promise.all([
        engine,
        ...looks().map(async ({ name, linux, find }): Promise<NamedFinding> => {
            if (linux && machine.platform !== "linux")
                return {
                    name,
                    ...unknown("The kernel is that of Docker's virtual machine, and was not looked at."),
                };
            const given = await engine;
            const result = await orFinding(() =>
                find(machine, wanted, "value" in given ? given.value : undefined),
            );
            return { name, ...("value" in result ? result.value : result.finding) };
        }),
    ]);
    const docker = "value" in seen ? dockerFinding(seen.value, machine) : seen.finding;
    return [...found.slice(0, 1), { name: "Docker", ...docker }, ...found.slice(1)];
}

/** The value, or a problem as a finding that keeps a lab from coming up. */
async function orFinding<T>(work: () => Promise<T>): Promise<{ value: T } | { finding: Finding }> {
    try {
        return { value: await work() };
    } catch (error) {
        const [problem] = error instanceof SkepError ? error.problems : [];
        if (!problem) throw error;
        return { finding: { fitness: "unfit", found: problem.problem, mend: problem.advice } };
    }
}

function dockerFinding(engine: EngineFacts | undefined, { canInstall }: Machine): Finding {
    if (engine === undefined)
        return canInstall
            ? fit("No engine runs: up installs and starts Debian's.")
            : {
                  fitness: "unfit",
                  found: "No Docker engine runs on this machine.",
                  mend: "Install and start Docker Engine or Docker Desktop.",
              };
    const { endpoint, version, api, security } = engine;
    const seen = `Docker ${version} answers at ${endpoint}`;
    if (engine.isRemote)
        return {
            fitness: "unfit",
            found: `${seen}, on another machine: a lab's ports would be on that machine's own loopback.`,
            mend: "Run Skep there, or choose this machine's engine with DOCKER_HOST or docker context use.",
        };
    if (negotiatedApi(api) === undefined)
        return {
            fitness: "unfit",
            found: `${seen}, and it speaks API ${api} only.`,
            mend: `Install a newer engine: Skep needs API ${OLDEST_API} or newer.`,
        };
    const confined = ["rootless", "userns"].filter((name) =>
        security.some((option) => option.includes(`name=${name}`)),
    );
    if (confined.length > 0)
        return {
            fitness: "limited",
            found: `${seen} with ${confined.join(" and ")}: lab hosts may not get the privileges that they need.`,
            mend: "Name an engine that runs as root with DOCKER_HOST.",
        };
    return fit(`${seen}.`);
}

async function controlGroups(
    { exists }: Machine,
    _wanted: WantedLab,
    engine: EngineFacts | undefined,
): Promise<Finding> {
    if (!exists("/proc/self/ns/cgroup"))
        return {
            fitness: "unfit",
            found: "The kernel has no namespaces of control groups: systemd does not start in a lab host.",
            mend: "Boot a kernel with CONFIG_CGROUPS and CONFIG_NAMESPACES.",
        };
    if (!engine) return unknown("No engine says which control groups it has.");
    const missing = engine.warnings.filter((warning) => /^WARNING: No (memory|cpu|pids)/i.test(warning));
    if (missing.length === 0) return fit(`Control groups of version ${engine.cgroups}.`);
    return {
        fitness: "limited",
        found: `Limits of services do not hold: ${missing.map((text) => text.replace("WARNING: ", "")).join(", ")}.`,
        mend: "Switch these controllers on in the kernel's command line.",
    };
}

async function capabilities({ read }: Machine): Promise<Finding> {
    const { needed, wished } = withheldOn(await read("/proc/self/status"));
    return capabilityFinding(needed, wished);
}

async function kernelEvidence({ read }: Machine): Promise<KernelEvidence> {
    const folder = `/lib/modules/${release()}`;
    const [loaded, packed, config, builtin, dep] = await Promise.all(
        [
            "/proc/modules",
            "/proc/config.gz",
            `/boot/config-${release()}`,
            `${folder}/modules.builtin`,
            `${folder}/modules.dep`,
        ].map(read),
    );
    const modules = builtin ?? dep;
    return {
        loaded,
        config: packed ?? config,
        ...(modules !== undefined && { modules: `${builtin ?? ""}\n${dep ?? ""}` }),
    };
}

async function memory(machine: Machine): Promise<Finding> {
    const { total, available } = await machine.memory();
    return memoryFinding(total, available);
}

/** The worse one of the cache and the engine's data. */
async function disk(machine: Machine, _wanted: WantedLab, engine: EngineFacts | undefined): Promise<Finding> {
    const isHere = engine && !engine.isRemote && machine.platform === "linux";
    const places = [cacheFolder(), ...(isHere ? [engine.root] : [])];
    const seen = await Promise.all(places.map(async (place) => ({ place, free: await machine.free(place) })));
    const [least] = seen
        .flatMap(({ place, free }) => (free === undefined ? [] : [{ place, free }]))
        .sort((a, b) => a.free - b.free);
    return least ? diskFinding(least.place, least.free) : unknown("The free space cannot be seen.");
}

async function watches(
    { read }: Machine,
    { stack, settings }: WantedLab,
    engine: EngineFacts | undefined,
): Promise<Finding> {
    const text = await read(INOTIFY_LIMIT);
    if (text === undefined) return unknown("The kernel does not say how many lab hosts it lets run.");
    const others = (engine?.hosts ?? []).filter((other) => other !== stack).length;
    const limit = Number(text);
    return watchesFinding(limit, hostsWithin(limit), others, settings.managers + settings.workers);
}

async function ports(
    machine: Machine,
    { stack, settings, file }: WantedLab,
    engine: EngineFacts | undefined,
): Promise<Finding> {
    if (!engine) return unknown("Without an engine, nobody knows which networks are taken.");
    const { labPorts, labSubnet } = await machine.ranges(stack, settings, file);
    return fit(
        `${stack} has or would take the ports ${labPorts} to ${labPorts + BLOCK_SIZE - 1} and ${labSubnet}.`,
    );
}

async function proxy({ environment }: Machine): Promise<Finding> {
    const wrong = proxyProblem(environment);
    if (wrong !== undefined)
        return {
            fitness: "unfit",
            found: `The value of ${wrong} is no HTTP proxy.`,
            mend: `Set ${wrong} to an address that begins with http:// or https://, or unset it.`,
        };
    if (hasLoopbackProxy(environment))
        return {
            fitness: "limited",
            found: "The proxy is on this machine's loopback, where neither hosts nor builds reach it.",
            mend: "Let it listen on an address of this machine, and name that address.",
        };
    const { http_proxy, https_proxy } = proxiesOf(environment);
    return fit(
        http_proxy || https_proxy
            ? "Hosts and builds use the proxy that the environment names."
            : "The environment names none.",
    );
}

/** Looks at the machine on which this process runs. */
export function thisMachine(note: (text: string) => void): Machine {
    const read = async (path: string) => {
        try {
            const content = await readFile(path);
            return (path.endsWith(".gz") ? await promisify(gunzip)(content) : content).toString("utf8");
        } catch {
            // What cannot be read is not seen; the finding says so.
            return undefined;
        }
    };
    return {
        platform: process.platform,
        node: process.versions.node,
        environment: process.env,
        canInstall: hasApt(),
        read,
        exists: existsSync,
        memory: async () => {
            const [, kib] = /^MemAvailable:\s+(\d+) kB$/m.exec((await read("/proc/meminfo")) ?? "") ?? [];
            return { total: totalmem(), available: kib === undefined ? freemem() : Number(kib) * KIB };
        },
        free: (path) =>
            statfs(existing(path)).then(
                ({ bavail, bsize }) => bavail * bsize,
                () => undefined,
            ),
        engine: async () => {
            const docker = await findDocker();
            return docker && engineFacts(docker);
        },
        ranges: async (stack, settings, file) => chooseRanges(stack, settings, await reservedNow(file, note)),
        sites: async () => {
            const { npm, pulumi, plugins, dockerHub, dockerPackages } = await probeSites();
            return {
                "the npm registry": npm,
                "Pulumi's downloads": pulumi,
                "Pulumi's plugins": plugins,
                "Docker Hub": dockerHub,
                "Docker's packages": dockerPackages,
            };
        },
    };
}

/** The folder, or the nearest one above it that exists. */
function existing(path: string): string {
    return existsSync(path) ? path : existing(path.replace(/\/[^/]*$/, "") || "/");
}

async function engineFacts(docker: Docker): Promise<EngineFacts> {
    const [info, version, containers] = await Promise.all([
        docker.info() as Promise<{
            DockerRootDir: string;
            CgroupVersion?: string;
            SecurityOptions?: string[];
            Warnings?: string[] | null;
        }>,
        docker.version(),
        docker.listContainers({ filters: { label: [STACK_LABEL] } }),
    ]);
    const { host } = dockerEndpoint();
    return {
        endpoint: host,
        version: version.Version,
        api: version.ApiVersion,
        isRemote: isRemote({ host }),
        root: info.DockerRootDir,
        cgroups: info.CgroupVersion ?? "1",
        security: info.SecurityOptions ?? [],
        warnings: info.Warnings ?? [],
        hosts: containers.flatMap(({ Labels }) => (isGateway(Labels) ? [] : [Labels[STACK_LABEL] ?? ""])),
    };
}
