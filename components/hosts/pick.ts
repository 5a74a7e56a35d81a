// Makes hosts of the kind that the settings ask for. Only this file knows the kinds; the other components do not.

import type { LocalImage } from "../registry";
import type { Hosts } from "../host";
import { LabHosts } from "./lab";
import type { Facts } from "../../config/facts";
import type { Settings } from "../../config/settings";
import type { PlacedHost } from "../../planning/placement";
import { type PublishedPort, samplePorts, type StackPort } from "../../planning/ports";

export interface HostsArgs {
    /** The Pulumi stack's name. */
    stack: string;
    /** The id of this clone of the project. */
    project: string;
    /** The checked settings; a lab's subnet and ports are already chosen. */
    settings: Settings;
    /** The hosts to create, with their zones. */
    placed: readonly PlacedHost[];
    /** Names of the hosts that this run makes anew. */
    renewed: readonly string[];
    /** Names of the hosts that run the registry. */
    registryHosts: readonly string[];
    /** What Skep chose for the stack, for its state. */
    facts: Facts;
    /** The ports that the user's own stacks publish. */
    userPorts: readonly StackPort[];
    /** The images of the lab's hosts and of its gateway. */
    images: Record<"host" | "gateway", LocalImage>;
    /** What the lab's existing hosts publish, by name. Default none. */
    standing?: Readonly<Record<string, readonly PublishedPort[]>>;
    /** A folder of this machine with the repository of docker-ce; lab only. Default: none is mounted. */
    repositoryMount?: { source: string; target: string };
}

/** Makes hosts of the kind that `skep:hosts` names. */
export function makeHosts({
    stack,
    project,
    settings,
    placed,
    renewed,
    registryHosts,
    facts,
    userPorts,
    images,
    standing,
    repositoryMount,
}: HostsArgs): Hosts {
    if (settings.hosts === "aws") {
        if (!settings.aws) throw new Error("settings with hosts on AWS have been checked to have skep:aws");
        // Loading AWS's SDK takes a second; a lab does not need it.
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- the program declares resources synchronously
        const { AwsHosts } = require("./aws") as typeof import("./aws");
        return new AwsHosts("aws", {
            stack,
            facts,
            hosts: placed,
            renewed,
            settings: settings.aws,
            stackPorts: [...samplePorts(settings), ...userPorts],
            registry: { hosts: registryHosts, port: settings.registry.port },
            dataPathPort: settings.swarm.dataPathPort,
        });
    }
    if (settings.labSubnet === undefined || settings.labPorts === undefined || facts.gateway === undefined)
        throw new Error("a lab's subnet and ports are chosen before its program runs");
    return new LabHosts("lab", {
        stack,
        project,
        facts,
        hosts: placed,
        renewed,
        images: { host: images.host.id, gateway: images.gateway.id },
        subnet: settings.labSubnet,
        ports: settings.labPorts,
        standing,
        gateway: facts.gateway,
        repositoryMount,
    });
}
