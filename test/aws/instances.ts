// Turns each running instance of an EC2 API into a lab host: a container at the instance's private address, on a bridge
// network with the VPC's range. cloud-init gets the instance's user data, key pair and zone. When an instance ends or stops,
// its host does so within a second.

import { randomBytes } from "node:crypto";
import {
    DescribeInstanceAttributeCommand,
    DescribeInstancesCommand,
    DescribeKeyPairsCommand,
    type EC2Client,
    type Instance,
} from "@aws-sdk/client-ec2";
import type Docker from "dockerode";
import { stringify } from "yaml";
import { LAB_HOST_OPTIONS } from "../../components/hosts/capabilities";
import { addressAt, labSubnets } from "../../planning/addresses";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import { dockerClient } from "../../scripts/setup/docker";
import { projectId } from "../../lab/project";
import { makeHost, runOn } from "../support/host-container";

const POLL_MILLISECONDS = 500;
const NOT_MODIFIED = 304;
/** The address at which instances request their role's credentials. */
const METADATA = "169.254.169.254";

/** The network for a VPC that the stack will create. */
export interface VpcNetwork {
    name: string;
    /** A range that no other network of this machine uses. */
    range: string;
    /** This machine's address in the range: the first one, which EC2 gives to no instance. */
    gateway: string;
}

function labels(name: string): Record<string, string> {
    return { [STACK_LABEL]: name, [PROJECT_LABEL]: projectId() };
}

/** Makes a network whose name begins with `prefix`. */
export async function makeNetwork(prefix: string): Promise<VpcNetwork> {
    const docker = dockerClient();
    // A killed run may have left a network. Older engines allow two with one name, and then containers can join neither.
    const name = `${prefix}-${randomBytes(4).toString("hex")}`;
    // Start at the end: labs start at the beginning.
    for (const range of labSubnets().reverse()) {
        const gateway = addressAt(range, 1);
        try {
            await docker.createNetwork({
                Name: `skep-${name}`,
                Driver: "bridge",
                Labels: labels(name),
                IPAM: { Config: [{ Subnet: range, Gateway: gateway }] },
            });
            return { name, range, gateway };
        } catch (error) {
            if (!/overlap|exist on your machine/i.test((error as Error).message)) throw error;
        }
    }
    throw new Error("every range for a network is taken on this machine");
}

export interface HostOptions {
    ec2: EC2Client;
    network: VpcNetwork;
    /** The lab host image. */
    image: string;
    /** Where the stand-in for the metadata service listens. */
    metadata: { host: string; port: number };
}

export class InstanceHosts {
    private stopped = false;
    private readonly loop: Promise<void>;
    private readonly docker = dockerClient();
    /** What happens to each host now, by instance id. */
    private readonly hosts = new Map<string, Promise<void>>();
    /** The hop limit that each running host has for the metadata service, by instance id. */
    private readonly hops = new Map<string, number>();
    /** The first error. */
    private problem: unknown;

    constructor(private readonly options: HostOptions) {
        this.loop = this.follow();
    }

    /** The container of an instance. */
    container(instanceId: string): Docker.Container {
        return this.docker.getContainer(`skep-${this.options.network.name}-${instanceId}`);
    }

    /** Describes the hosts, for the output of a failed test. */
    async report(): Promise<string> {
        const containers = await this.docker.listContainers({ all: true, filters: this.own });
        const states = containers.map(({ Names, Status }) => `${Names[0]}: ${Status}`);
        return [...states, `first problem of a host: ${String(this.problem)}`].join("\n      ");
    }

    /** Stops following the API, and removes every host and the network. */
    async remove(): Promise<void> {
        this.stopped = true;
        await this.loop;
        await Promise.allSettled(this.hosts.values());
        const filters = this.own;
        for (const { Id } of await this.docker.listContainers({ all: true, filters }))
            await this.docker.getContainer(Id).remove({ force: true, v: true });
        for (const { Id } of await this.docker.listNetworks({ filters }))
            await this.docker.getNetwork(Id).remove();
    }

    private get own() {
        return { label: [`${STACK_LABEL}=${this.options.network.name}`] };
    }

