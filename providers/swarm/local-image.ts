// An image of this machine's engine, which is built there when a host first needs it.

import { spawn } from "node:child_process";
import type { Image } from "dockerode";
import { SkepError, skepError } from "../../errors";
import { oneLine, reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { within } from "../../swarm/wait";
import { dockerClient, dockerEnvironment } from "../runtime/docker";

/** A build may compile a lot. */
const BUILD_MS = 3_600_000;
/** How many lines of a failed build's output its error shows. */
const SHOWN_LINES = 8;
/** No more of the output is kept, in characters. */
const KEPT = 100_000;

/** How an image is built. */
export interface Build {
    /** The folder that is handed to docker, on this machine. */
    context: string;
    /** The path of the Dockerfile. Default: `Dockerfile` in the context. */
    dockerfile?: string;
    args?: Readonly<Record<string, string>>;
    target?: string;
}

/**
 * The image as a stream, built first if it has a recipe and is missing. Throws IMAGE_BUILD, and IMAGE_NOT_LOCAL if the
 * engine does not give it out.
 */
export async function localImage(
    reference: string,
    ctx: Context,
    recipe?: Build,
): Promise<NodeJS.ReadableStream> {
    const image = dockerClient().getImage(reference);
    try {
        if (recipe && !(await isThere(image))) await build(reference, recipe, ctx);
        return await image.get();
    } catch (error) {
        if (error instanceof SkepError) throw error;
        throw skepError(
            "IMAGE_NOT_LOCAL",
            `The local docker engine cannot give out ${reference}: ${reasonOf(error)}.`,
            "Build or pull it there, then run the same command again.",
        );
    }
}

/** Builds the image under this name. Throws IMAGE_BUILD with the last lines of docker's output. */
export async function build(
    reference: string,
    { context, dockerfile, args = {}, target }: Build,
    ctx: Context,
): Promise<void> {
    const command = [
        ...["build", "--tag", reference],
        ...(dockerfile ? ["--file", dockerfile] : []),
        ...(target ? ["--target", target] : []),
        // The values come from the environment: a list of processes must not show them.
        ...Object.keys(args).flatMap((name) => ["--build-arg", name]),
        context,
    ];
    ctx.log(`building ${reference} from ${context}`);
    const { code, said } = await run("docker", command, args, ctx);
    if (code === 0) return;
    const why =
        code === undefined
            ? "this machine has no docker command"
            : oneLine(said.trim().split("\n").slice(-SHOWN_LINES).join("; "));
    throw skepError(
        "IMAGE_BUILD",
        `${reference} could not be built from ${context}: ${why}.`,
        `Mend it, with \`docker build ${context}\` for the whole output, then run the same command again.`,
    );
}

async function isThere(image: Pick<Image, "inspect">): Promise<boolean> {
    try {
        await image.inspect();
        return true;
    } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return false;
        throw error;
    }
}

function run(
    program: string,
    command: readonly string[],
    variables: Readonly<Record<string, string>>,
    ctx: Context,
): Promise<{ code: number | null | undefined; said: string }> {
    return new Promise((resolve, reject) => {
        const env = { ...process.env, ...dockerEnvironment(), ...variables };
        const signal = within(BUILD_MS, ctx.signal);
        const child = spawn(program, command, { env, signal, stdio: ["ignore", "pipe", "pipe"] });
        let said = "";
        const hear = (text: string) => (said = (said + text).slice(-KEPT));
        for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", hear);
        child.on("error", (error: NodeJS.ErrnoException) =>
            error.code === "ENOENT" ? resolve({ code: undefined, said }) : reject(error),
        );
        child.on("close", (code) => resolve({ code, said }));
    });
}
