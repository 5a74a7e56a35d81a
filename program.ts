// The whole program: settings -> hosts -> engine -> swarm -> registry -> sample stack -> outputs.

import * as pulumi from "@pulumi/pulumi";
import { Engine } from "./components/engine";
import type { Address, ObjectStorage, PublishedAddress } from "./components/host";
import { makeHosts } from "./components/hosts/pick";
import { Pki } from "./components/pki";
import { pushedReference, Registry } from "./components/registry";
import { Rollout } from "./components/rollout";
import { ownFile, Stack } from "./components/stack";
import { Swarm } from "./components/swarm";
import { namedImages, type UserStack, userStacks } from "./components/user-stacks";
import { LOG_TOKEN } from "./config/engine";
import type { Facts } from "./config/facts";
import type { ReadySettings } from "./config/settings";
import { daemonSettings } from "./planning/daemon-settings";
import { availabilityOf, roleOf } from "./planning/members";
import { renewalsOf } from "./planning/renewals";
import { placementOf } from "./planning/zone-moves";
import { type PublishedPort, userPorts } from "./planning/ports";
import type { S3Keys } from "./planning/registry-config";
import { chooseRegistryHosts } from "./planning/registry-hosts";
import { type BucketSettings, KEY_SETTINGS } from "./config/registry";
import type { PublishMode } from "./planning/compose";
import type { HostRepository } from "./providers/sdk/swarm";

/** An image on this machine's engine. */
export interface LocalImage {
    ref: string;
    id: string;
}

export interface ProgramArgs {
    /** The Pulumi stack's name. */
    stack: string;
    /** The id of this clone of the project. */
    project: string;
    /** The checked settings, with everything that Skep chooses. */
    settings: ReadySettings;
    /** Images on this machine's engine: of the lab's hosts and gateway, the registry, and the sample's two services. */
    images: Record<"host" | "gateway" | "registry" | "web" | "client", LocalImage>;
    /** The repository of docker-ce. `mount`: it is a folder of this machine, and every lab host mounts it. */
    repository: HostRepository & { mount?: { source: string; target: string } };
    /** What the lab's existing hosts publish, by name. Default none. */
    standing?: Readonly<Record<string, readonly PublishedPort[]>>;
    /** Keys of the registry's bucket from the environment. Default: the stack's secret settings have them. */
    registryKeys?: S3Keys;
    /** The user's own stacks. */
    stacks: readonly UserStack[];
    /** After how many steps a rollout of engines ends. Default: when all hosts are done. */
    rolloutSteps?: number;
    /** What Skep chose for the stack, for its state. */
    facts: Facts;
}