    private async follow(): Promise<void> {
        while (!this.stopped) {
            try {
                await this.step();
            } catch (error) {
                this.problem ??= error;
            }
            await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
        }
    }

    /** Compares hosts with instances once. The changes of one host run in order; hosts do not wait for each other. */
    private async step(): Promise<void> {
        const { Reservations = [] } = await this.options.ec2.send(new DescribeInstancesCommand({}));
        for (const instance of Reservations.flatMap(({ Instances = [] }) => Instances)) {
            const id = instance.InstanceId ?? "";
            const before = this.hosts.get(id) ?? Promise.resolve();
            if ((await Promise.race([before, Promise.resolve("busy")])) === "busy") continue;
            this.hosts.set(
                id,
                this.bring(instance).catch((error: unknown) => void (this.problem ??= error)),
            );
        }
    }

    private async bring(instance: Instance): Promise<void> {
        const container = this.container(instance.InstanceId ?? "");
        const found = await unless(container.inspect(), 404);
        const state = instance.State?.Name;
        if (state === "terminated" && found) await unless(container.remove({ force: true, v: true }), 404);
        if (state === "stopped" && found?.State.Running)
            await unless(container.stop({ t: LAB_HOST_OPTIONS.stopTimeoutSeconds }), NOT_MODIFIED);
        if (state !== "running") return;
        if (!found) await this.make(instance);
        if (!found?.State.Running) {
            this.hops.delete(instance.InstanceId ?? "");
            await this.start(container);
        }
        await this.limitHops(container, instance);
    }

    private async make(instance: Instance): Promise<void> {
        const { network, image } = this.options;
        const id = instance.InstanceId ?? "";
        await makeHost(this.docker, {
            name: `skep-${network.name}-${id}`,
            // EC2's name for the instance, until cloud-init sets the name in its user data.
            hostname: `ip-${(instance.PrivateIpAddress ?? "").replaceAll(".", "-")}`,
            image,
            labels: labels(network.name),
            network: { name: `skep-${network.name}`, address: instance.PrivateIpAddress ?? "" },
            seed: {
                "user-data": await this.userData(id),
                "meta-data": stringify({
                    "instance-id": id,
                    "availability-zone": instance.Placement?.AvailabilityZone,
                    "public-keys": await this.publicKey(instance.KeyName),
                }),
            },
        });
    }

    private async userData(InstanceId: string): Promise<string> {
        const { UserData } = await this.options.ec2.send(
            new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" }),
        );
        return Buffer.from(UserData?.Value ?? "", "base64").toString();
    }

    private async publicKey(name: string | undefined): Promise<Record<string, string>> {
        if (name === undefined) return {};
        const { KeyPairs = [] } = await this.options.ec2.send(
            new DescribeKeyPairsCommand({ KeyNames: [name], IncludePublicKey: true }),
        );
        return { [name]: KeyPairs[0]?.PublicKey ?? "" };
    }

    private async start(container: Docker.Container): Promise<void> {
        await container.start();
        const { metadata } = this.options;
        // OUTPUT is for processes on the host, PREROUTING for containers behind its bridges.
        for (const chain of ["OUTPUT", "PREROUTING"])
            await runOn(
                container,
                `iptables -t nat -A ${chain} -d ${METADATA} -p tcp --dport 80 -j DNAT --to ${metadata.host}:${metadata.port}`,
            );
    }

    /** Limits how many hops the metadata service's answers travel, as EC2 does. */
    private async limitHops(container: Docker.Container, instance: Instance): Promise<void> {
        const { host, port } = this.options.metadata;
        const id = instance.InstanceId ?? "";
        const wanted = instance.MetadataOptions?.HttpPutResponseHopLimit ?? 1;
        const has = this.hops.get(id);
        if (has === wanted) return;
        const rule = (action: string, hops: number) =>
            `iptables -t mangle ${action} PREROUTING -s ${host} -p tcp --sport ${port} -j TTL --ttl-set ${hops}`;
        await runOn(container, rule("-A", wanted));
        if (has !== undefined) await runOn(container, rule("-D", has));
        this.hops.set(id, wanted);
    }
}

async function unless<T>(answer: Promise<T>, status: number): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if ((error as { statusCode?: number }).statusCode === status) return undefined;
        throw error;
    }
}
