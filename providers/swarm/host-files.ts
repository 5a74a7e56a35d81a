// The files that Skep keeps on a host. They are written, written again if somebody changed them, and removed when Skep no
// longer gives them. daemon.json is not among them: engine-rollout.ts changes it host by host.
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { SkepError } from "../../errors";
import { DAEMON_JSON, DAEMON_RECORD } from "../../planning/daemon-json";
import type { HostFile } from "../../planning/host-files";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { Host } from "../../swarm/host";
import { loginAnew } from "../../swarm/login";
import { hostScript } from "../../swarm/scripts";
import type { HostInput } from "../../swarm/ssh";
import { until } from "../../swarm/wait";
import type { Props, Resource } from "../runtime/types";
import { inputsOf, itself, type OnHost } from "./inputs";

const CHECK_MS = 10_000;
const RELOAD_MS = 30_000;
const COMPUTED = ["differing", "engineFiles"] as const;
const PATH = /^(\/[\w.:@-]+)+$/;
/** What an engine reads at its start only. */
const OF_ENGINE = /docker\.service\.d|docker\/tls/;
/** In states of earlier versions of Skep, daemon.json is one of the files. */
const NOT_HERE = [DAEMON_JSON, DAEMON_RECORD];

type Inputs = OnHost & { files: Record<string, HostFile> };
type Outs = {
    /** Paths of the files that differ on the host. */
    differing: string[];
    /** How often files were written that the engine reads at its start only. The rollout restarts it then. */
    engineFiles: number;
};
type State = Inputs & Outs;
/** What files.sh says that it did, and in notes what it could not do. */
type Applied = Pick<Outs, "differing"> & { removed: string[]; notes: string[] };

export const hostFiles: Resource = {
    required: ["host", "hostId", "files"],
    computed: COMPUTED,
    stable: (state, inputs) => (engineReads(state as Partial<State>, inputs) ? [] : ["engineFiles"]),
    replaceOn: ["hostId"],
    ignoreInDiff: ["host"],
    refreshBeforeUpdate: true,
    entries: { files: itself },

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
        return { id: inputs.hostId, outs: { differing: [], engineFiles: 0 } };
    },

    async update(_id, olds: State, inputs: Inputs, ctx): Promise<Outs> {
        const changed = await apply(inputs, goneFiles(olds.files, inputs.files), ctx);
        // Never restart an engine in passing: that locks a manager and ends tasks.
        const isUnread = changed.some((path) => OF_ENGINE.test(path));
        return { differing: [], engineFiles: (olds.engineFiles ?? 0) + (isUnread ? 1 : 0) };
    },

    async read(id, state: State, ctx) {
        const files = own(state.files);
        const known = { ...state, files, engineFiles: state.engineFiles ?? 0 };
        const inputs = inputsOf(known, COMPUTED);
        try {
            // Without the lock: reading must not wait for a script at work.
            const script = hostScript("data-root", "reserve", "files");
            const variables = await variablesFor("check", files);
            const options = { timeoutMs: CHECK_MS, signal: ctx.signal };
            const { differing } = await Host.of(state.host).script<Outs>(script, variables, options);
            return { id, outs: { ...known, differing }, inputs };
        } catch (error) {
            if (!(error instanceof SkepError)) throw error;
            // If the host cannot be seen, the state stays as it was: reading never fails.
            ctx.log(`The files of ${state.host.name} could not be looked at: ${reasonOf(error)}`, "debug");
            return { id, outs: known, inputs };
        }
    },
};

/** Whether an update would write or remove a file that the engine reads at its start only. */
function engineReads({ files = {}, differing = [] }: Partial<State>, inputs: Props): boolean {
    const wanted = inputs.files;
    // Until all that goes into the files is known, they may be any.
    if (typeof wanted !== "object") return true;
    const now = wanted as Inputs["files"];
    const paths = [...new Set([...Object.keys(own(files)), ...Object.keys(now)])];
    const changed = paths.filter((path) => !isDeepStrictEqual(files[path], now[path]));
    return [...changed, ...differing].some((path) => OF_ENGINE.test(path));
}

function own(files: Inputs["files"] = {}): Inputs["files"] {
    return Object.fromEntries(Object.entries(files).filter(([path]) => !NOT_HERE.includes(path)));
}

/** Paths that Skep gave the host and no longer gives it. */
export function goneFiles(olds: Inputs["files"] = {}, files: Inputs["files"]): string[] {
    return Object.keys(own(olds)).filter((path) => PATH.test(path) && !(path in files));
}

/** Writes and removes files on the host. Returns the paths of files that differed or are gone. */
async function apply({ host, files }: Inputs, gone: readonly string[], ctx: Context): Promise<string[]> {
    const script = hostScript("lock", "data-root", "reserve", "files");
    const variables = await variablesFor("apply", files, gone);
    const done = await Host.of(host).script<Applied>(script, variables, ctx);
    if (done.differing.length > 0) ctx.log(`wrote ${done.differing.join(", ")}`);
    if (done.removed.length > 0) ctx.log(`removed ${done.removed.join(", ")}`);
    for (const note of done.notes) ctx.log(`${host.name}: ${note}`, "warning");
    const changed = [...done.differing, ...done.removed];
    if (changed.some((path) => path.includes("sshd_config"))) await untilLogin(host, ctx);
    return changed;
}

/**
 * Waits until sshd takes logins again. It applies its settings a moment after it is told to, and refuses logins
 * meanwhile, so two logins in a row have to succeed.
 */
async function untilLogin(host: HostInput, ctx: Context): Promise<void> {
    let answered = 0;
    const steady = async () => {
        try {
            await loginAnew(host, ctx);
            answered += 1;
        } catch (error) {
            answered = 0;
            throw error;
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
