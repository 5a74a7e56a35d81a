// Published ports: all forms that Docker reads, and how a service publishes them where there is no routing mesh.
import { isIP } from "node:net";
import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import { at, flowMap, items, mapAt, type Notes, numberAt, set, textAt } from "./nodes";
import { plain, read } from "./scalars";
import type { Port } from "./types";

/** A port in its short form, read: one or, for a range, many; or why it is none. */
export type ShortPort = { ports: Port[]; ip?: string } | { fault: string };

/** Reads a short form, such as `80`, `8080:80`, `127.0.0.1:8080-8081:80-81/udp`. */
export function readShortPort(text: string): ShortPort {
    const [spec = "", protocol = "", ...more] = text.split("/");
    const name = (protocol === "" ? "tcp" : protocol).toLowerCase();
    if (more.length > 0 || !["tcp", "udp", "sctp"].includes(name))
        return { fault: "its protocol must be tcp, udp or sctp" };
    const parts = spec.split(":");
    const target = range(parts.pop());
    const host = parts.pop() ?? "";
    const published = host === "" ? undefined : range(host);
    if (!target) return { fault: "its port of the container is none" };
    if (published === undefined && host !== "") return { fault: "its published port is none" };
    const ip = parts.length > 0 ? parts.join(":").replace(/^\[(.*)\]$/, "$1") : undefined;
    if (ip !== undefined && ip !== "" && isIP(ip) === 0) return { fault: `${ip} is no address` };
    const port = (target: number, published?: number): Port => ({
        target,
        ...(published !== undefined && { published }),
        protocol: name,
        mode: "ingress",
    });
    // One port of the container can have many published ones; it is not so the other way round.
    const single = target.length === 1 ? target[0] : undefined;
    if (published && single !== undefined)
        return { ports: published.map((number) => port(single, number)), ip };
    if (published && published.length !== target.length)
        return { fault: "its two ranges are not equally long" };
    return { ports: target.map((number, index) => port(number, published?.[index])), ip };
}

function range(text: string | undefined): number[] | undefined {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? "");
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last > 65535) return undefined;
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** All ports of a service, with the node that each comes from. Notes what cannot be read. */
export function portsOf(name: string, service: Node, notes: Notes): { port: Port; node: Node }[] {
    return items(at(service, "ports")).flatMap((node): { port: Port; node: Node }[] => {
        if (isScalar(node)) return shortPorts(name, node, notes).map((port) => ({ port, node }));
        const target = numberAt(node, "target");
        if (target === undefined) {
            if (isMap(node) && !at(node, "target"))
                notes.problem(node, `services.${name}.ports: a port needs a target`);
            return [];
        }
        const port: Port = {
            target,
            // 0 and nothing are the same to Docker.
            ...(numberAt(node, "published") && { published: numberAt(node, "published") }),
            protocol: textAt(node, "protocol") ?? "tcp",
            mode: textAt(node, "mode") ?? "ingress",
        };
        return [{ port, node }];
    });
}

function shortPorts(name: string, node: Scalar, notes: Notes): Port[] {
    const { text } = read(node);
    const short = readShortPort(text);
    if ("fault" in short) {
        notes.problem(node, `services.${name}.ports: "${text}" is no port: ${short.fault}`);
        return [];
    }
    if (short.ip)
        notes.warn(
            node,
            `services.${name}.ports: the address ${short.ip} is ignored; a swarm publishes on all addresses of its nodes`,
        );
    return short.ports;
}

/**
 * Publishes a service without the mesh. Virtual IPs and the mesh both need IPVS. Without it, names resolve to tasks, and
 * each node publishes its own tasks' ports.
 */
export function publishByNodes(service: YAMLMap): void {
    const ports = at(service, "ports");
    if (isSeq(ports)) {
        const made = items(ports).flatMap((node): Node[] => {
            if (isMap(node)) {
                if (textAt(node, "mode") !== "host") set(node, "mode", plain("host"));
                return [node];
            }
            const short = isScalar(node) ? readShortPort(read(node).text) : undefined;
            if (!short || "fault" in short) return [node];
            return short.ports.map((port) => withComments(node, longForm({ ...port, mode: "host" })));
        });
        ports.items = made;
    }
    const deploy = mapAt(service, "deploy");
    if (deploy && textAt(deploy, "endpoint_mode") !== "dnsrr") set(deploy, "endpoint_mode", plain("dnsrr"));
}

function longForm({ target, published, protocol, mode }: Port): YAMLMap {
    return flowMap({
        target: plain(target),
        ...(published !== undefined && { published: plain(published) }),
        protocol: plain(protocol),
        mode: plain(mode),
    });
}

function withComments(from: Node, to: YAMLMap): YAMLMap {
    to.commentBefore = from.commentBefore;
    to.comment = from.comment;
    return to;
}
