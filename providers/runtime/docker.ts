// The Docker engine of this machine: the one place that tells which engine that is, and makes its client. Set-up, the
// provider "swarm" (which takes images from it) and the stand-in for Pulumi's docker plugin all ask here. Hosts' engines
// are reached by SSH.

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { SkepError, skepError } from "../../errors";
import {
    type DockerEndpoint,
    type EndpointChoice,
    environmentOf,
    knownSockets,
    resolveEndpoint,
} from "../../planning/docker-endpoint";

/** The socket where set-up found an engine, if nothing names one in this process. */
let answering: string | undefined;

function choice(): EndpointChoice {
    return resolveEndpoint({
        environment: process.env,
        home: homedir(),
        read,
        exists: existsSync,
        answering,
    });
}

function read(path: string): string | undefined {
    try {
        return readFileSync(path, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        throw skepError(
            "DOCKER_ENDPOINT",
            `${path} cannot be read: ${code}.`,
            "Let this user read it, or set DOCKER_HOST.",
        );
    }
}

/** The known sockets of engines that exist on this machine, answering or not; the usual one first. */
export function socketsHere(): string[] {
    return knownSockets({ environment: process.env, home: homedir() }).filter(existsSync);
}

/** Makes this process use the engine at this socket whenever nothing names one. */
export function preferSocket(path: string): void {
    answering = path;
}

/** The engine to use. Throws DOCKER_ENDPOINT if the setting that names it cannot be followed. */
export function dockerEndpoint(): DockerEndpoint {
    const { endpoint, problem } = choice();
    if (problem) throw new SkepError([problem]);
    return endpoint;
}

/** Variables that lead other programs to the same engine; none if the setting that names it cannot be followed. */
export function dockerEnvironment(): Record<string, string> {
    const { endpoint } = choice();
    return endpoint ? environmentOf(endpoint) : {};
}

/** A client of the engine to use, or of the one at `endpoint`. It connects with its first request. */
export function dockerClient({ host, certificates }: DockerEndpoint = dockerEndpoint()): Docker {
    if (host.startsWith("unix://")) return new Docker({ socketPath: host.slice("unix://".length) });
    const { hostname, port } = new URL(host.replace(/^tcp:/, "http:"));
    const file = (name: string) => readFileSync(join(certificates ?? "", name), "utf8");
    return new Docker({
        host: hostname,
        // A URL drops the default port of its scheme.
        port: port || "80",
        ...(certificates
            ? { protocol: "https", ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") }
            : { protocol: "http" }),
    });
}

/** What the engine of this machine answers; undefined if it has no such thing. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
    try {
        return await asked;
    } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined;
        throw error;
    }
}
