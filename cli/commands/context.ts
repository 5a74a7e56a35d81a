// `skep context`: the docker context of a stack's swarm, for the user's own docker.

import { request } from "node:https";
import { skepError } from "../../errors";
import { oneLine } from "../../planning/sentence";
import { shellQuote } from "../../planning/shell";
import { docker } from "../docker-command";
import type { Options } from "../options";
import { printJson } from "../print";
import { writeClientFiles } from "../stack/client-files";
import type { NodeOutput, Outputs } from "../stack/outputs";
import { onStanding, type Standing } from "../stack/standing";

const ANSWER_MS = 3000;
const DOCKER_MS = 20_000;

export interface ContextOptions extends Options {
    /** Prints the command that makes the context, and runs nothing. */
    print?: boolean;
}

interface Endpoint {
    host: string;
    port: number;
}

/** A manager whose engine's API this machine reaches, and how well it answers. */
interface Found extends Endpoint {
    name: string;
    /** `manages`: it can change the swarm. `answers`: it is locked or without a majority. */
    state: "manages" | "answers" | "silent";
}

/** Makes the context `skep-NAME` or points it at a manager that answers now. Throws DOCKER_COMMAND without docker. */
export function context(options: ContextOptions): Promise<void> {
    return onStanding(options, (standing) => contextOf(standing, options));
}

/** The same on a swarm whose hosts are known. */
export async function contextOf(
    { stack, outputs, progress }: Standing,
    options: ContextOptions,
): Promise<void> {
    const manager = await progress.step("Looking for a manager that answers", () => chooseManager(outputs));
    if (manager.state !== "manages")
        progress.note(
            manager.state === "answers"
                ? `No manager can change the swarm now, so the context leads to ${manager.name}: try skep unlock`
                : `No manager answers now, so the context leads to ${manager.name}`,
        );
    const name = `skep-${stack}`;
    const folder = await writeClientFiles(stack, outputs);
    const files = ["ca", "cert", "key"].map((file) => `${file}=${folder}/${file}.pem`);
    const endpoint = [`host=tcp://${manager.host}:${manager.port}`, ...files].join(",");
    const command = `docker context create ${name} --docker ${shellQuote(endpoint)}`;
    if (options.print) {
        if (options.json) printJson({ name, manager: manager.name, did: "printed", command });
        else console.log(command);
        return;
    }
    const isThere = (await inDocker("context", "ls", "--format", "{{.Name}}")).split("\n").includes(name);
    await inDocker("context", isThere ? "update" : "create", name, "--docker", endpoint);
    const did = isThere ? "refreshed" : "made";
    if (options.json) return printJson({ name, manager: manager.name, did, command });
    console.log(`${name} ${did}: it leads to ${manager.name}`);
    if (!options.quiet) console.log(`\nNext: docker --context ${name} node ls`);
}

/** The first manager that can change the swarm, else one that answers, else the first. Throws CONTEXT_NONE. */
async function chooseManager(outputs: Outputs): Promise<Found> {
    const found = await Promise.all(
        outputs.nodes.flatMap((node) => (hasApi(node) ? [ask(outputs, node)] : [])),
    );
    const of = (state: Found["state"]) => found.find((each) => each.state === state);
    const chosen = of("manages") ?? of("answers") ?? found[0];
    if (chosen) return chosen;
    throw skepError(
        "CONTEXT_NONE",
        "No manager of this stack publishes its engine's API.",
        "Use docker on a manager instead: skep ssh HOST -- docker node ls.",
    );
}

/** A promoted worker does not publish its engine's API. */
function hasApi({ role, ports }: NodeOutput): boolean {
    return role === "manager" && ports.engine !== undefined;
}

async function ask(outputs: Outputs, { name, host, ports }: NodeOutput): Promise<Found> {
    const endpoint = { host, port: ports.engine ?? 0 };
    const status = await statusOf(outputs, endpoint);
    const state = status === undefined ? "silent" : status === 200 ? "manages" : "answers";
    return { name, ...endpoint, state };
}

/** The status with which the engine answers a question that only a manager with a majority can answer. */
function statusOf({ ca, clientCertificate, clientKey }: Outputs, at: Endpoint): Promise<number | undefined> {
    return new Promise((resolve) => {
        const tls = { ca, cert: clientCertificate, key: clientKey, agent: false, timeout: ANSWER_MS };
        const asked = request({ ...at, ...tls, path: "/swarm" }, (response) => {
            response.destroy();
            resolve(response.statusCode);
        });
        asked.on("timeout", () => asked.destroy()).on("error", () => resolve(undefined));
        asked.end();
    });
}

/** Runs this machine's docker command. Throws CONTEXT_FAILED if it refuses. */
async function inDocker(...args: string[]): Promise<string> {
    const ended = await docker(args, { timeout: DOCKER_MS, print: "skep context --print" });
    if (ended.code === 0) return ended.stdout;
    throw skepError(
        "CONTEXT_FAILED",
        `docker did not take the context: ${oneLine(ended.stderr) || "it did not end in time"}.`,
        "Correct what it says, or run the line of skep context --print yourself.",
    );
}
