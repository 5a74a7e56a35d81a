// Which Docker engine to use. The rules are those of docker's own command line: DOCKER_HOST, else the context that
// DOCKER_CONTEXT names, else the current context of its configuration, else a socket on this machine
// (docker/cli, cli/command/cli.go, resolveContextName). The caller reads files and asks engines.

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Problem } from "../errors";

/** Everything that the choice depends on. */
export interface DockerSurroundings {
    environment: Readonly<Record<string, string | undefined>>;
    /** The user's home folder. */
    home: string;
    /** Reads a file; undefined when it does not exist. */
    read(path: string): string | undefined;
    /** Whether the path exists. */
    exists(path: string): boolean;
    /** The socket at which an engine answers, when neither the environment nor a context names one. */
    answering?: string;
}

export interface DockerEndpoint {
    /** In the form of DOCKER_HOST: `unix:///PATH` or `tcp://HOST:PORT`. */
    host: string;
    /** What names the engine, for error texts: `DOCKER_HOST`, `the Docker context "NAME"`; undefined when Skep found it. */
    from?: string;
    /** The folder with ca.pem, cert.pem and key.pem for TLS. */
    certificates?: string;
}

export type EndpointChoice =
    { endpoint: DockerEndpoint; problem?: undefined } | { endpoint?: undefined; problem: Problem };

export const USUAL_SOCKET = "/var/run/docker.sock";
const CERTIFICATES = ["ca.pem", "cert.pem", "key.pem"];
const PORT = "2375";
const TLS_PORT = "2376";

/**
 * `up` tells users to name a swarm's context like this. Its engine is one of the lab's own hosts, so Skep ignores it, even
 * when it is the current context.
 */
const OWN_CONTEXTS = /^skep-/;

/** Where engines on this machine usually have their sockets, the most usual first. */
export function knownSockets({
    environment,
    home,
}: Pick<DockerSurroundings, "environment" | "home">): string[] {
    const { XDG_RUNTIME_DIR } = environment;
    return [
        USUAL_SOCKET,
        ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, "docker.sock")] : []), // rootless
        join(home, ".docker/run/docker.sock"), // Docker Desktop on a Mac, older rootless engines
        join(home, ".docker/desktop/docker.sock"), // Docker Desktop on Linux
        join(home, ".colima/default/docker.sock"),
    ];
}

/** Chooses the engine, or says why the engine that is named cannot be used. */
export function resolveEndpoint(seen: DockerSurroundings): EndpointChoice {
    const { DOCKER_HOST, DOCKER_CONTEXT } = seen.environment;
    if (DOCKER_HOST) return namedByHost(DOCKER_HOST, seen);
    if (DOCKER_CONTEXT) return namedByContext(DOCKER_CONTEXT, "DOCKER_CONTEXT", seen);
    const file = join(configFolder(seen), "config.json");
    const config = parsed(seen.read(file));
    if (config === undefined)
        return refused(`${file} cannot be read: it is not JSON.`, "Correct it, or set DOCKER_HOST.");
    const { currentContext } = config;
    if (typeof currentContext === "string" && currentContext !== "")
        return namedByContext(currentContext, file, seen);
    return unnamed(seen);
}

/** Nothing names an engine: take the socket that answers, else the first known socket that exists. */
function unnamed(seen: DockerSurroundings): EndpointChoice {
    const socket = seen.answering ?? knownSockets(seen).find((path) => seen.exists(path)) ?? USUAL_SOCKET;
    return { endpoint: { host: `unix://${socket}` } };
}

function namedByHost(value: string, seen: DockerSurroundings): EndpointChoice {
    const { DOCKER_TLS, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH } = seen.environment;
    const certificates = DOCKER_TLS_VERIFY ? DOCKER_CERT_PATH || configFolder(seen) : undefined;
    const isUnchecked = Boolean(DOCKER_TLS) && !DOCKER_TLS_VERIFY;
    return endpointAt(value, "DOCKER_HOST", { certificates, isUnchecked }, seen);
}

interface ContextFile {
    Endpoints?: { docker?: { Host?: unknown; SkipTLSVerify?: unknown } };
}

