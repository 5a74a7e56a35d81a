// Hosts on EC2: a VPC over several zones, security groups, and an instance for each host. Its SSH host key for the first
// contact is known before it boots.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { SkepError } from "../../../errors";
import { managerAddress } from "../../../planning/aws-addresses";
import type { Facts } from "../../../config/facts";
import type { AwsSettings } from "../../../config/aws";
import { chooseZones, imageQuery } from "../../../planning/aws-zones";
import { isUnnamed } from "../../../planning/zone-moves";
import type { PlacedHost } from "../../../planning/placement";
import type { StackPort } from "../../../planning/ports";
import { Balancer } from "./balancer";
import { Groups } from "./groups";
import { makeInstance } from "./instance";
import { type HostZone, Network } from "./network";
import { Storage } from "./storage";
import { type Tagging, tagsFor } from "./tags";
import {
    type Host,
    type Hosts,
    type Logins,
    makeLogins,
    meetHost,
    type ObjectStorage,
    prepareHost,
    type PublishedAddress,
} from "../../host";

const USER = "admin";
const PORTS = { ssh: 22, engine: 2376 };
const REGISTRY_PREFIX = "registry";

export interface AwsHostsArgs {
    /** The Pulumi stack's name. It becomes a tag of everything, and part of the key pair's name. */
    stack: string;
    /**
     * What Skep chose for the stack, which the next command reads from the state: an output of this component is there as
     * soon as the component is declared, also when the first up ends half way.
     */
    facts: Facts;
    /** The hosts to create, with their zones. */
    hosts: readonly PlacedHost[];
    /** The checked settings of `skep:aws`. */
    settings: AwsSettings;
    /** Names of the hosts that this run makes anew if the settings differ from what they have. */
    renewed: readonly string[];
    /** The ports that swarm stacks publish, but for the registry's. */
    stackPorts: readonly StackPort[];
    /** The names of the hosts that run the registry, and its port there. */
    registry: { hosts: readonly string[]; port: number };
    /** The UDP port of overlay networks. Default 4789. */
    dataPathPort?: number;
}

/** Instances over the zones of a region, with their network, security groups, load balancer and storage. */
export class AwsHosts extends pulumi.ComponentResource implements Hosts {
    readonly hosts: Host[];
    readonly foundation: aws.ec2.Vpc;
    readonly published: PublishedAddress[];
    readonly storage?: ObjectStorage;
    readonly loadBalancer?: pulumi.Output<string>;
    private readonly tagging: Tagging;
    private readonly children: pulumi.ComponentResourceOptions & { provider: aws.Provider };
    private readonly network: Network;
    private readonly groups: Groups;

    constructor(
        private readonly name: string,
        private readonly args: AwsHostsArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("skep:hosts:Aws", name, {}, opts);
        const { settings, stack, registry } = args;
        this.tagging = { stack, tags: settings.tags };
        const provider = makeProvider(`${name}-provider`, settings, this);
        this.children = { parent: this, provider };
        const appPorts = [...new Set([...settings.appPorts, ...args.stackPorts.map(({ port }) => port)])];

        this.network = new Network(
            `${name}-network`,
            {
                tagging: this.tagging,
                network: settings.network,
                zones: this.zones(),
                keepZones: settings.zoneNames === undefined,
            },
            this.inComponent(),
        );
        this.foundation = this.network.vpc;
        this.groups = new Groups(
            `${name}-group`,
            {
                ...settings,
                appPorts,
                registryPort: registry.port,
                dataPathPort: args.dataPathPort,
                tagging: this.tagging,
                vpcId: this.network.vpc.id,
            },
            this.inComponent(),
        );
        const storage = settings.registryStorage === "s3" ? this.makeStorage() : undefined;
        this.storage = storage && {
            bucket: storage.bucket,
            region: settings.region,
            endpoint: settings.endpoint,
            prefix: REGISTRY_PREFIX,
        };
        this.hosts = this.makeHosts(storage);
        this.loadBalancer = settings.loadBalancer ? this.balance(appPorts) : undefined;
        this.published = this.addresses();
        this.registerOutputs({ facts: args.facts });
    }

    private addresses(): PublishedAddress[] {
        const { stackPorts, registry } = this.args;
        const on = (port: number) =>
            Object.fromEntries(this.hosts.map(({ name, ssh }) => [name, { host: ssh.host, port }]));
        const stacks = stackPorts.map(({ stack, port }) => ({
            stack,
            port,
            balanced: this.loadBalancer && { host: this.loadBalancer, port },
            nodes: on(port),
        }));
        return [...stacks, { stack: "registry", port: registry.port, nodes: on(registry.port) }];
    }

    private inComponent(): pulumi.ComponentResourceOptions {
        return { parent: this, providers: [this.children.provider] };
    }

