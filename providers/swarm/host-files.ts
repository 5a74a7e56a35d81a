// The files that Skep keeps on a host. They are written, written again if somebody changed them, and removed when Skep no
// longer gives them.
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { formatProblem, SkepError } from "../../errors";
import type { HostFile } from "../../planning/host-files";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { Host } from "../../swarm/host";
import { hostScript } from "../../swarm/scripts";
import { SshConnection } from "../../swarm/ssh";
import { until } from "../../swarm/wait";
import type { Props, Resource } from "../runtime/types";
import { inputsOf, type OnHost } from "./inputs";

const CHECK_MS = 10_000;
const RELOAD_MS = 30_000;
const COMPUTED = ["differing"] as const;
const PATH = /^(\/[\w.:@-]+)+$/;
const OF_ENGINE = /daemon\.json|docker\.service\.d|docker\/tls/;

type Inputs = OnHost & { files: Record<string, HostFile> };
/** Paths of the files that differ on the host. */
type Outs = { differing: string[] };
type State = Inputs & Outs;

export const hostFiles: Resource = {
    required: ["host", "hostId", "files"],
    computed: COMPUTED,
    replaceOn: ["hostId"],
    ignoreInDiff: ["host"],
    refreshBeforeUpdate: true,

    check({ files }: Props) {
        const paths = typeof files === "object" ? Object.keys(files as object) : [];
        return paths
            .filter((path) => !PATH.test(path))
            .map((path) => ({ property: "files", reason: `${path} is no plain path from the root` }));
    },

    /** Shows files that somebody changed on the host as a change. */
    drift: ({ differing }: Partial<State>) => (differing && differing.length > 0 ? ["files"] : []),

    async create(inputs: Inputs, ctx) {
        await apply(inputs, [], ctx);
        return { id: inputs.hostId, outs: { differing: [] } };
    },

    async update(_id, olds: State, inputs: Inputs, ctx): Promise<Outs> {
        const changed = await apply(inputs, goneFiles(olds.files, inputs.files), ctx);
        // Never restart an engine in passing: that locks a manager and ends tasks.
        const unread = changed.filter((path) => OF_ENGINE.test(path));
        if (unread.length > 0)
            ctx.log(
                formatProblem({
                    id: "ENGINE_UNREAD",
                    problem: `The engine of ${inputs.host.name} reads ${unread.join(", ")} at its next start only.`,
                    advice: "Restart it when the swarm can do without this host.",
                }),
                "warning",
            );
        return { differing: [] };
    },

    async read(id, state: State, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        try {
            const script = hostScript("files"); // without the lock: reading must not wait for a script at work
            const variables = await variablesFor("check", state.files);
            const options = { timeoutMs: CHECK_MS, signal: ctx.signal };
            const { differing } = await Host.of(state.host).script<Outs>(script, variables, options);
            return { id, outs: { ...state, differing }, inputs };
        } catch (error) {
            if (!(error instanceof SkepError)) throw error;
            // If the host cannot be seen, the state stays as it was: reading never fails.
            ctx.log(`The files of ${state.host.name} could not be looked at: ${reasonOf(error)}`, "debug");
            return { id, outs: state, inputs };
        }
    },
};

/** Paths that Skep gave the host and no longer gives it. */
export function goneFiles(olds: Inputs["files"] = {}, files: Inputs["files"]): string[] {
    return Object.keys(olds).filter((path) => PATH.test(path) && !(path in files));
}

/** Writes and removes files on the host. Returns the paths of files that differed or are gone. */
async function apply({ host, files }: Inputs, gone: readonly string[], ctx: Context): Promise<string[]> {
    const script = `${hostScript("lock")}\n${hostScript("files")}`;
    const variables = await variablesFor("apply", files, gone);
    const done = await Host.of(host).script<Outs & { removed: string[] }>(script, variables, ctx);
    if (done.differing.length > 0) ctx.log(`wrote ${done.differing.join(", ")}`);
    if (done.removed.length > 0) ctx.log(`removed ${done.removed.join(", ")}`);
    const changed = [...done.differing, ...done.removed];
    if (changed.some((path) => path.includes("sshd_config"))) await untilLogin(new SshConnection(host), ctx);
    return changed;
}

/**
 * Waits until sshd takes logins again. It applies its settings a moment after it is told to, and refuses logins
 * meanwhile, so two logins in a row have to succeed.
 */
async function untilLogin(fresh: SshConnection, ctx: Context): Promise<void> {
    let answered = 0;
    const steady = async () => {
        try {
            await fresh.exec("true", ctx);
            answered += 1;
        } catch (error) {
            answered = 0;
            throw error;
        } finally {
            await fresh.close();
        }
        return answered >= 2;
    };
    await until(`${fresh.name} to take logins again`, steady, RELOAD_MS, ctx);
}

async function variablesFor(MODE: "apply" | "check", files: Inputs["files"], gone: readonly string[] = []) {
    return { MODE, ARCHIVE: (await archiveOf(files)).toString("base64"), GONE: gone.join("\n") };
}

function archiveOf(files: Inputs["files"]): Promise<Buffer> {
    const archive = pack();
    for (const [path, { content, mode = "644" }] of Object.entries(files))
        archive.entry({ name: path.slice(1), mode: parseInt(mode, 8) }, content);
    archive.finalize();
    return buffer(archive);
}
