// The engine on every new host: first the files that it needs, then exact versions of docker-ce, on all of them at once.
// components/rollout.ts changes the engines of a running swarm.

import * as pulumi from "@pulumi/pulumi";
import type { UpkeepSettings } from "../config/upkeep";
import { renderHostFiles } from "../planning/host-files";
import type { HostProxy } from "../planning/host-proxy";
import { LOOPBACK } from "../planning/proxies";
import { nearestFirst } from "../planning/registry-hosts";
import { HostEngine, HostFiles, type HostRepository } from "../providers/sdk/swarm";
import { hostScript } from "../swarm/scripts";
import { type Host, hostInput, serverAddresses } from "./host";
import type { Pki } from "./pki";
import type { EngineVersions } from "../planning/engine-packages";

export interface EngineArgs {
    /** All hosts of the stack. */
    hosts: readonly Host[];
    /** Signs the certificates of the managers' engine APIs. */
    pki: Pki;
    /** The registry's name and port, and its hosts: every host finds them under that name, those of its own zone first. */
    registry: { name: string; port: number; hosts: readonly Host[] };
    /** The repository of docker-ce, with the fingerprint of its key. */
    repository: HostRepository;
    /** Exact versions of docker-ce and containerd.io, for new hosts. */
    packages: EngineVersions;
    /** Skep's keys of daemon.json, for new hosts. */
    daemon: pulumi.Output<Record<string, unknown>>;
    /** Whether hosts with auditd audit what belongs to the engine. */
    auditRules: boolean;
    /** What hosts do for themselves. */
    upkeep: UpkeepSettings;
    /** Whether a host manages the swarm. Only managers keep a reserve on their disk. */
    manages: (host: Host) => boolean;
    /** Skep's own images, as `name:tag`. A host keeps them, used or not. */
    keptImages: readonly string[];
    /** The proxy of the hosts' apt and engines. Default: none. */
    proxy?: HostProxy;
    /** The range of the hosts' addresses. They reach each other without the proxy. */
    range?: string;
}

/** Skep's files and the engine on every host. */
export class Engine extends pulumi.ComponentResource {
    /** The engines. Whatever needs a running engine depends on these. */
    readonly installed: HostEngine[];
    /** By host, how often files changed that only a restart makes its engine read. */
    readonly files: Record<string, pulumi.Output<number>>;
    /** Whether every host's kernel has IPVS. Virtual IPs and the routing mesh need it. */
    readonly mesh: pulumi.Output<boolean>;
    /** Whether every host's kernel has ESP. Encrypted overlay networks need it. */
    readonly esp: pulumi.Output<boolean>;

    constructor(name: string, args: EngineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Engine", name, {}, opts);
        const files = args.hosts.map((host) => this.hostFiles(args, host));
        this.files = Object.fromEntries(args.hosts.map(({ name }, i) => [name, files[i]!.engineFiles]));
        this.installed = args.hosts.map((host, i) => this.install(args, host, files[i]!));
        const onEvery = (kernels: pulumi.Output<boolean>[]) =>
            pulumi.all(kernels).apply((each) => each.every(Boolean));
        this.mesh = onEvery(this.installed.map(({ mesh }) => mesh));
        this.esp = onEvery(this.installed.map(({ esp }) => esp));
        this.registerOutputs();
    }

    private hostFiles(args: EngineArgs, host: Host): HostFiles {
        const certificate =
            host.role === "manager"
                ? args.pki.server(`engine-${host.name}`, [host.name, "localhost"], serverAddresses(host))
                : undefined;
        const { name, port, hosts } = args.registry;
        const addresses = nearestFirst(hosts, host).map(({ address }) => address);
        const files = pulumi
            .all([args.pki.ca, pulumi.all(addresses), pulumi.output(certificate)])
            .apply(([ca, addresses, engine]) =>
                renderHostFiles({
                    ca,
                    registry: { name, port, addresses },
                    auditRules: args.auditRules,
                    proxy: args.proxy && {
                        ...args.proxy,
                        noProxy: [
                            ...args.proxy.noProxy,
                            ...LOOPBACK,
                            ...(args.range ? [args.range] : []),
                            name,
                        ],
                    },
                    engine,
                    upkeep: {
                        host: host.name,
                        pruneDays: args.upkeep.pruneImages,
                        keptImages: args.keptImages,
                        pruneScript: hostScript("prune"),
                        securityUpgrades: args.upkeep.securityUpgrades,
                        reserveMib: args.manages(host) ? args.upkeep.reserveMib : 0,
                    },
                    hostsScript: hostScript("hosts"),
                }),
            );
        return new HostFiles(
            `${host.name}-files`,
            { host: hostInput(host), hostId: host.id, files },
            { parent: this, deletedWith: host.resource },
        );
    }

    private install(args: EngineArgs, host: Host, files: HostFiles): HostEngine {
        return new HostEngine(
            `${host.name}-engine`,
            {
                host: hostInput(host),
                hostId: host.id,
                repository: args.repository,
                packages: args.packages,
                daemon: args.daemon,
            },
            { parent: this, dependsOn: [files], deletedWith: host.resource },
        );
    }
}