function namedByContext(name: string, by: string, seen: DockerSurroundings): EndpointChoice {
    if (name === "default" || OWN_CONTEXTS.test(name)) return unnamed(seen);
    const folder = join(configFolder(seen), "contexts");
    const id = createHash("sha256").update(name).digest("hex");
    const text = seen.read(join(folder, "meta", id, "meta.json"));
    if (text === undefined)
        return refused(
            `There is no Docker context "${name}", which ${by} names.`,
            "docker context ls lists those that there are: choose one of them, or set DOCKER_HOST.",
        );
    const { Host, SkipTLSVerify } = (parsed(text) as ContextFile | undefined)?.Endpoints?.docker ?? {};
    if (typeof Host !== "string" || Host === "")
        return refused(
            `The Docker context "${name}" names no engine.`,
            "Choose another one with docker context use NAME, or set DOCKER_HOST.",
        );
    const tls = join(folder, "tls", id, "docker");
    const certificates = CERTIFICATES.some((file) => seen.exists(join(tls, file))) ? tls : undefined;
    return endpointAt(
        Host,
        `the Docker context "${name}"`,
        { certificates, isUnchecked: SkipTLSVerify === true },
        seen,
    );
}

interface Tls {
    certificates?: string;
    /** Whether the user turned off the check of the engine's certificate. */
    isUnchecked: boolean;
}

function endpointAt(
    value: string,
    from: string,
    { certificates, isUnchecked }: Tls,
    seen: DockerSurroundings,
): EndpointChoice {
    const [, scheme = "tcp", rest = ""] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(value) ?? [];
    if (scheme === "unix") return { endpoint: { host: `unix://${rest || USUAL_SOCKET}`, from } };
    const address = scheme === "tcp" ? addressOf(rest, certificates ? TLS_PORT : PORT) : undefined;
    if (address === undefined)
        return refused(
            `${capital(from)} names an engine at ${scheme}://, and Skep reaches one at a socket or at a port only.`,
            "Set DOCKER_HOST to unix:///PATH or tcp://HOST:PORT, or choose another context.",
        );
    if (isUnchecked)
        return refused(
            `${capital(from)} names an engine whose certificate is not to be checked.`,
            "Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or make a context that has the engine's CA.",
        );
    const missing = certificates && CERTIFICATES.find((file) => !seen.exists(join(certificates, file)));
    if (missing)
        return refused(
            `${capital(from)} names an engine with TLS, and ${missing} is missing in ${certificates}.`,
            "Put the CA's, the client's certificate and its key there, or name another engine with DOCKER_HOST.",
        );
    return { endpoint: { host: `tcp://${address}`, from, ...(certificates && { certificates }) } };
}

function addressOf(rest: string, port: string): string | undefined {
    // URL parses hosts and ports only for schemes that it knows.
    const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined;
    if (!url || url.hostname === "" || url.username !== "") return undefined;
    const asked = /:(\d+)(?:\/|$)/.exec(rest)?.[1];
    return `${url.hostname}:${asked ?? port}`;
}

/** Where docker's command line keeps its configuration. */
function configFolder({ environment, home }: DockerSurroundings): string {
    return environment.DOCKER_CONFIG || join(home, ".docker");
}

/** Whether the engine is on another machine. A lab's ports are on the loopback of its engine's machine. */
export function isRemote({ host }: Pick<DockerEndpoint, "host">): boolean {
    if (!host.startsWith("tcp://")) return false;
    return !/^tcp:\/\/(127\.[\d.]+|localhost|\[::1\]):/.test(host);
}

/** Parses a JSON object. No file or an empty file is an empty configuration; undefined when the text is no object. */
function parsed(text: string | undefined): Record<string, unknown> | undefined {
    if (text === undefined || text.trim() === "") return {};
    try {
        const value = JSON.parse(text) as unknown;
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

/**
 * The variables that make other programs use the same engine, whatever their own rules are: Pulumi's docker plugin prefers
 * DOCKER_CONTEXT to everything else, and uses TLS even at a socket when DOCKER_CERT_PATH is set. Empty counts as unset.
 */
export function environmentOf({ host, certificates }: DockerEndpoint): Record<string, string> {
    return {
        DOCKER_HOST: host,
        DOCKER_CONTEXT: "",
        DOCKER_CERT_PATH: certificates ?? "",
        DOCKER_TLS: "",
        DOCKER_TLS_VERIFY: certificates ? "1" : "",
    };
}

function refused(problem: string, advice: string): EndpointChoice {
    return { problem: { id: "DOCKER_ENDPOINT", problem, advice } };
}

function capital(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1);
}
