// The engine on every host: the files that it needs, then docker-ce at exact versions. All hosts in parallel, and only
// once a host: later changes of an engine go host by host, never here.

import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Packages } from "../config";
import { renderHostFiles } from "../planning/host-files";
import { renderHostScript } from "../planning/hostscript";
import { nearestFirst } from "../planning/registry-hosts";
import { HostFiles } from "../providers/swarm/resources";
import { hostScript } from "../providers/swarm/scripts";
import { type Host, hostInput, serverAddresses } from "./host";
import type { Pki } from "./pki";

/** What the engine's installation found out about a host. */
interface Report {
    mesh: boolean;
    esp: boolean;
}

export interface EngineArgs {
    hosts: readonly Host[];
    pki: Pki;
    registry: { name: string; port: number; hosts: readonly Host[] };
    repository: { url: string; fingerprint: string };
    packages: Packages;
    /** Range for bridges on each host. */
    bridgePool: string;
}

export class Engine extends pulumi.ComponentResource {
    /** Every host's engine runs: depend on these. */
    readonly installed: command.remote.Command[];
    /** Whether every host's kernel has IPVS, without which virtual IPs and the routing mesh cannot work. */
    readonly mesh: pulumi.Output<boolean>;

    constructor(name: string, args: EngineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Engine", name, {}, opts);
        this.installed = args.hosts.map((host) => this.install(args, host, this.files(args, host)));
        this.mesh = pulumi
            .all(this.installed.map((installed) => installed.stdout))
            .apply((outputs) => outputs.every((output) => lastLine<Report>(output).mesh));
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
            .all([args.pki.ca, pulumi.all(addresses), pulumi.output(certificate)])
            .apply(([ca, addresses, engine]) =>
                renderHostFiles({
                    ca,
                    registry: { name, port, addresses },
                    bridgePool: args.bridgePool,
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

    private install(args: EngineArgs, host: Host, files: HostFiles): command.remote.Command {
        const inputs = {
            REPOSITORY_URL: args.repository.url,
            KEY_FINGERPRINT: args.repository.fingerprint,
            DOCKER_VERSION: args.packages.docker,
            CONTAINERD_VERSION: args.packages.containerd,
            LOGIN_USER: host.ssh.user,
        };
        return new command.remote.Command(
            `${host.name}-engine`,
            {
                connection: { ...host.ssh, dialErrorLimit: 60, perDialTimeout: 15 },
                create: "sudo sh",
                stdin: renderHostScript(`${hostScript("lock")}\n${hostScript("engine")}`, inputs),
                triggers: [host.id],
                addPreviousOutputInEnv: false,
                logging: command.remote.Logging.None,
            },
            {
                parent: this,
                dependsOn: [files],
                deletedWith: host.resource,
                // A later change of these is a rollout's work, one host after another.
                ignoreChanges: ["stdin"],
            },
        );
    }
}

function lastLine<T>(output: string): T {
    return JSON.parse(output.trim().split("\n").at(-1) ?? "") as T;
}
