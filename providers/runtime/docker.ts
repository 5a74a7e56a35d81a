// The Docker engine of this machine: the one answer to which it is, and its client. Set-up, the provider "swarm", which
// takes images from it, and the stand-in for Pulumi's docker plugin all ask here. Hosts' engines are reached by SSH.

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

/** Where set-up found an engine, in a process in which nothing names one. */
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

/** Known sockets of engines that are on this machine, answering or not; the usual one first. */
export function socketsHere(): string[] {
    return knownSockets({ environment: process.env, home: homedir() }).filter(existsSync);
}

/** From now on this process takes the engine at this socket wherever nothing names one. */
export function preferSocket(path: string): void {
    answering = path;
}

/** The engine that is meant. Fails with DOCKER_ENDPOINT where what names it cannot be followed. */
export function dockerEndpoint(): DockerEndpoint {
    const { endpoint, problem } = choice();
    if (problem) throw new SkepError([problem]);
    return endpoint;
}

/** Variables with which other programs go to the same engine; none where what names it cannot be followed. */
export function dockerEnvironment(): Record<string, string> {
    const { endpoint } = choice();
    return endpoint ? environmentOf(endpoint) : {};
}

/** A client of the engine that is meant, or of the one at `endpoint`. It connects with its first request. */
export function dockerClient({ host, certificates }: DockerEndpoint = dockerEndpoint()): Docker {
    if (host.startsWith("unix://")) return new Docker({ socketPath: host.slice("unix://".length) });
    const { hostname, port } = new URL(host.replace(/^tcp:/, "http:"));
    const file = (name: string) => readFileSync(join(certificates ?? "", name), "utf8");
    return new Docker({
        host: hostname,
        // A URL drops the port that its scheme has by default.
        port: port || "80",
        ...(certificates
            ? { protocol: "https", ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") }
            : { protocol: "http" }),
    });
}