/** Declares every resource of a stack. Returns the stack's outputs. */
export function program({
    stack,
    project,
    settings,
    images,
    repository,
    standing,
    registryKeys,
    stacks,
    rolloutSteps,
    facts,
}: ProgramArgs) {
    const { hosts: placed, moved } = placementOf(settings);
    const renewals = renewalsOf(settings, placed, moved);
    const registryNames = chooseRegistryHosts(placed, settings.registry.replicas, settings.registryHosts);
    const pki = new Pki("pki", { stack });
    const made = makeHosts({
        stack,
        project,
        settings,
        placed,
        renewed: renewals.now,
        registryHosts: registryNames,
        facts,
        userPorts: userPorts(stacks),
        images,
        standing,
        repositoryMount: repository.mount,
    });
    const { hosts } = made;
    const config = new pulumi.Config();
    const registryHosts = registryNames.flatMap((name) => hosts.find((host) => host.name === name) ?? []);
    const { docker, containerd } = settings.packages;
    const packages = { "docker-ce": docker, "docker-ce-cli": docker, "containerd.io": containerd };
    const { url, fingerprint, viaProxy } = repository;
    const source = { url, fingerprint, ...(viaProxy && { viaProxy }) };
    const token = settings.engine.logDriver === "splunk" ? config.getSecret(LOG_TOKEN) : undefined;
    const daemon = pulumi
        .output(token)
        .apply((logToken) =>
            daemonSettings({ bridgePool: settings.addressPools.bridge, engine: settings.engine, logToken }),
        );
    const server = `${settings.registry.name}:${settings.registry.port}`;
    const engine = new Engine("engine", {
        hosts,
        pki,
        registry: { ...settings.registry, hosts: registryHosts },
        repository: source,
        packages,
        daemon,
        auditRules: settings.engine.auditRules,
        upkeep: settings.upkeep,
        manages: (host) => roleOf(host, settings) === "manager",
        keptImages: [
            images.registry.ref,
            ...(settings.sample.enabled
                ? (["web", "client"] as const).map((name) => pushedReference(server, name, images[name]))
                : []),
            ...stacks
                .flatMap(namedImages)
                .map(({ pushedAs, image }) => pushedReference(server, pushedAs, image)),
        ],
        proxy: settings.proxy,
        range: settings.hosts === "aws" ? settings.aws?.network.range : settings.labSubnet,
    });
    const publish: pulumi.Output<PublishMode> =
        settings.publish === "auto"
            ? engine.mesh.apply((mesh): PublishMode => (mesh ? "mesh" : "host"))
            : pulumi.output(settings.publish);
    const { encryptOverlays } = settings;
    const encrypted = encryptOverlays === "auto" ? engine.esp : encryptOverlays === "always";
    const swarm = new Swarm("swarm", {
        hosts,
        installed: engine.installed,
        autolock: settings.autolock,
        rotations: facts.rotations,
        overlayPool: settings.addressPools.overlay,
        settings: settings.swarm,
        members: settings,
        drainSeconds: settings.drainTimeout,
        registryHosts: registryNames,
        renewed: renewals.done,
        protect: settings.protect ?? false,
        foundation: made.foundation,
    });
    const rollout = new Rollout("engines", {
        swarm,
        repository: source,
        packages,
        daemon,
        files: engine.files,
        drainSeconds: settings.drainTimeout,
        upgrade: settings.upgrade,
        checkDataPath: settings.checkDataPath,
        most: rolloutSteps,
    });
    const registry = new Registry("registry", {
        swarm,
        after: rollout.resource,
        pki,
        hosts: registryHosts,
        ...settings.registry,
        rotations: facts.rotations,
        // Drained nodes take no task. If all of its nodes are drained, the registry is down; a preview warns.
        replicas: Math.max(
            registryHosts.filter((host) => availabilityOf(host, settings) !== "drain").length,
            1,
        ),
        image: images.registry,
        encrypted,
        storage: made.storage ?? ownBucket(settings.registry.s3, registryKeys),
    });
    if (settings.sample.enabled) {
        const web = registry.push("web", images.web, swarm);
        const client = registry.push("client", images.client, swarm);
        new Stack("sample", {
            file: ownFile("sample"),
            isOwn: true,
            swarm,
            variables: {
                WEB_IMAGE: web.reference,
                CLIENT_IMAGE: client.reference,
                WEB_PORT: String(settings.sample.port),
                WEB_REPLICAS: String(settings.sample.replicas),
            },
            publish,
            encrypted,
            registryAuth: { [registry.server]: { username: registry.user, password: registry.password } },
            rebalance: settings.rebalance,
            images: [web.resource, client.resource],
        });
    }
    userStacks({ stacks, swarm, registry, publish, encrypted, rebalance: settings.rebalance });
    const client = pki.client("client");
    const [sample, registered] = ["sample", "registry"].map((name) =>
        made.published.find(({ stack }) => stack === name),
    );
    const sampleUrl = urlOf("http", sample?.balanced);
    const registryUrls = registryHosts.flatMap(({ name }) => urlOf("https", registered?.nodes[name]) ?? []);
    const nodes = pulumi.output(
        hosts.map((host) => ({
            name: host.name,
            role: roleOf(host, settings),
            zone: host.zone,
            address: host.address,
            nodeId: swarm.nodes.get(host.name)!.nodeId,
            host: host.ssh.host,
            ports: {
                ...host.ports,
                app: sample?.nodes[host.name]?.port,
                registry: registered?.nodes[host.name]?.port,
            },
        })),
    );
    return {
        nodes,
        clusterId: swarm.cluster.clusterId,
        unlockKey: swarm.cluster.unlockKey,
        formerUnlockKeys: swarm.cluster.formerUnlockKeys,
        publish,
        ...(made.loadBalancer && { loadBalancer: made.loadBalancer }),
        ...(sampleUrl && { sample: { url: sampleUrl } }),
        stacks: Object.fromEntries(
            stacks.map(({ name }) => [
                name,
                { addresses: made.published.filter(({ stack }) => stack === name).map(reached) },
            ]),
        ),
        registry: {
            server: registry.server,
            url: urlOf("https", registered?.balanced) ?? registryUrls[0],
            urls: registryUrls,
            user: registry.user,
        },
        registryPassword: pulumi.secret(registry.password),
        ca: pki.ca,
        clientCertificate: client.certificate,
        clientKey: pulumi.secret(client.privateKey),
        ssh: pulumi.secret({
            user: hosts[0]!.ssh.user,
            privateKey: hosts[0]!.ssh.privateKey,
            hosts: hosts.map(({ name, ssh: { host, port, hostKey, privateKey } }) => ({
                ...{ name, host, port, hostKey },
                // A host that was down while the key was rotated takes the one before.
                ...(facts.rotations?.sshKey && { privateKey }),
            })),
        }),
    };
}

/** A port of a stack, and where this machine reaches it if anything leads to all nodes. */
function reached({ port, balanced }: PublishedAddress) {
    return { port, ...(balanced && { at: pulumi.interpolate`${balanced.host}:${balanced.port}` }) };
}

/** The URL of this address; undefined if there is no address. */
function urlOf(scheme: "http" | "https", address: Address | undefined): pulumi.Output<string> | undefined {
    return address && pulumi.interpolate`${scheme}://${address.host}:${address.port}`;
}

/** The user's own bucket; its keys are secret values from here on. */
function ownBucket(settings: BucketSettings | undefined, keys?: S3Keys): ObjectStorage | undefined {
    if (!settings) return undefined;
    const config = new pulumi.Config();
    const { accessKeyId, secretAccessKey } = KEY_SETTINGS;
    const given = keys ?? {
        accessKeyId: config.requireSecret(accessKeyId),
        secretAccessKey: config.requireSecret(secretAccessKey),
    };
    return { ...settings, keys: pulumi.secret(given) };
}
