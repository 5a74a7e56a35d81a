// The engine of a host that has none: exact packages, held and running. An engine that somebody removed or stopped is
// brought back, as it is. The versions and settings of a standing engine are another resource's (engine-rollout.ts).
import { SkepError } from "../../errors";
import { DAEMON_JSON, takenProblems } from "../../planning/daemon-json";
import { ENGINE_PACKAGES, type EngineVersions, type FoundEngine } from "../../planning/engine-packages";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import {
    type EngineSource,
    findEngine,
    installEngine,
    type Kernel,
    mergedDaemon,
    writeDaemon,
} from "../../swarm/engine-host";
import { Host } from "../../swarm/host";
import type { Resource } from "../runtime/types";
import { inputsOf, type OnHost } from "./inputs";

const COMPUTED = ["mesh", "esp", "lacking"] as const;

type Inputs = OnHost &
    EngineSource & {
        /** Skep's keys of daemon.json: what a new engine starts with. */
        daemon: Record<string, unknown>;
    };
type Outs = Kernel & {
    /** Why the engine serves nobody: "not installed" or "not running"; empty if it runs. */
    lacking: string;
};
type State = Inputs & Outs;

export const hostEngine: Resource = {
    required: ["host", "hostId", "repository", "packages", "daemon"],
    computed: COMPUTED,
    stable: COMPUTED,
    replaceOn: ["hostId"],
    // `managers` and `drainSeconds` are in states of earlier versions of Skep.
    ignoreInDiff: ["host", "repository", "packages", "daemon", "managers", "drainSeconds"],
    refreshBeforeUpdate: true,

    drift: ({ lacking }: Partial<State>) => (lacking ? ["packages"] : []),

    async create(inputs: Inputs, ctx) {
        return { id: inputs.hostId, outs: await bringUp(inputs, ctx) };
    },

    update: (_id, _olds: State, inputs: Inputs, ctx): Promise<Outs> => bringUp(inputs, ctx),

    async read(id, state: State, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        try {
            const lacking = lackOf(await findEngine(Host.of(state.host), ctx));
            return { id, outs: { ...state, lacking }, inputs };
        } catch (error) {
            if (!(error instanceof SkepError)) throw error;
            // If the host cannot be seen, the state stays as it was: reading never fails.
            ctx.log(`The engine of ${state.host.name} could not be looked at: ${reasonOf(error)}`, "debug");
            return { id, outs: state, inputs };
        }
    },
};

/** Installs the engine if there is none, else starts it. An engine that runs is left as it is. */
async function bringUp(inputs: Inputs, ctx: Context): Promise<Outs> {
    const host = Host.of(inputs.host);
    const found = await findEngine(host, ctx);
    const { user } = inputs.host.ssh;
    const { repository } = inputs;
    const put = (packages: EngineVersions) => installEngine(host, user, { repository, packages }, {}, ctx);
    const there = standing(found);
    const asItIs =
        there &&
        (await put(there).catch((error: unknown) => {
            if (found.running !== undefined || ctx.signal.aborted || !(error instanceof SkepError))
                throw error;
            // Nobody is served by it, and the rollout that would mend it comes after the swarm that needs it.
            ctx.log(`does not start as it is (${reasonOf(error)}): it gets the wanted settings and packages`);
            return undefined;
        }));
    if (!asItIs) await writeFirst(host, inputs.daemon, ctx);
    const { mesh, esp } = asItIs ?? (await put(inputs.packages));
    return { mesh, esp, lacking: "" };
}

/** The versions on a host that has an engine; undefined if it has none. The command line goes with the engine. */
function standing({ installed }: FoundEngine): EngineVersions | undefined {
    const docker = installed["docker-ce"]?.version;
    const containerd = installed["containerd.io"]?.version;
    if (docker === undefined || containerd === undefined) return undefined;
    return {
        "docker-ce": docker,
        "docker-ce-cli": installed["docker-ce-cli"]?.version ?? docker,
        "containerd.io": containerd,
    };
}

/** log-opts apply only to containers created later (moby/moby#35185), so the file comes before the engine's first start. */
async function writeFirst(host: Host, daemon: Inputs["daemon"], ctx: Context): Promise<void> {
    const merged = await mergedDaemon(host, daemon, ctx);
    const problems = takenProblems(host.name, merged.taken);
    if (problems.length > 0) throw new SkepError(problems);
    await writeDaemon(host, merged, { reload: false, check: false }, ctx);
    ctx.log(`wrote ${DAEMON_JSON}`);
}

function lackOf(found: FoundEngine): string {
    if (ENGINE_PACKAGES.some((name) => !found.installed[name])) return "not installed";
    return found.running === undefined ? "not running" : "";
}
