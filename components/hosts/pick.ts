// Picks the kind of hosts that a stack's settings ask for: above this line nothing knows which it is.

import type { LocalImage } from "../registry";
import type { Hosts } from "../host";
import { LabHosts } from "./lab";
import type { Facts } from "../../config/facts";
import type { Settings } from "../../config/settings";
import type { PlacedHost } from "../../planning/placement";
import type { HostPorts } from "../../planning/ports";

export interface HostsArgs {
    /** The Pulumi stack's name. */
    stack: string;
    /** The id of this copy of the project. */
    project: string;
    /** The stack's settings, checked; a lab's subnet and ports are chosen already. */
    settings: Settings;
    /** The hosts to make, each with its zone. */
    placed: readonly PlacedHost[];
    /** Names of the hosts that run the registry. */
    registryHosts: readonly string[];
    /** What Skep chose for the stack, for its state. */
    facts: Facts;
    /** The lab's host image. */
    image: LocalImage;
    /** Ports of the lab's hosts that stand already, by name. */
    standing?: Readonly<Record<string, HostPorts>>;
    /** The engine's repository on this machine, where it is not Docker's own; lab only. */
    repositoryMount?: { source: string; target: string };
}

/** Hosts of the kind that `skep:hosts` names. */
export function makeHosts({
    stack,
    project,
    settings,
    placed,
    registryHosts,
    facts,
    image,
    standing,
    repositoryMount,
}: HostsArgs): Hosts {
    const { port: registryPort } = settings.registry;
    if (settings.hosts === "aws") {
        if (!settings.aws) throw new Error("settings with hosts on AWS have been checked to have skep:aws");
        // Loading AWS's SDK takes a second, which a lab need not pay.
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- the program declares resources synchronously
        const { AwsHosts } = require("./aws") as typeof import("./aws");
        return new AwsHosts("aws", {
            stack,
            facts,
            hosts: placed,
            settings: settings.aws,
            appPort: settings.sample.enabled ? settings.sample.port : undefined,
            registry: { hosts: registryHosts, port: registryPort },
        });
    }
    if (settings.labSubnet === undefined || settings.labPorts === undefined)
        throw new Error("a lab's subnet and ports are chosen before its program runs");
    return new LabHosts("lab", {
        stack,
        project,
        facts,
        hosts: placed,
        image: image.id,
        subnet: settings.labSubnet,
        ports: settings.labPorts,
        standing,
        appPort: settings.sample.port,
        registryPort,
        repositoryMount,
    });
}
