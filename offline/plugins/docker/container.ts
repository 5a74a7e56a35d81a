// docker.Container: made with its files and networks, or not at all.
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerInspectInfo } from "dockerode";
import type { Context, Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import {
    checkContainer,
    COMPUTED,
    DEFAULTS,
    INPUTS,
    REPLACING_INPUTS,
    UPDATING_INPUTS,
} from "./container-inputs";
import { containerSpec, endpoint, updatable } from "./container-spec";
import { engine, unlessGone, unlessStatus } from "./engine";
import { nameFor, URN_LABEL } from "./names";
import { upload } from "./uploads";

const HEALTH_POLL_MS = 300;
const NOT_MODIFIED = 304;
const ALREADY_BEING_REMOVED = 409;
/** A dead process is not worth waiting for. */
const LONGEST_GRACE_S = 10;

export const container: StandInResource = {
    inputs: INPUTS,
    required: ["image"],
    defaults: DEFAULTS,
    computed: COMPUTED,
    stable: COMPUTED,
    replaceOn: REPLACING_INPUTS,
    deleteBeforeReplace: true,
    check: checkContainer,
    async create(inputs, ctx) {
        const docker = engine();
        const name = nameFor(inputs, ctx);
        await removeLeftover(docker, name, ctx);
        const made = await docker.createContainer(containerSpec(name, inputs, ctx.urn));
        try {
            await joinNetworks(docker, made, inputs);
            await upload(made, inputs.uploads);
            if (inputs.start) await start(made, name, inputs, ctx);
        } catch (error) {
            // Never leave a half-made one behind: nothing would own it.
            await made.remove({ force: true, v: true }).catch(() => undefined);
            throw error;
        }
        return { id: made.id, outs: observed(await made.inspect(), inputs) };
    },
    async update(id, olds, inputs) {
        const found = engine().getContainer(id);
        if (UPDATING_INPUTS.some((key) => olds[key] !== inputs[key])) await found.update(updatable(inputs));
        const wanted = inputs.start && inputs.mustRun;
        if (wanted && !(await found.inspect()).State.Running) await found.start();
        return observed(await found.inspect(), inputs);
    },
    async read(id, state) {
        const found = await unlessGone(engine().getContainer(id).inspect());
        if (!found) return {};
        // Official: a stopped container that must run counts as gone, and is made anew.
        if (state.mustRun !== false && state.start !== false && !found.State.Running) return {};
        return { id, outs: { ...state, ...observed(found, state) } };
    },
    async delete(id, state) {
        const found = engine().getContainer(id);
        const grace = Math.min(state.destroyGraceSeconds ?? 0, LONGEST_GRACE_S);
        if (grace > 0) await unlessStatus(found.stop({ t: grace }), 404, NOT_MODIFIED);
        const removed = found.remove({ force: true, v: state.removeVolumes ?? true });
        await unlessStatus(removed, 404, ALREADY_BEING_REMOVED);
    },
};

/** A create that was cut short left a container with our mark; anything else of that name is not ours to touch. */
async function removeLeftover(docker: Docker, name: string, ctx: Context): Promise<void> {
    const found = await unlessGone(docker.getContainer(name).inspect());
    if (!found) return;
    if (found.Config.Labels?.[URN_LABEL] !== ctx.urn) {
        throw new Error(
            `a container named ${name} exists and belongs to something else; remove it or choose another name`,
        );
    }
    ctx.log(`Replacing the container ${name} that an interrupted run left behind.`);
    await unlessGone(docker.getContainer(found.Id).remove({ force: true, v: true }));
}

async function joinNetworks(
    docker: Docker,
    made: Container,
    { networksAdvanced = [] }: Props,
): Promise<void> {
    // The first one is in the creation request.
    for (const network of networksAdvanced.slice(1) as Props[]) {
        const EndpointConfig = endpoint(network);
        await docker.getNetwork(network.name).connect({ Container: made.id, EndpointConfig });
    }
}

async function start(made: Container, name: string, inputs: Props, ctx: Context): Promise<void> {
    if (ctx.signal.aborted) throw new Error("cancelled");
    await made.start();
    if (inputs.mustRun) {
        const { State } = await made.inspect();
        if (!State.Running) throw new Error(`the container ${name} exited at once with ${State.ExitCode}`);
    }
    if (inputs.wait) await waitUntilHealthy(made, name, inputs.waitTimeout, ctx);
}

async function waitUntilHealthy(made: Container, name: string, seconds: number, ctx: Context): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        const { State } = await made.inspect();
        if (State.Health?.Status === "healthy") return;
        if (!State.Running) throw new Error(`the container ${name} exited with ${State.ExitCode}`);
        if (!State.Health) throw new Error(`the container ${name} has no health check to wait for`);
        if (Date.now() > deadline) throw new Error(`the container ${name} is not healthy after ${seconds} s`);
        await sleep(HEALTH_POLL_MS, undefined, { signal: ctx.signal });
    }
}

/** What the engine says about the container. What the program gave stays as given, defaults are filled in. */
function observed(found: ContainerInspectInfo, inputs: Props): Props {
    const { HostConfig, State } = found;
    // The library's types leave these two out.
    const Config: typeof found.Config & { StopSignal?: string; StopTimeout?: number } = found.Config;
    return {
        bridge: "",
        containerLogs: "",
        exitCode: State.ExitCode,
        name: found.Name.replace(/^\//, ""),
        hostname: Config.Hostname,
        networkDatas: networkDatas(found),
        command: inputs.command ?? Config.Cmd ?? [],
        entrypoints: inputs.entrypoints ?? Config.Entrypoint ?? [],
        envs: inputs.envs ?? [],
        init: inputs.init ?? HostConfig.Init ?? false,
        ipcMode: inputs.ipcMode ?? HostConfig.IpcMode,
        labels: inputs.labels ?? [],
        logDriver: inputs.logDriver ?? HostConfig.LogConfig?.Type,
        platform: inputs.platform ?? found.Platform,
        runtime: inputs.runtime ?? HostConfig.Runtime,
        securityOpts: inputs.securityOpts ?? [],
        shmSize: inputs.shmSize ?? Math.round((HostConfig.ShmSize ?? 0) / 1024 ** 2),
        stopSignal: inputs.stopSignal ?? Config.StopSignal ?? "",
        stopTimeout: inputs.stopTimeout ?? Config.StopTimeout ?? 0,
        restart: HostConfig.RestartPolicy?.Name || "no",
    };
}

function networkDatas(found: ContainerInspectInfo): Props[] {
    return Object.entries(found.NetworkSettings.Networks).map(([networkName, network]) => ({
        networkName,
        ipAddress: network.IPAddress,
        ipPrefixLength: network.IPPrefixLen,
        gateway: network.Gateway,
        macAddress: network.MacAddress ?? "",
        globalIpv6Address: network.GlobalIPv6Address ?? "",
        globalIpv6PrefixLength: network.GlobalIPv6PrefixLen ?? 0,
        ipv6Gateway: network.IPv6Gateway ?? "",
    }));
}
