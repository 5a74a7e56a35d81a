// An image of this machine's engine, which is built there when a host first needs it.

import { SkepError, skepError } from "../../errors";
import { oneLine, reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { dockerClient, dockerEnvironment, ifThere } from "../runtime/docker";
import { runLocal } from "../runtime/run-local";

/** A build may compile a lot. */
const BUILD_MS = 3_600_000;
/** How many lines of a failed build's output its error shows. */
const SHOWN_LINES = 8;

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
        if (recipe && !(await ifThere(image.inspect()))) await build(reference, recipe, ctx);
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
    const { code, stdout, stderr } = await runLocal("docker", command, {
        timeout: BUILD_MS,
        signal: ctx.signal,
        env: { ...process.env, ...dockerEnvironment(), ...args },
    });
    if (code === 0) return;
    const why =
        code === undefined
            ? "this machine has no docker command"
            : oneLine(`${stdout}\n${stderr}`.trim().split("\n").slice(-SHOWN_LINES).join("; "));
    throw skepError(
        "IMAGE_BUILD",
        `${reference} could not be built from ${context}: ${why}.`,
        `Mend it, with \`docker build ${context}\` for the whole output, then run the same command again.`,
    );
}
