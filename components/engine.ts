// The engine on every host: first the files that it needs, then exact versions of docker-ce. New hosts get it in parallel;
// hosts of a running swarm, one after another.

import * as pulumi from "@pulumi/pulumi";
import type { Packages } from "../config/settings";
import type { DaemonArgs } from "../planning/daemon-settings";
import { renderHostFiles } from "../planning/host-files";
import type { HostProxy } from "../planning/host-proxy";
import type { MemberSettings } from "../planning/members";
import { LOOPBACK } from "../planning/proxies";
import { nearestFirst } from "../planning/registry-hosts";
import { HostEngine, HostFiles, type HostRepository } from "../providers/sdk/swarm";
import { hostScript } from "../swarm/scripts";
import { type Host, hostInput, serverAddresses } from "./host";
import type { Pki } from "./pki";
import { managerInputs } from "./swarm";

export interface EngineArgs {
    /** All hosts of the stack. */
    hosts: readonly Host[];
    /** Signs the certificates of the managers' engine APIs. */
    pki: Pki;
    /** The registry's name and port, and its hosts: every host finds them under that name, those of its own zone first. */
    registry: { name: string; port: number; hosts: readonly Host[] };
    /** The repository of docker-ce, with the fingerprint of its key. */
    repository: HostRepository;
    /** Exact versions of docker-ce and containerd.io. */
    packages: Packages;
    /** What daemon.json of every host is made from. */
    daemon: DaemonArgs;
    /** The token of the log driver splunk. Default: none. */
    logToken?: pulumi.Output<string | undefined>;
    /** Whether hosts with auditd audit what belongs to the engine. */
    auditRules: boolean;
    /** The proxy of the hosts' apt and engines. Default: none. */
    proxy?: HostProxy;
    /** The range of the hosts' addresses. They reach each other without the proxy. */
    range?: string;
    /** Settings of roles and availabilities in the swarm. */
    members: MemberSettings;
    /** How long a drain of a host waits for its tasks, in seconds. */
    drainSeconds: number;
}

/** Skep's files and the engine on every host. */
export class Engine extends pulumi.ComponentResource {
    /** The engines. Whatever needs a running engine depends on these. */
    readonly installed: HostEngine[];
    /** Whether every host's kernel has IPVS. Virtual IPs and the routing mesh need it. */
    readonly mesh: pulumi.Output<boolean>;
    /** Whether every host's kernel has ESP. Encrypted overlay networks need it. */
    readonly esp: pulumi.Output<boolean>;

    constructor(name: string, args: EngineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Engine", name, {}, opts);
        this.installed = args.hosts.map((host) => this.install(args, host, this.files(args, host)));
        const onEvery = (kernels: pulumi.Output<boolean>[]) =>
            pulumi.all(kernels).apply((each) => each.every(Boolean));
        this.mesh = onEvery(this.installed.map(({ mesh }) => mesh));
        this.esp = onEvery(this.installed.map(({ esp }) => esp));
        this.registerOutputs();
    }

    private files(args: EngineArgs, host: Host): HostFiles {
        const certificate =
            host.role === "manager"
                ? args.pki.server(`engine-${host.name}`, [host.name, "localhost"], serverAddresses(host))
                : undefined;
        const { name, port, hosts } = args.registry;
        const addresses = nearestFirst(hosts, host).map(({ address }) => address);
        const files = pulumi
            .all([args.pki.ca, pulumi.all(addresses), pulumi.output(certificate), args.logToken])
            .apply(([ca, addresses, engine, logToken]) =>
                renderHostFiles({
                    ca,
                    registry: { name, port, addresses },
                    daemon: { ...args.daemon, logToken },
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
        const { docker, containerd } = args.packages;
        return new HostEngine(
            `${host.name}-engine`,
            {
                host: hostInput(host),
                hostId: host.id,
                managers: managerInputs(args.hosts, args.members),
                repository: {
                    url: args.repository.url,
                    fingerprint: args.repository.fingerprint,
                    ...(args.repository.viaProxy && { viaProxy: true }),
                },
                packages: { "docker-ce": docker, "docker-ce-cli": docker, "containerd.io": containerd },
                drainSeconds: args.drainSeconds,
            },
            { parent: this, dependsOn: [files], deletedWith: host.resource },
        );
    }
}
