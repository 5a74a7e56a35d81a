// The files that Skep keeps on a host. They are written, written again if somebody changed them, and removed when Skep no
// longer gives them.
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { formatProblem, SkepError } from "../../errors";
import {
    DAEMON_JSON,
    DAEMON_RECORD,
    mergeDaemon,
    objectOf,
    othersProblems,
    takenProblems,
} from "../../planning/daemon-json";
import type { HostFile } from "../../planning/host-files";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { Host } from "../../swarm/host";
import { hostScript } from "../../swarm/scripts";
import { type HostInput, SshConnection } from "../../swarm/ssh";
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
    entries: { files: entriesOf },

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
                    advice: "Run up again: it restarts the engine when the swarm can do without this host.",
                }),
                "warning",
            );
        return { differing: [] };
    },

    async read(id, state: State, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        try {
            const script = hostScript("files"); // without the lock: reading must not wait for a script at work
            const host = Host.of(state.host);
            const { files, others } = await withDaemon(host, state.files, ctx);
            sayOthers(host.name, others, ctx);
            // The record is no setting: a host without one is as it should be.
            const checked = Object.entries(files).filter(([path]) => path !== DAEMON_RECORD);
            const variables = await variablesFor("check", Object.fromEntries(checked));
            const options = { timeoutMs: CHECK_MS, signal: ctx.signal };
            const { differing } = await host.script<Outs>(script, variables, options);
            return { id, outs: { ...state, differing }, inputs };
        } catch (error) {
            if (!(error instanceof SkepError)) throw error;
            // If the host cannot be seen, the state stays as it was: reading never fails.
            ctx.log(`The files of ${state.host.name} could not be looked at: ${reasonOf(error)}`, "debug");
            return { id, outs: state, inputs };
        }
    },
};

/** The files by path. The keys of daemon.json are entries of their own: a preview says which of them change. */
export function entriesOf(files: Props): Props {
    const { [DAEMON_JSON]: daemon, ...others } = files as Inputs["files"];
    const keys = daemon && objectOf(daemon.content);
    if (!keys) return files;
    const own = Object.entries(keys).map(([key, value]) => [`${DAEMON_JSON}#${key}`, value]);
    return { ...others, ...Object.fromEntries(own) };
}

/** Paths that Skep gave the host and no longer gives it. */
export function goneFiles(olds: Inputs["files"] = {}, files: Inputs["files"]): string[] {
    return Object.keys(olds).filter((path) => PATH.test(path) && !(path in files));
}

/** Writes and removes files on the host. Returns the paths of files that differed or are gone. */
async function apply(inputs: Inputs, gone: readonly string[], ctx: Context): Promise<string[]> {
    const { host } = inputs;
    const to = Host.of(host);
    const script = hostScript("lock", "files");
    const { files } = await withDaemon(to, inputs.files, ctx);
    const variables = await variablesFor("apply", files, gone);
    const done = await to.script<Outs & { removed: string[] }>(script, variables, ctx);
    if (done.differing.length > 0) ctx.log(`wrote ${done.differing.join(", ")}`);
    if (done.removed.length > 0) ctx.log(`removed ${done.removed.join(", ")}`);
    const changed = [...done.differing, ...done.removed];
    if (changed.some((path) => path.includes("sshd_config"))) await untilLogin(host, ctx);
    return changed;
}

/** The files with the host's own keys in daemon.json, and with the record of Skep's keys. */
async function withDaemon(host: Host, files: Inputs["files"], { signal }: Context) {
    const ours = files[DAEMON_JSON];
    if (!ours) return { files, others: [] };
    const read = async (path: string) => {
        const { code, stdout } = await host.exec(`sudo -n cat ${path}`, { timeoutMs: CHECK_MS, signal });
        return code === 0 ? stdout : undefined;
    };
    const [daemon, record] = await Promise.all([read(DAEMON_JSON), read(DAEMON_RECORD)]);
    const merged = mergeDaemon(ours.content, { daemon, record });
    const problems = takenProblems(host.name, merged.taken);
    if (problems.length > 0) throw new SkepError(problems);
    const both = {
        ...files,
        [DAEMON_JSON]: { ...ours, content: merged.content },
        [DAEMON_RECORD]: { content: merged.record },
    };
    return { files: both, others: merged.others };
}

/** Names the keys of daemon.json that others wrote. */
export function sayOthers(name: string, others: readonly string[], ctx: Pick<Context, "log">): void {
    for (const problem of othersProblems(name, others)) ctx.log(formatProblem(problem), "warning");
}

/**
 * Waits until sshd takes logins again. It applies its settings a moment after it is told to, and refuses logins
 * meanwhile, so two logins in a row have to succeed.
 */
async function untilLogin(host: HostInput, ctx: Context): Promise<void> {
    let answered = 0;
    const steady = async () => {
        const fresh = new SshConnection(host);
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
    await until(`${host.name} to take logins again`, steady, RELOAD_MS, ctx);
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
