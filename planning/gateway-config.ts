// The configuration of the lab's gateway: HAProxy, which passes TCP connections on to the nodes.

import type { GatewayPort } from "./ports";

/** Connections at once. Each may need two buffers of 16 KiB, and all of them fit into the gateway's memory. */
const MOST_CONNECTIONS = 1000;

/** Renders the configuration. `addresses` are those of the hosts in the lab's network, by name. */
export function renderGateway(
    ports: readonly GatewayPort[],
    addresses: Readonly<Record<string, string>>,
): string {
    const server = (name: string, port: number, more = "") =>
        `    server ${name} ${addresses[name]}:${port}${more}`;
    const listen = (name: string, place: number, lines: readonly string[]) =>
        [`listen ${name}`, `    bind :${place}`, ...lines, ""].join("\n");
    return [
        HEAD,
        ...ports.flatMap(({ stack, port, balanced, nodes }) => [
            listen(`${stack}-${port}`, balanced, [
                ...BALANCED,
                ...Object.keys(addresses).map((name) => server(name, port, " check")),
            ]),
            ...Object.entries(nodes).map(([name, place]) =>
                listen(`${stack}-${port}-${name}`, place, [ONCE, server(name, port)]),
            ),
        ]),
    ].join("\n");
}

const HEAD = `global
    maxconn ${MOST_CONNECTIONS}
    nbthread 1

defaults
    mode tcp
    timeout connect 2s
    timeout check 2s
    timeout client 1h
    timeout server 1h
    option tcpka
    option redispatch 1
    retries 3
`;

/** A node that does not answer ends the connection at once: no other node may take its place. */
const ONCE = "    retries 0";

// A failed connection goes on to the next node, and takes the node out until a check succeeds. Checks of nodes that answer
// are rare: the registry logs each of them.
const BALANCED = [
    "    balance roundrobin",
    "    default-server inter 10s downinter 2s fall 1 rise 1 observe layer4 error-limit 1 on-error mark-down",
];
