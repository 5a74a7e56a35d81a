// The swarm: one cluster over all hosts. Every host is a node with its role, availability and labels.

import * as pulumi from "@pulumi/pulumi";
import type { Rotations } from "../config/facts";
import { availabilityOf, type MemberSettings, roleOf } from "../planning/members";
import type { Places } from "../planning/placement";
import type { SwarmWishes } from "../planning/swarm-settings";
import { Cluster, Node } from "../providers/sdk/swarm";
import { type Host, hostInput } from "./host";

export interface SwarmArgs {
    /** All hosts of the stack. */
    hosts: readonly Host[];
    /** The engines of all hosts; the swarm waits for them. */
    installed: readonly pulumi.Resource[];
    /** Whether a restarted manager needs the unlock key. */
    autolock: boolean;
    /** How often keys were rotated. Default: never. */
    rotations?: Rotations;
    /** Range for overlay networks, one /24 each. */
    overlayPool: string;
    /** The swarm's own settings. What is not given stays as it is. */
    settings: SwarmWishes & { dataPathPort?: number };
    /** Settings of roles and availabilities. */
    members: MemberSettings;
    /** How long a drain of a node waits for its tasks, in seconds. */
    drainSeconds: number;
    /** Names of the hosts that run the registry. */
    registryHosts: readonly string[];
    /** Hosts in `skep:renew` that are made anew when every host is a member. */
    renewed: readonly string[];
    /** Whether Pulumi refuses to delete the swarm. */
    protect: boolean;
    /** Destroy deletes this last. The whole swarm goes with it, so no member has to leave by itself. */
    foundation: pulumi.Resource;
}

/** One cluster over all hosts, with autolock if the settings ask for it. Every node has a label with its availability zone. */
export class Swarm extends pulumi.ComponentResource {
    readonly cluster: Cluster;
    /** Nodes by host name. */
    readonly nodes: Map<string, Node>;
    /** All hosts, managers first. */
    readonly hosts: Host[];
    /** Names of the nodes that take tasks. */
    readonly activeNodes: string[];
    /** All hosts with their roles in the swarm, in the form that resources of the provider take. */
    readonly members: ReturnType<typeof hostInput>[];
    /** The present managers, in the same form. */
    readonly managers: ReturnType<typeof hostInput>[];

    constructor(name: string, args: SwarmArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Swarm", name, {}, opts);
        const managers = managersOf(args.hosts, args.members);
        this.hosts = [...managers, ...args.hosts.filter((host) => !managers.includes(host))];
        this.members = this.hosts.map((host) => member(host, args.members));
        this.managers = managers.map((host) => member(host, args.members));
        const active = args.hosts.filter((host) => availabilityOf(host, args.members) === "active");
        this.activeNodes = active.map((host) => host.name);
        const { dataPathPort, ...settings } = args.settings;
        this.cluster = new Cluster(
            `${name}-cluster`,
            {
                managers: this.managers,
                autolock: args.autolock,
                addressPool: args.overlayPool,
                ...(dataPathPort !== undefined && { dataPathPort }),
                ...(Object.keys(settings).length > 0 && { settings }),
                rotations: ofSwarm(args.rotations),
            },
            {
                parent: this,
                dependsOn: [...args.installed],
                deletedWith: args.foundation,
                protect: args.protect,
            },
        );
        this.nodes = new Map(args.hosts.map((host) => [host.name, this.node(args, host)]));
        // In the state only when every host is a member: an up that fails leaves there what the last whole one wrote.
        const placement = this.placement(args.hosts);
        const { renewed } = args;
        this.registerOutputs({
            placement,
            ...(renewed.length > 0 && { renewed: placement.apply(() => [...renewed]) }),
        });
    }

    /** Where each host has become a member, by name. */
    private placement(hosts: readonly Host[]): pulumi.Output<Places> {
        const places = hosts.map(({ name, zone, zoneIndex }) =>
            pulumi
                .all([zone, this.nodes.get(name)!.nodeId])
                .apply(([known]) => [name, { zone: known, zoneIndex }] as const),
        );
        return pulumi.all(places).apply((all) => Object.fromEntries(all));
    }

    private node(args: SwarmArgs, host: Host): Node {
        return new Node(
            `${host.name}-node`,
            {
                clusterId: this.cluster.clusterId,
                managers: this.managers,
                host: member(host, args.members),
                hostId: host.id,
                hostname: host.name,
                role: roleOf(host, args.members),
                availability: availabilityOf(host, args.members),
                labels: {
                    ...args.members.nodes[host.name]?.labels,
                    availability_zone: host.zone,
                    ...(args.registryHosts.includes(host.name) && { registry: "true" }),
                },
                drainSeconds: args.drainSeconds,
            },
            { parent: this, deletedWith: this.cluster },
        );
    }
}

/** The rotations of what the swarm itself makes; undefined if there was none, as in the state of a stack without any. */
function ofSwarm({ unlockKey, joinTokens, ca }: Rotations = {}) {
    const own = Object.entries({ unlockKey, joinTokens, ca }).filter(([, number]) => number !== undefined);
    return own.length === 0 ? undefined : Object.fromEntries(own);
}

function managersOf(hosts: readonly Host[], members: MemberSettings): Host[] {
    return hosts.filter((host) => roleOf(host, members) === "manager");
}

/** The host in the form that the provider takes, with its role in the swarm. */
function member(host: Host, members: MemberSettings) {
    return { ...hostInput(host), role: roleOf(host, members) };
}
