// Who may talk to whom: the rules of the security groups as plain data.
// Swarm's ports: https://docs.docker.com/engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts

/** `nodes` has every host; `managers` has the managers too; `balancer` has the load balancer, if the stack has one. */
export type Group = "nodes" | "managers" | "balancer";

export interface Rule {
    /** Unique and stable: it names what the rule allows, never the rule's place in a list. */
    name: string;
    group: Group;
    direction: "in" | "out";
    /** `tcp`, `udp`, a protocol's number, or `-1` for all. */
    protocol: string;
    /** Undefined when the protocol has no ports. */
    port?: number;
    peer: { group: Group } | { cidr: string };
    description: string;
}

export interface RuleSettings {
    adminCidrs: readonly string[];
    appCidrs: readonly string[];
    /** All published ports. */
    appPorts: readonly number[];
    registryPort: number;
    /** The UDP port of overlay networks. Default 4789. */
    dataPathPort?: number;
    loadBalancer: boolean;
}

/** IP protocol number of ESP, which carries encrypted overlay networks. */
const ESP = "50";
const EVERYWHERE = "0.0.0.0/0";

const slug = (cidr: string) => cidr.replace("/", "-");

/**
 * Every rule of the security groups. Only nodes reach the swarm's ports, and 2377 is open on managers only (Docker's manual
 * of swarm mode, "Open protocols and ports between the hosts"). Only `adminCidrs` reach SSH and the engine API.
 */
export function securityRules(settings: RuleSettings): Rule[] {
    const from = (
        group: Group,
        what: string,
        protocol: string,
        port: number | undefined,
        cidrs: readonly string[],
        description: string,
    ): Rule[] =>
        [...new Set(cidrs)].map((cidr) => ({
            name: `${group}-${what}-from-${slug(cidr)}`,
            group,
            direction: "in",
            protocol,
            port,
            peer: { cidr },
            description,
        }));
    const among = (
        group: Group,
        what: string,
        protocol: string,
        port: number | undefined,
        peer: Group,
        description: string,
    ): Rule => ({
        name: `${group}-${what}-from-${peer}`,
        group,
        direction: "in",
        protocol,
        port,
        peer: { group: peer },
        description,
    });
    const { adminCidrs, appCidrs, registryPort, dataPathPort = 4789, loadBalancer } = settings;
    const ports = [...new Set(settings.appPorts)];
    // With a load balancer, only the balancer and the administrators reach the hosts' ports directly.
    const direct = loadBalancer ? adminCidrs : appCidrs;
    return [
        among(
            "managers",
            "swarm",
            "tcp",
            2377,
            "nodes",
            "Swarm management: nodes join and report to managers",
        ),
        among("nodes", "gossip-tcp", "tcp", 7946, "nodes", "Swarm gossip among nodes"),
        among("nodes", "gossip-udp", "udp", 7946, "nodes", "Swarm gossip among nodes"),
        among("nodes", "vxlan", "udp", dataPathPort, "nodes", "Overlay networks (VXLAN) among nodes"),
        among("nodes", "esp", ESP, undefined, "nodes", "Encrypted overlay networks (ESP) among nodes"),
        among("nodes", "registry", "tcp", registryPort, "nodes", "Registry for nodes"),
        ...from("nodes", "registry", "tcp", registryPort, adminCidrs, "Registry for administrators"),
        ...from("nodes", "ssh", "tcp", 22, adminCidrs, "SSH for administrators"),
        ...from(
            "managers",
            "engine",
            "tcp",
            2376,
            adminCidrs,
            "Engine API with mutual TLS for administrators",
        ),
        ...ports.flatMap((port) => from("nodes", `app-${port}`, "tcp", port, direct, "Published port")),
        ...(loadBalancer
            ? ports.flatMap((port) => [
                  ...from(
                      "balancer",
                      `app-${port}`,
                      "tcp",
                      port,
                      appCidrs,
                      "Published port at the load balancer",
                  ),
                  among(
                      "nodes",
                      `app-${port}`,
                      "tcp",
                      port,
                      "balancer",
                      "Published port for the load balancer",
                  ),
                  {
                      ...among(
                          "balancer",
                          `app-${port}`,
                          "tcp",
                          port,
                          "nodes",
                          "Load balancer to published port",
                      ),
                      name: `balancer-app-${port}-to-nodes`,
                      direction: "out" as const,
                  },
              ])
            : []),
        {
            name: "nodes-out",
            group: "nodes",
            direction: "out",
            protocol: "-1",
            peer: { cidr: EVERYWHERE },
            description: "Packages, images and AWS for nodes",
        },
    ];
}
