// The request to the engine's API for a docker.Container. Pure.
import type { ContainerCreateOptions, EndpointSettings, HostConfig, MountSettings, PortMap } from "dockerode";
import type { Props } from "../../../providers/runtime/types";
import { labelMap } from "./engine";

const ALL = "ALL";
const MIB = 1024 * 1024;

/** The whole request body. Networks are joined after the creation, as the official provider does. */
export function containerSpec(name: string, inputs: Props): ContainerCreateOptions {
    return {
        name,
        Image: inputs.image,
        Hostname: inputs.hostname,
        Cmd: inputs.command,
        StopSignal: inputs.stopSignal,
        StopTimeout: inputs.stopTimeout,
        Labels: labelMap(inputs.labels),
        ExposedPorts: Object.fromEntries(Object.keys(portBindings(inputs)).map((port) => [port, {}])),
        HostConfig: hostConfig(inputs),
    };
}

function hostConfig(inputs: Props): HostConfig {
    return {
        CapAdd: capabilityNames(inputs.capabilities?.adds),
        CapDrop: capabilityNames(inputs.capabilities?.drops),
        CgroupnsMode: inputs.cgroupnsMode,
        Init: false,
        NetworkMode: inputs.networkMode,
        PortBindings: portBindings(inputs),
        SecurityOpt: inputs.securityOpts,
        Tmpfs: inputs.tmpfs,
        Binds: inputs.volumes?.map(bind),
        Mounts: inputs.mounts?.map(mount),
        ...updatable(inputs),
    } as HostConfig;
}

/** The part of a container that can change while it runs. */
export function updatable(inputs: Props): Partial<HostConfig> {
    return {
        RestartPolicy: { Name: inputs.restart, MaximumRetryCount: 0 },
        Memory: megabytes(inputs.memory),
        MemorySwap: megabytes(inputs.memorySwap),
    };
}

/** Bytes; -1, which means no limit, stays as it is. */
function megabytes(limit = 0): number {
    return limit > 0 ? limit * MIB : limit;
}

/** Names as Docker's client library sends them: upper case, with `CAP_`, in order; only `ALL` stays as it is. */
export function capabilityNames(names: readonly string[] | undefined): string[] | undefined {
    return names
        ?.map((name) => name.toUpperCase())
        .map((name) => (name === ALL || name.startsWith("CAP_") ? name : `CAP_${name}`))
        .sort();
}

function portBindings({ ports = [] }: Props): PortMap {
    const bindings: PortMap = {};
    for (const { internal, external, ip = "0.0.0.0" } of ports as Props[])
        (bindings[`${internal}/tcp`] ??= []).push({ HostIp: ip, HostPort: String(external ?? "") });
    return bindings;
}

/** A container's place in a network, as the engine's API takes it. */
export function endpoint({ ipv4Address }: Props): EndpointSettings {
    return { IPAMConfig: ipv4Address ? { IPv4Address: ipv4Address } : undefined } as EndpointSettings;
}

function bind({ volumeName, containerPath }: Props): string {
    return `${volumeName}:${containerPath}:rw`;
}

function mount({ type, target, source, readOnly }: Props): MountSettings {
    return { Type: type, Target: target, Source: source ?? "", ReadOnly: readOnly };
}
