// A host's engine: exact packages, held and running. It is installed on a host that has none. Where somebody changed it,
// it is brought back as gently as the swarm needs.
import { formatProblem, type ProblemId, SkepError } from "../../errors";
import { theOneCluster, whyUnusable } from "../../planning/adoption";
import {
    describeEngine,
    LOOK,
    needsRestart,
    parseInstalled,
    parseStale,
    type EngineVersions,
    type FoundEngine,
} from "../../planning/engine-packages";
import { proxiesForOthers } from "../../planning/proxies";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { ConnectionError, NoManager } from "../../swarm/failures";
import { Host } from "../../swarm/host";
import { pausePoint } from "../../swarm/pause-point";
import { hostScript } from "../../swarm/scripts";
import type { HostInput } from "../../swarm/ssh";
import { Refused, Swarm } from "../../swarm/swarm";
import type { Resource } from "../runtime/types";
import { inputsOf, type OnHost } from "./inputs";

const CHECK_MS = 10_000;
const COMPUTED = ["mesh", "esp"] as const;
/** What an sshd's settings cause. It stays until somebody changes them, while a host that is made anew gets another key. */
const SSHD_PROBLEMS: readonly ProblemId[] = [
    "HOST_FORWARDING",
    "HOST_HANGS_UP",
    "HOST_IDLE_TIMEOUT",
    "HOST_SESSIONS",
];

type Inputs = OnHost & {
    managers: HostInput[];
    repository: { url: string; fingerprint: string; viaProxy?: boolean };
    packages: EngineVersions;
    /** How long a drain waits for tasks, in seconds. States of earlier versions of Skep have none. */
    drainSeconds?: number;
};
/** What the host's kernel can do, as the script found it. */
type Outs = { mesh: boolean; esp: boolean };
type State = Inputs & Outs;

export const hostEngine: Resource = {
    required: ["host", "hostId", "managers", "repository", "packages"],
    computed: COMPUTED,
    stable: COMPUTED,
    replaceOn: ["hostId"],
    // Another repository counts for new hosts, and for engines that change for another reason.
    ignoreInDiff: ["host", "managers", "repository", "drainSeconds"],
    refreshBeforeUpdate: true,

    async create(inputs: Inputs, ctx) {
        const { mesh, esp } = await settle(inputs, ctx);
        return { id: inputs.hostId, outs: { mesh, esp } };
    },

    async update(_id, { mesh, esp }: State, inputs: Inputs, ctx) {
        try {
            await settle(inputs, ctx);
        } catch (error) {
            if (!(error instanceof Refused || error instanceof NoManager)) throw error;
            // What the step waits for comes later in the same run: a lost manager's new host, or the key for locked
            // managers.
            const problem = `The engine is left as it is: ${reasonOf(error)}.`;
            ctx.log(formatProblem({ id: "ENGINE_LEFT", problem, advice: "Run up again." }), "warning");
        }
        return { mesh, esp, packages: describeEngine(await ask(Host.of(inputs.host), ctx)) };
    },

    async read(id, state: State, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        try {
            const found = await ask(Host.of(state.host), ctx);
            if (isStale(found)) sayStale(state.host.name, found, ctx);
            const packages = describeEngine(found);
            return { id, outs: { ...state, packages }, inputs: { ...inputs, packages } };
        } catch (error) {
            if (!(error instanceof SkepError)) throw error;
            // If the host cannot be seen, the state stays as it was: reading never fails.
            const unseen = `The engine of ${state.host.name} could not be looked at`;
            const [problem] = error.problems;
            if (problem && SSHD_PROBLEMS.includes(problem.id)) {
                const why = `${unseen} (${problem.id}): ${problem.problem}`;
                const left = { ...problem, id: "ENGINE_LEFT" as const, problem: why };
                ctx.log(formatProblem(left), "warning");
            } else ctx.log(`${unseen}: ${reasonOf(error)}`, "debug");
            return { id, outs: state, inputs };
        }
    },
};

/** Brings the engine to the packages that are asked for. If that restarts it, waits for the host's turn. */
async function settle(inputs: Inputs, ctx: Context): Promise<Outs> {
    const host = Host.of(inputs.host);
    const found = await ask(host, ctx);
    const swarm = needsRestart(found, inputs.packages) ? await swarmOf(host, inputs, ctx) : undefined;
    const restarts = isStale(found);
    if (!swarm) return install(host, inputs, restarts, ctx);
    return swarm.inMaintenance(host, (turn) => install(host, inputs, restarts, turn));
}

function isStale({ running, stale }: FoundEngine): boolean {
    return running !== undefined && stale.length > 0;
}

function sayStale(name: string, { stale }: FoundEngine, ctx: Context): void {
    const problem = `The engine of ${name} has to restart: ${stale.join(", ")}.`;
    const advice = "Run up: it restarts the engine when the swarm can do without this host.";
    ctx.log(formatProblem({ id: "ENGINE_STALE", problem, advice }), "warning");
}

async function ask(host: Host, { signal }: Context): Promise<FoundEngine> {
    const { stdout } = await host.exec(LOOK, { timeoutMs: CHECK_MS, signal });
    const version = await ifRunning(host.call<{ Version: string }>("GET", "/version"));
    return { installed: parseInstalled(stdout), running: version?.Version, stale: parseStale(stdout) };
}

/** The engine's answer, or undefined if the host answers and its engine does not. */
async function ifRunning<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (error instanceof ConnectionError && error.id === "ENGINE_STOPPED") return undefined;
        throw error;
    }
}

/** The swarm that the host serves, if any. A host that is locked or in no swarm serves nobody. */
async function swarmOf(
    host: Host,
    { managers, drainSeconds }: Inputs,
    ctx: Context,
): Promise<Swarm | undefined> {
    if ((await ifRunning(host.membership()))?.state !== "active") return undefined;
    const sightings = await Promise.all(managers.map((manager) => Host.of(manager).look()));
    const clusterId = theOneCluster(sightings);
    if (clusterId === undefined) throw new Refused([whyUnusable(sightings)]);
    return Swarm.of(managers, clusterId, ctx, drainSeconds);
}

async function install(
    host: Host,
    { host: { ssh }, repository, packages }: Inputs,
    restarts: boolean,
    ctx: Context,
): Promise<Outs> {
    const variables = {
        REPOSITORY_URL: repository.url,
        KEY_FINGERPRINT: repository.fingerprint,
        DOCKER_VERSION: packages["docker-ce"],
        CONTAINERD_VERSION: packages["containerd.io"],
        LOGIN_USER: ssh.user,
        RESTART: restarts ? "yes" : "no",
        ...(repository.viaProxy && proxiesForOthers(process.env)),
    };
    const running = host.script<Outs>(hostScript("lock", "engine"), variables, ctx);
    // The script runs meanwhile, and goes on whatever happens here.
    const [found] = await Promise.all([running, pausePoint(`engine:apt:${host.name}`, ctx)]);
    return found;
}
