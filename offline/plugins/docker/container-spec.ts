// From a docker.Container's inputs to what the engine's API wants. Pure.
import type { ContainerCreateOptions, EndpointSettings, HostConfig, MountSettings, PortMap } from "dockerode";
import type { Props } from "../../../providers/runtime/types";
import { labelMap, URN_LABEL } from "./names";

const MIB = 1024 * 1024;

/** The whole request body. The first network is joined at creation, the others before the start. */
export function containerSpec(name: string, inputs: Props, urn: string): ContainerCreateOptions {
    const [firstNetwork] = (inputs.networksAdvanced ?? []) as Props[];
    return {
        name,
        Image: inputs.image,
        Hostname: inputs.hostname,
        Domainname: inputs.domainname,
        Cmd: inputs.command,
        Entrypoint: inputs.entrypoints,
        Env: inputs.envs,
        User: inputs.user,
        WorkingDir: inputs.workingDir,
        Tty: inputs.tty,
        OpenStdin: inputs.stdinOpen,
        StopSignal: inputs.stopSignal,
        StopTimeout: inputs.stopTimeout,
        Labels: { ...labelMap(inputs.labels), [URN_LABEL]: urn },
        ExposedPorts: Object.fromEntries(Object.keys(portBindings(inputs)).map((port) => [port, {}])),
        Healthcheck: inputs.healthcheck && healthcheck(inputs.healthcheck),
        HostConfig: hostConfig(inputs),
        NetworkingConfig: firstNetwork && {
            EndpointsConfig: { [firstNetwork.name]: endpoint(firstNetwork) },
        },
    };
}

function hostConfig(inputs: Props): HostConfig {
    const networks = (inputs.networksAdvanced ?? []) as Props[];
    return {
        CapAdd: inputs.capabilities?.adds,
        CapDrop: inputs.capabilities?.drops,
        CgroupnsMode: inputs.cgroupnsMode,
        CgroupParent: inputs.cgroupParent,
        Dns: inputs.dns,
        DnsOptions: inputs.dnsOpts,
        DnsSearch: inputs.dnsSearches,
        ExtraHosts: inputs.hosts?.map(({ host, ip }: Props) => `${host}:${ip}`),
        GroupAdd: inputs.groupAdds,
        Init: inputs.init,
        IpcMode: inputs.ipcMode,
        LogConfig: inputs.logDriver && { Type: inputs.logDriver, Config: inputs.logOpts ?? {} },
        NetworkMode: networks[0]?.name ?? inputs.networkMode,
        PidMode: inputs.pidMode,
        PortBindings: portBindings(inputs),
        Privileged: inputs.privileged,
        PublishAllPorts: inputs.publishAllPorts,
        ReadonlyRootfs: inputs.readOnly,
        AutoRemove: inputs.rm,
        SecurityOpt: inputs.securityOpts,
        ShmSize: inputs.shmSize && inputs.shmSize * MIB,
        StorageOpt: inputs.storageOpts,
        Sysctls: inputs.sysctls,
        Tmpfs: inputs.tmpfs,
        UsernsMode: inputs.usernsMode,
        Ulimits: inputs.ulimits?.map(({ name, soft, hard }: Props) => ({
            Name: name,
            Soft: soft,
            Hard: hard,
        })),
        Binds: inputs.volumes?.filter(isBound).map(bind),
        VolumesFrom: inputs.volumes?.filter((item: Props) => item.fromContainer).map(volumesFrom),
        Mounts: inputs.mounts?.map(mount),
        ...updatable(inputs),
    } as HostConfig;
}

/** The part of a container that can change while it runs. */
export function updatable(inputs: Props): Partial<HostConfig> {
    return {
        RestartPolicy: { Name: inputs.restart, MaximumRetryCount: inputs.maxRetryCount ?? 0 },
        CpuShares: inputs.cpuShares,
        CpusetCpus: inputs.cpuSet,
        Memory: inputs.memory && inputs.memory * MIB,
        MemorySwap: inputs.memorySwap > 0 ? inputs.memorySwap * MIB : inputs.memorySwap,
    };
}

function portBindings({ ports = [] }: Props): PortMap {
    const bindings: PortMap = {};
    for (const { internal, external, ip = "0.0.0.0", protocol = "tcp" } of ports as Props[]) {
        const key = `${internal}/${protocol}`;
        bindings[key] = [
            ...(bindings[key] ?? []),
            { HostIp: ip, HostPort: external ? String(external) : "" },
        ];
    }
    return bindings;
}

/** A container's place in a network, as the engine's API takes it. */
export function endpoint(network: Props): EndpointSettings {
    const { aliases, ipv4Address, ipv6Address, linkLocalIps, macAddress, driverOpts } = network;
    const fixed = ipv4Address || ipv6Address || linkLocalIps;
    return {
        Aliases: aliases,
        MacAddress: macAddress,
        DriverOpts:
            driverOpts && Object.fromEntries(driverOpts.map((option: string) => option.split("=", 2))),
        IPAMConfig: fixed
            ? { IPv4Address: ipv4Address, IPv6Address: ipv6Address, LinkLocalIPs: linkLocalIps }
            : undefined,
    } as EndpointSettings;
}

function isBound({ volumeName, hostPath }: Props): boolean {
    return Boolean(volumeName || hostPath);
}

function bind({ volumeName, hostPath, containerPath, readOnly, selinuxRelabel }: Props): string {
    const options = [readOnly ? "ro" : "rw", ...(selinuxRelabel ? [selinuxRelabel] : [])];
    return `${volumeName || hostPath}:${containerPath}:${options.join(",")}`;
}

function volumesFrom({ fromContainer, readOnly }: Props): string {
    return `${fromContainer}:${readOnly ? "ro" : "rw"}`;
}

function mount({
    type,
    target,
    source,
    readOnly,
    bindOptions,
    tmpfsOptions,
    volumeOptions,
}: Props): MountSettings {
    return {
        Type: type,
        Target: target,
        Source: source ?? "",
        ReadOnly: readOnly,
        BindOptions: bindOptions && { Propagation: bindOptions.propagation },
        TmpfsOptions: tmpfsOptions && { SizeBytes: tmpfsOptions.sizeBytes, Mode: tmpfsOptions.mode },
        VolumeOptions: volumeOptions && {
            NoCopy: volumeOptions.noCopy,
            Labels: labelMap(volumeOptions.labels),
            DriverConfig: { Name: volumeOptions.driverName, Options: volumeOptions.driverOptions },
        },
    } as MountSettings;
}

function healthcheck({ tests, interval, timeout, startPeriod, retries }: Props) {
    return {
        Test: tests,
        Interval: nanoseconds(interval),
        Timeout: nanoseconds(timeout),
        StartPeriod: nanoseconds(startPeriod),
        Retries: retries,
    };
}

const UNIT_NS: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's durations, such as `1m30s` or `500ms`, in the nanoseconds that the API takes. */
export function nanoseconds(duration: string | undefined): number | undefined {
    if (duration === undefined) return undefined;
    if (duration === "" || duration === "0") return 0;
    const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
    if (parts.map(([part]) => part).join("") !== duration) {
        throw new Error(`'${duration}' is not a duration such as 1m30s or 500ms`);
    }
    return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_NS[unit ?? ""] ?? 0), 0);
}
