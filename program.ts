// The whole program: settings -> hosts -> engine -> swarm -> registry -> sample stack -> outputs.

import * as pulumi from "@pulumi/pulumi";
import { Engine } from "./components/engine";
import { makeHosts } from "./components/hosts/pick";
import { Pki } from "./components/pki";
import { Registry } from "./components/registry";
import { Stack } from "./components/stack";
import { Swarm } from "./components/swarm";
import type { Settings } from "./config";
import { roleOf } from "./planning/members";
import { placeHosts, registryHost } from "./planning/placement";
import type { PublishMode } from "./planning/compose";
import type { Tools } from "./scripts/setup/tools";

/** Settings with everything chosen that Skep chooses once per stack. */
export type ReadySettings = Settings & Required<Pick<Settings, "packages">>;

export interface ProgramArgs {
    stack: string;
    /** The id of this copy of the project. */
    project: string;
    settings: ReadySettings;
    images: NonNullable<Tools["images"]>;
    repository: Tools["repository"];
}

/** Declares every resource of a stack; the outputs are the stack's. */
export function program({ stack, project, settings, images, repository }: ProgramArgs) {
    const placed = placeHosts(settings.managers, settings.workers, settings.zones);
    const { name: registryName } = registryHost(placed);
    const pki = new Pki("pki", { stack });
    const made = makeHosts({
        stack,
        project,
        settings,
        placed,
        registryHost: registryName,
        image: images.host,
        repositoryMount: repository.mount,
    });
    const { hosts } = made;
    const registryNode = hosts.find((host) => host.name === registryName) ?? hosts[0]!;
    const engine = new Engine("engine", {
        hosts,
        pki,
        registry: { ...settings.registry, address: registryNode.address },
        repository,
        packages: settings.packages,
        bridgePool: settings.addressPools.bridge,
        members: settings,
    });
    const publish: pulumi.Output<PublishMode> =
        settings.publish === "auto"
            ? engine.mesh.apply((mesh): PublishMode => (mesh ? "mesh" : "host"))
            : pulumi.output(settings.publish);
    const swarm = new Swarm("swarm", {
        hosts,
        installed: engine.installed,
        autolock: settings.autolock,
        overlayPool: settings.addressPools.overlay,
        members: settings,
        registryHost: registryNode.name,
        foundation: made.foundation,
    });
    const registry = new Registry("registry", {
        swarm,
        pki,
        host: registryNode,
        ...settings.registry,
        image: images.registry,
        storage: made.storage,
    });
    if (settings.sample.enabled) {
        const web = registry.push("web", images.web, swarm);
        const client = registry.push("client", images.client, swarm);
        new Stack("sample", {
            folder: "sample",
            swarm,
            variables: {
                WEB_IMAGE: web.reference,
                CLIENT_IMAGE: client.reference,
                WEB_PORT: String(settings.sample.port),
                WEB_REPLICAS: String(settings.sample.replicas),
            },
            publish,
            registryAuth: { server: registry.server, username: registry.user, password: registry.password },
            images: [web, client],
        });
    }
    const client = pki.client("client");
    return {
        nodes: hosts.map((host) => ({
            name: host.name,
            role: roleOf(host, settings),
            zone: host.zone,
            address: host.address,
            nodeId: swarm.nodes.get(host.name)!.nodeId,
            host: host.ssh.host,
            ports: host.ports,
        })),
        clusterId: swarm.cluster.clusterId,
        unlockKey: swarm.cluster.unlockKey,
        publish,
        loadBalancer: made.loadBalancer,
        registry: {
            server: registry.server,
            url: pulumi.interpolate`https://${registryNode.ssh.host}:${made.registryPort}`,
            user: registry.user,
        },
        registryPassword: pulumi.secret(registry.password),
        ca: pki.ca,
        clientCertificate: client.certificate,
        clientKey: pulumi.secret(client.privateKey),
        ssh: pulumi.secret({
            user: hosts[0]!.ssh.user,
            privateKey: hosts[0]!.ssh.privateKey,
            hosts: hosts.map(({ name, ssh: { host, port, hostKey } }) => ({ name, host, port, hostKey })),
        }),
    };
}
