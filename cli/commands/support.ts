// `skep support`: writes a bundle with what helps to find a fault, and no secret.

import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { SkepError, skepError } from "../../errors";
import { filesWithSecrets } from "../../planning/secrets";
import { listed } from "../../planning/sentence";
import { writeWhole } from "../../scripts/setup/cache";
import { type Options, progressFor } from "../options";
import { printJson } from "../print";
import { onStanding } from "../stack/standing";
import { unknownStack } from "../stack/settings";
import { readerOf } from "../steps";
import { type Gathered, gatherHere, gatherThere } from "../support/gather";
import { wrapped } from "../text";

export interface SupportOptions extends Options {
    /** The file of the bundle. Default: a new one in the folder in which the command is typed. */
    to?: string;
}

const OWNER_ONLY = 0o600;

/** Writes the bundle. Throws SUPPORT_SECRET, and writes nothing, if something that was gathered has a secret in it. */
export async function support(options: SupportOptions): Promise<void> {
    const { stack, json, quiet } = options;
    const problems = unknownStack(stack);
    if (problems.length > 0) throw new SkepError(problems);
    const gathered = await gather(options);
    const path = resolve(options.to ?? fileName(stack, new Date()));
    const { files, missing } = gathered;
    await writeWhole(path, await bundle(gathered), OWNER_ONLY);
    if (json) return printJson({ file: path, files: [...files.keys()].sort(), missing });
    if (quiet) return console.log(path);
    console.log(`Wrote ${path} with ${files.size} files. No secret was found in it.`);
    if (missing.length > 0)
        console.log(["", "Not in it:", ...missing.flatMap((each) => wrapped(each, 2))].join("\n"));
    console.log("\nIt has names, addresses and logs: look through it before you give it away.");
}

async function gather(options: SupportOptions): Promise<Gathered> {
    const progress = progressFor(options);
    const gathered = await gatherHere(options.stack, await readerOf(options.stack, progress));
    try {
        await onStanding(options, (standing) =>
            standing.progress.step("Asking the hosts", () => gatherThere(gathered, standing)),
        );
    } catch (error) {
        // A stack that is half up, or down, has a bundle as well.
        const isDown = error instanceof SkepError && error.problems.every(({ id }) => id === "STACK_DOWN");
        if (!isDown) throw error;
        gathered.missing.push(
            "The hosts: no up of this stack has ended yet, so nothing says how to reach them.",
        );
    }
    return gathered;
}

/** The bundle as a tar.gz. Throws SUPPORT_SECRET if a file of it has one of the secrets in it. */
export async function bundle({ files, missing, secrets }: Gathered, now = new Date()): Promise<Buffer> {
    const all = new Map([
        ...files,
        ["missing.txt", missing.map((each) => `${each}\n`).join("") || "nothing\n"],
    ]);
    const bad = filesWithSecrets(all, secrets);
    if (bad.length > 0)
        throw skepError(
            "SUPPORT_SECRET",
            `There is a secret in ${listed(bad)} of the bundle, so nothing was written.`,
            "Take it out of where that comes from: whoever reads that place has the secret.",
        );
    const tar = pack();
    for (const [name, text] of [...all].sort(([a], [b]) => a.localeCompare(b)))
        tar.entry({ name: `skep-support/${name}`, mode: OWNER_ONLY, mtime: now }, text);
    tar.finalize();
    return buffer(tar.pipe(createGzip()));
}

function fileName(stack: string, now: Date): string {
    return `skep-support-${stack}-${now.toISOString().replace(/[-:]|\.\d+/g, "")}.tar.gz`;
}
