// A container and a network as the engine describes them, under the names of the resources' properties: the same properties
// that the official provider reads back. Like it, this reads no labels, uploads, volumes, networksAdvanced and cgroupnsMode
// of a container.
import type { ContainerInspectInfo, NetworkInspectInfo } from "dockerode";
import type { Props } from "../../../providers/runtime/types";

const MIB = 1024 * 1024;

/** A container's properties as the engine has them. `given` are those in the state. Pure. */
export function readContainer(found: ContainerInspectInfo, given: Props): Props {
    const { HostConfig, State } = found;
    // The library's types leave these out.
    const Config: typeof found.Config & { StopSignal?: string; StopTimeout?: number } = found.Config;
    const { CapAdd, CapDrop } = HostConfig;
    return {
        bridge: "",
        command: Config.Cmd ?? [],
        containerLogs: "",
        entrypoints: Config.Entrypoint ?? [],
        envs: [],
        exitCode: State.Running ? given.exitCode : State.ExitCode,
        hostname: Config.Hostname,
        image: given.image?.startsWith("sha256:") ? found.Image : Config.Image,
        init: HostConfig.Init ?? false,
        ipcMode: HostConfig.IpcMode,
        labels: given.labels ?? [],
        logDriver: HostConfig.LogConfig?.Type,
        maxRetryCount: HostConfig.RestartPolicy?.MaximumRetryCount ?? 0,
        // States of older stand-ins have no limits; a container without limits is as they say.
        ...(HostConfig.Memory && {
            memory: HostConfig.Memory / MIB,
            memorySwap: swapLimit(HostConfig.MemorySwap),
        }),
        mounts: (HostConfig.Mounts ?? []).map(({ Type, Source, Target, ReadOnly }) => ({
            type: Type,
            source: Source,
            target: Target,
            readOnly: ReadOnly ?? false,
        })),
        name: found.Name.replace(/^\//, ""),
        networkDatas: networkDatas(found),
        networkMode: HostConfig.NetworkMode,
        platform: found.Platform,
        restart: HostConfig.RestartPolicy?.Name || "no",
        runtime: HostConfig.Runtime,
        securityOpts: HostConfig.SecurityOpt ?? [],
        shmSize: Math.round((HostConfig.ShmSize ?? 0) / MIB),
        stopSignal: Config.StopSignal ?? "",
        stopTimeout: Config.StopTimeout ?? 0,
        tmpfs: HostConfig.Tmpfs ?? {},
        ...((CapAdd?.length || CapDrop?.length) && {
            capabilities: { adds: CapAdd ?? [], drops: CapDrop ?? [] },
        }),
        // A container that waits for its next start counts as running, and has no ports.
        ...(given.ports?.length > 0 && (State.Running || given.mustRun) && { ports: ports(found) }),
        // The difference causes an update, which starts the container.
        ...(!State.Running && given.mustRun && { mustRun: false }),
    };
}

/** In megabytes, or -1 if there is no limit. */
function swapLimit(bytes = 0): number {
    return bytes > 0 ? bytes / MIB : bytes;
}

function ports({ NetworkSettings }: ContainerInspectInfo): Props[] {
    const bound = Object.entries(NetworkSettings.Ports ?? {}).flatMap(([key, bindings]) => {
        const [internal, protocol] = key.split("/");
        // Docker's API has null for a port that is exposed and not published.
        const published = bindings as { HostIp: string; HostPort: string }[] | null;
        return (published ?? []).map(({ HostIp, HostPort }) => ({
            internal: Number(internal),
            external: Number(HostPort),
            ip: HostIp,
            protocol,
        }));
    });
    return bound.sort((a, b) => a.internal - b.internal);
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

/** A network's properties as the engine has them. Pure. */
export function readNetwork(found: NetworkInspectInfo): Props {
    const configs = (found.IPAM?.Config ?? []) as Record<string, unknown>[];
    return {
        name: found.Name,
        labels: Object.entries(found.Labels ?? {}).map(([label, value]) => ({ label, value })),
        driver: found.Driver,
        internal: found.Internal,
        attachable: found.Attachable,
        ingress: found.Ingress,
        ipv6: found.EnableIPv6,
        ipamDriver: found.IPAM?.Driver,
        options: found.Options ?? {},
        scope: found.Scope,
        ipamConfigs: configs.map((config) => ({
            subnet: config.Subnet,
            gateway: config.Gateway,
            ipRange: config.IPRange,
            auxAddress: config.AuxiliaryAddresses,
        })),
    };
}
