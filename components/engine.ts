// The engine on every host: what the host must trust, then docker-ce at exact versions. All hosts in parallel, and only
// once a host: later changes of an engine go host by host, never here.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Packages } from "../config";
import { renderHostScript } from "../planning/hostscript";
import { type Host, serverAddresses } from "./host";
import type { Certificate, Pki } from "./pki";

/** What the engine's installation found out about a host. */
interface Report {
    mesh: boolean;
    esp: boolean;
}

export interface EngineArgs {
    hosts: readonly Host[];
    pki: Pki;
    registry: { name: string; port: number; address: pulumi.Input<string> };
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
        this.installed = args.hosts.map((host) => this.install(args, host, this.trust(args, host)));
        this.mesh = pulumi
            .all(this.installed.map((installed) => installed.stdout))
            .apply((outputs) => outputs.every((output) => lastLine<Report>(output).mesh));
        this.registerOutputs();
    }

    private trust(args: EngineArgs, host: Host): command.remote.Command {
        const certificate: Certificate | undefined =
            host.role === "manager"
                ? args.pki.server(`engine-${host.name}`, [host.name, "localhost"], serverAddresses(host))
                : undefined;
        return this.run(`${host.name}-trust`, host, "trust.sh", {
            CA_PEM: args.pki.ca,
            REGISTRY_NAME: args.registry.name,
            REGISTRY_PORT: String(args.registry.port),
            REGISTRY_ADDRESS: args.registry.address,
            ...(certificate && { ENGINE_CERT: certificate.certificate, ENGINE_KEY: certificate.privateKey }),
        });
    }

    private install(args: EngineArgs, host: Host, trusted: pulumi.Resource): command.remote.Command {
        return this.run(
            `${host.name}-engine`,
            host,
            "engine.sh",
            {
                REPOSITORY_URL: args.repository.url,
                KEY_FINGERPRINT: args.repository.fingerprint,
                DOCKER_VERSION: args.packages.docker,
                CONTAINERD_VERSION: args.packages.containerd,
                BRIDGE_POOL: args.bridgePool,
                LOGIN_USER: host.ssh.user,
            },
            [trusted],
            // A later change of these is a rollout's work, one host after another.
            ["stdin"],
        );
    }

    private run(
        name: string,
        host: Host,
        script: string,
        inputs: Record<string, pulumi.Input<string>>,
        dependsOn: pulumi.Resource[] = [],
        ignoreChanges: string[] = [],
    ): command.remote.Command {
        return new command.remote.Command(
            name,
            {
                connection: { ...host.ssh, dialErrorLimit: 60, perDialTimeout: 15 },
                create: "sudo sh",
                stdin: pulumi
                    .all(inputs)
                    .apply((values) =>
                        renderHostScript(`${hostScript("lock.sh")}\n${hostScript(script)}`, values),
                    ),
                triggers: [host.id],
                addPreviousOutputInEnv: false,
                logging: command.remote.Logging.None,
            },
            { parent: this, dependsOn, deletedWith: host.resource, ignoreChanges },
        );
    }
}

function hostScript(file: string): string {
    return readFileSync(resolve(__dirname, "../scripts/host", file), "utf8");
}

function lastLine<T>(output: string): T {
    return JSON.parse(output.trim().split("\n").at(-1) ?? "") as T;
}