    /** The zones of the hosts. AWS gives the names of zones that have none yet. */
    private zones(): HostZone[] {
        const { settings, hosts } = this.args;
        const places = [...new Map(hosts.map(({ zoneIndex, zone }) => [zoneIndex, zone]))].sort(
            ([a], [b]) => a - b,
        );
        // This excludes local zones and wavelength zones.
        const regular = { name: "zone-type", values: ["availability-zone"] };
        const available = aws.getAvailabilityZonesOutput(
            { state: "available", filters: [regular] },
            this.children,
        );
        const all = aws.getAvailabilityZonesOutput({ filters: [regular] }, this.children);
        const wanted = places.map(([, zone]) => (isUnnamed(zone) ? undefined : zone));
        const chosen = pulumi.all([available.names, all.names]).apply(([availableNames, allNames]) => {
            const { zones, problem } = chooseZones(wanted, availableNames, allNames, settings.region);
            if (problem) throw new SkepError([problem]);
            return zones ?? [];
        });
        return places.map(([index], i) => ({ index, name: chosen.apply((names) => names[i] ?? "") }));
    }

    private ami(): pulumi.Input<string> {
        const { system, architecture, ami } = this.args.settings.image;
        if (ami !== undefined) return ami;
        const query = imageQuery(system, architecture);
        return aws.ec2.getAmiOutput(
            {
                owners: [query.owner],
                mostRecent: true,
                filters: [
                    { name: "name", values: [query.name] },
                    { name: "architecture", values: [query.architecture] },
                    { name: "state", values: ["available"] },
                ],
            },
            this.children,
        ).id;
    }

    private makeHosts(storage: Storage | undefined): Host[] {
        const { name, args, children, tagging } = this;
        const logins = makeLogins(name, args.facts.rotations, { parent: this });
        const key = new aws.ec2.KeyPair(
            `${name}-key`,
            {
                keyNamePrefix: `skep-${args.stack}-`,
                publicKey: logins.present.publicKeyOpenssh.apply((text) => text.trim()),
                tags: tagsFor(tagging, "key"),
            },
            children,
        );
        const ami = this.ami();
        return args.hosts.map((placed) => this.host(placed, logins, key, ami, storage));
    }

    private host(
        placed: PlacedHost,
        logins: Logins,
        key: aws.ec2.KeyPair,
        ami: pulumi.Input<string>,
        storage: Storage | undefined,
    ): Host {
        const { args, children, network, groups } = this;
        const { settings } = args;
        const subnet = network.subnets.find(({ index }) => index === placed.zoneIndex);
        const { nodes, managers } = groups.ids;
        if (!subnet || !nodes || !managers) throw new Error(`no subnet or security group for ${placed.name}`);
        const birth = prepareHost(placed.name, USER, logins.present, { parent: this });
        const instance = makeInstance(
            {
                tagging: this.tagging,
                host: placed,
                settings,
                renewed: args.renewed.includes(placed.name),
                subnet,
                ami,
                groupIds: placed.role === "manager" ? [nodes, managers] : [nodes],
                keyName: key.keyName,
                userData: birth.userData,
                profile: args.registry.hosts.includes(placed.name) ? storage?.profile : undefined,
            },
            { ...children, dependsOn: [...network.routes, ...groups.rules] },
        );
        const isPublic = (settings.connectVia ?? settings.network.subnets) === "public";
        const host = {
            ...placed,
            id: instance.id,
            zone: subnet.zone,
            address:
                placed.role === "manager" ? managerAddress(subnet.range, placed.ordinal) : instance.privateIp,
            resource: instance,
            ports: PORTS,
            ssh: {
                host: isPublic ? instance.publicIp : instance.privateIp,
                port: PORTS.ssh,
                user: USER,
                privateKey: logins.present.privateKeyOpenssh,
            },
        };
        return meetHost(host, birth, logins, { parent: this });
    }

    private makeStorage(): Storage {
        return new Storage(
            `${this.name}-registry`,
            { tagging: this.tagging, prefix: REGISTRY_PREFIX },
            this.inComponent(),
        );
    }

    private balance(ports: readonly number[]): pulumi.Output<string> {
        const groupId = this.groups.ids.balancer;
        if (!groupId) throw new Error("a load balancer needs its security group");
        return new Balancer(
            `${this.name}-balancer`,
            {
                tagging: this.tagging,
                vpcId: this.network.vpc.id,
                subnetIds: this.network.publicSubnets.map(({ id }) => id),
                groupId,
                ports,
                targets: this.hosts.map((host) => ({ host, id: host.id })),
            },
            // EC2 needs the VPC's internet gateway before the balancer exists and until the balancer is deleted.
            { ...this.inComponent(), dependsOn: this.network.routes },
        ).dnsName;
    }
}

/** The stack's own AWS provider: region and endpoint come from the stack's settings, not from this machine's. */
function makeProvider(
    name: string,
    { region, endpoint }: AwsSettings,
    parent: pulumi.Resource,
): aws.Provider {
    const elsewhere = endpoint !== undefined && {
        endpoints: [{ ec2: endpoint, elbv2: endpoint, iam: endpoint, s3: endpoint, sts: endpoint }],
        // The server there is not AWS: it supports neither host names of buckets nor checks of credentials.
        s3UsePathStyle: true,
        skipCredentialsValidation: true,
        skipRequestingAccountId: true,
        skipMetadataApiCheck: true,
    };
    return new aws.Provider(name, { region, ...elsewhere }, { parent });
}
