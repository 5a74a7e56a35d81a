// The files that Skep keeps on a host: written, found changed, and written again.
import { formatProblem } from "../../errors";
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import type { HostFile } from "../../planning/host-files";
import type { Context, Props, Resource } from "../runtime/types";
import { inputsOf } from "../../swarm/engine";
import { reasonOf } from "../../swarm/failures";
import { runScript } from "../../swarm/host-script";
import { hostScript } from "../../swarm/scripts";
import { remote } from "../../swarm/ssh";

const CHECK_MS = 10_000;
const COMPUTED = ["differing"];
const PATH = /^(\/[\w.:@-]+)+$/;

export const hostFiles: Resource = {
    required: ["host", "hostId", "files"],
    computed: COMPUTED,
    replaceOn: ["hostId"],
    ignoreInDiff: ["host"],
    refreshBeforeUpdate: true,

    check({ files }) {
        const paths = typeof files === "object" ? Object.keys(files as object) : [];
        return paths
            .filter((path) => !PATH.test(path))
            .map((path) => ({ property: "files", reason: `${path} is no plain path from the root` }));
    },

    /** What somebody changed on the host. */
    drift: ({ differing }) => (differing?.length > 0 ? ["files"] : []),

    create: async (inputs, ctx) => ({ id: inputs.hostId, outs: await apply(inputs, ctx, false) }),

    update: (_id, _olds, inputs, ctx) => apply(inputs, ctx, true),

    async read(id, state, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        try {
            const differing = await differingFiles("check", state, CHECK_MS);
            return { id, outs: { ...state, differing }, inputs };
        } catch (error) {
            // What cannot be seen stays as it was: looking never fails.
            ctx.log(`The files of ${state.host.name} could not be looked at: ${reasonOf(error)}`, "debug");
            return { id, outs: state, inputs };
        }
    },
};

async function apply(inputs: Props, ctx: Context, isUpdate: boolean): Promise<Props> {
    const differing = await differingFiles("apply", inputs);
    if (differing.length > 0) ctx.log(`wrote ${differing.join(", ")}`);
    // Restarting an engine locks a manager and ends tasks: never by the way.
    if (isUpdate && differing.some((path) => /daemon\.json|docker\.service\.d|docker\/tls/.test(path)))
        ctx.log(
            formatProblem({
                id: "ENGINE_UNREAD",
                problem: `The engine of ${inputs.host.name} reads ${differing.join(", ")} at its next start only.`,
                advice: "Restart it when the swarm can do without this host.",
            }),
            "warning",
        );
    return { differing: [] };
}

async function differingFiles(mode: "apply" | "check", inputs: Props, timeoutMs?: number): Promise<string[]> {
    // Looking must not wait for a script that works.
    const script = mode === "apply" ? `${hostScript("lock")}\n${hostScript("files")}` : hostScript("files");
    const variables = { MODE: mode, ARCHIVE: (await archiveOf(inputs.files)).toString("base64") };
    const { differing } = await runScript(remote(inputs.host), script, variables, timeoutMs);
    return differing as string[];
}

function archiveOf(files: Record<string, HostFile>): Promise<Buffer> {
    const archive = pack();
    for (const [path, { content, mode = "644" }] of Object.entries(files))
        archive.entry({ name: path.slice(1), mode: parseInt(mode, 8) }, content);
    archive.finalize();
    return buffer(archive);
}
