// What a lab takes from this machine, chosen once: a subnet for its network and a block of ports on 127.0.0.1.

import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../config/settings";
import { skepError } from "../errors";
import { chooseLabSubnet, routedRanges } from "../planning/addresses";
import { placementOf } from "../planning/zone-moves";
import {
    BLOCK_SIZE,
    gatewayPlaces,
    type GatewayPort,
    type StackPort,
    hostPorts,
    planGateway,
    portBlocks,
    publishedPorts,
    stackPorts,
} from "../planning/ports";
import { dockerClient } from "../scripts/setup/docker";
import { labGateway, type LabHost, labHosts } from "./hosts";
import type { Ranges, Reserved } from "./reservations";
import { standingPorts, standingSubnet } from "./standing";

/** How long Docker's proxy may hold a port of a host that is being restarted. */
const PROXY_MILLISECONDS = 3_000;
const POLL_MILLISECONDS = 200;

/**
 * Takes the ranges from the settings; else those chosen before; else those that the lab has, if its file was lost; else
 * some that neither another lab nor anything else has.
 */
export async function chooseRanges(
    stack: string,
    settings: Settings,
    { own, others }: Reserved,
): Promise<Required<Ranges>> {
    return {
        labSubnet:
            settings.labSubnet ??
            own.labSubnet ??
            (await standingSubnet(stack)) ??
            (await freeSubnet(others)),
        labPorts: settings.labPorts ?? own.labPorts ?? (await freePorts(settings, others)),
    };
}

async function freeSubnet(others: readonly Ranges[]): Promise<string> {
    const networks = await dockerClient().listNetworks();
    const docker = networks.flatMap((network) =>
        (network.IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet?.includes(".") ? [Subnet] : [])),
    );
    const reserved = others.flatMap(({ labSubnet }) => labSubnet ?? []);
    const subnet = chooseLabSubnet([...docker, ...reserved, ...(await machineRanges())]);
    if (subnet === undefined)
        throw skepError(
            "LAB_SUBNET",
            "Every subnet that a lab could take is in use on this machine.",
            "Destroy a stack, or set skep:labSubnet to a free /20.",
        );
    return subnet;
}

/** The ranges of this machine's own networks. Read from the kernel, because small systems have no program `ip`. */
async function machineRanges(): Promise<string[]> {
    const own = Object.values(networkInterfaces()).flatMap((addresses) =>
        (addresses ?? []).flatMap(({ family, cidr }) => (family === "IPv4" && cidr ? [cidr] : [])),
    );
    const table = await readFile("/proc/net/route", "utf8").catch(() => "");
    return [...own, ...routedRanges(table)];
}

/** The first port of a block that no other lab has and in which all ports that the lab needs are free. */
async function freePorts(settings: Settings, others: readonly Ranges[]): Promise<number> {
    const taken = others.flatMap(({ labPorts }) => labPorts ?? []);
    for (const base of portBlocks()) {
        if (taken.some((other) => Math.abs(other - base) < BLOCK_SIZE)) continue;
        const probes = labPlaces({ ...settings, labPorts: base }, []).map(isFree);
        if ((await Promise.all(probes)).every(Boolean)) return base;
    }
    throw skepError(
        "LAB_PORTS",
        "No block of 200 ports between 21000 and 31000 is free on 127.0.0.1.",
        "Destroy a stack, or set skep:labPorts to where a free block begins.",
    );
}

/**
 * Where the gateway publishes the ports of swarm stacks, beside these hosts that stand. What it published `before` stays
 * where it is possible; `users` are the ports of the user's own stacks. Undefined for hosts elsewhere, and as long as the
 * lab's block is not chosen.
 */
export function gatewayPorts(
    settings: Settings,
    hosts: readonly LabHost[],
    before?: readonly GatewayPort[],
    users: readonly StackPort[] = [],
): GatewayPort[] | undefined {
    if (settings.hosts !== "lab" || settings.labPorts === undefined) return undefined;
    return planGateway({
        base: settings.labPorts,
        published: [...stackPorts(settings), ...users],
        hosts: placementOf(settings).hosts.map(({ name }) => name),
        taken: hosts.flatMap(({ published }) => published.map(({ external }) => external)),
        before,
    });
}

/** All ports on 127.0.0.1 that the lab's hosts and its gateway publish; none as long as its block is not chosen. */
function labPlaces(
    settings: Settings,
    hosts: readonly LabHost[],
    before?: readonly GatewayPort[],
    users?: readonly StackPort[],
): number[] {
    const { labPorts } = settings;
    if (labPorts === undefined) return [];
    const standing = standingPorts(hosts);
    const published = placementOf(settings).hosts.flatMap(
        (host) => standing[host.name] ?? publishedPorts(hostPorts(labPorts, host)),
    );
    const gateway = gatewayPorts(settings, hosts, before, users) ?? [];
    return [...published.map(({ external }) => external), ...gatewayPlaces(gateway)];
}

/**
 * Throws LAB_PORTS_TAKEN, before anything is created or started, if another program has a port that one of the lab's
 * hosts or its gateway needs.
 */
export async function refuseTakenPorts(
    stack: string,
    settings: Settings,
    hosts: readonly LabHost[],
    before?: readonly GatewayPort[],
    users?: readonly StackPort[],
): Promise<void> {
    const wanted = labPlaces(settings, hosts, before, users);
    const end = Date.now() + PROXY_MILLISECONDS;
    let taken = await takenPorts(stack, wanted);
    // A host that is being restarted has released its ports, but Docker's proxy may still hold them.
    while (taken.length > 0 && Date.now() < end) {
        await sleep(POLL_MILLISECONDS);
        taken = await takenPorts(stack, wanted);
    }
    if (taken.length === 0) return;
    const [first] = taken;
    throw skepError(
        "LAB_PORTS_TAKEN",
        `The lab publishes ${taken.length === 1 ? `port ${first}` : `the ports ${taken.join(", ")}`} on 127.0.0.1, and another program has ${taken.length === 1 ? "it" : "them"}.`,
        `See which with ss -ltnp 'sport = :${first}' and end it, or set skep:labPorts to where a free block of ${BLOCK_SIZE} begins.`,
    );
}

/** The wanted ports on 127.0.0.1 that are not free and that no running container of the stack has. */
async function takenPorts(stack: string, wanted: readonly number[]): Promise<number[]> {
    const gateway = await labGateway(stack);
    const all = [...(await labHosts(stack)), ...(gateway ? [gateway] : [])];
    const running = all.filter(({ state }) => state === "running" || state === "paused");
    const own = new Set(running.flatMap(({ published }) => published.map(({ external }) => external)));
    const asked = wanted.filter((port) => !own.has(port));
    const free = await Promise.all(asked.map(isFree));
    return asked.filter((_port, index) => !free[index]);
}

function isFree(port: number): Promise<boolean> {
    return new Promise((done) => {
        const server = createServer();
        server.once("error", () => done(false));
        server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
    });
}
