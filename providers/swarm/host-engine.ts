// A host's engine: exact packages, held and running. Installed on a host that has none; brought back, as gently as the
// swarm needs it, where somebody changed them.
import { formatProblem } from "../../errors";
import {
    describeEngine,
    LIST_PACKAGES,
    needsRestart,
    parseInstalled,
    type FoundEngine,
} from "../../planning/engine-packages";
import { proxiesForOthers } from "../../planning/proxies";
import type { Context } from "../../swarm/context";
import type { Props, Resource } from "../runtime/types";
import { inputsOf, membership, NoManager } from "../../swarm/engine";
import { ConnectionError, reasonOf } from "../../swarm/failures";
import type { HostInput } from "../../swarm/host";
import { runScript, SCRIPT_MS } from "../../swarm/host-script";
import { inMaintenance, type Serving } from "../../swarm/maintenance";
import { pausePoint } from "../../swarm/pause-point";
import { hostScript } from "../../swarm/scripts";
import { look, theOneCluster, whyUnusable } from "../../swarm/survey";
import { remote } from "../../swarm/ssh";
import { Refused } from "../../swarm/turns";

const CHECK_MS = 10_000;
const COMPUTED = ["mesh", "esp"];

export const hostEngine: Resource = {
    required: ["host", "hostId", "managers", "repository", "packages"],
    computed: COMPUTED,
    stable: COMPUTED,
    replaceOn: ["hostId"],
    // Another repository is for new hosts, or for what is changed for another reason.
    ignoreInDiff: ["host", "managers", "repository"],
    refreshBeforeUpdate: true,

    async create(inputs, ctx) {
        const { mesh, esp } = await settle(inputs, ctx);
        return { id: inputs.hostId, outs: { mesh, esp } };
    },

    async update(_id, { mesh, esp }, inputs, ctx) {
        try {
            await settle(inputs, ctx);
        } catch (error) {
            if (!(error instanceof Refused || error instanceof NoManager)) throw error;
            // What it waits for comes later in the same run: a lost manager's new host, the key of those that are locked.
            const problem = `The engine is left as it is: ${reasonOf(error)}.`;
            ctx.log(formatProblem({ id: "ENGINE_LEFT", problem, advice: "Run up again." }), "warning");
        }
        return { mesh, esp, packages: describeEngine(await ask(inputs.host)) };
    },

    async read(id, state, ctx) {
        const inputs = inputsOf(state, COMPUTED);
        try {
            const packages = describeEngine(await ask(state.host));
            return { id, outs: { ...state, packages }, inputs: { ...inputs, packages } };
        } catch (error) {
            // What cannot be seen stays as it was: looking never fails.
            ctx.log(`The engine of ${state.host.name} could not be looked at: ${reasonOf(error)}`, "debug");
            return { id, outs: state, inputs };
        }
    },
};

/** Brings the engine to what is asked; what the host's kernel can do, as the script found it. */
async function settle(inputs: Props, ctx: Context): Promise<Props> {
    const found = await ask(inputs.host);
    const serving = needsRestart(found, inputs.packages) ? await servingNow(inputs) : undefined;
    if (!serving) return install(inputs, ctx);
    return inMaintenance(serving, ctx, (turn) => install(inputs, turn));
}

async function ask(host: HostInput): Promise<FoundEngine> {
    const { stdout } = await remote(host).exec(LIST_PACKAGES, "", CHECK_MS);
    const version = await ifRunning(remote(host).call("GET", "/version"));
    return { installed: parseInstalled(stdout), running: version && String(version.Version) };
}

/** The engine's answer, or nothing where the host answers and its engine does not. */
async function ifRunning<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (error instanceof ConnectionError && error.problems[0]?.id === "ENGINE_STOPPED") return undefined;
        throw error;
    }
}

/** The host's place in the swarm, where it has one at work: one that is locked, or knows of no swarm, serves nobody. */
async function servingNow({ host, managers }: Props): Promise<Serving | undefined> {
    const member = await ifRunning(membership(host));
    if (member?.state !== "active") return undefined;
    const sightings = await look(managers);
    const clusterId = theOneCluster(sightings);
    if (clusterId === undefined) throw new Refused([whyUnusable(sightings)]);
    return { host, managers, clusterId, nodeId: member.nodeId };
}

async function install({ host, repository, packages }: Props, ctx: Context): Promise<Props> {
    const variables = {
        REPOSITORY_URL: repository.url,
        KEY_FINGERPRINT: repository.fingerprint,
        DOCKER_VERSION: packages["docker-ce"],
        CONTAINERD_VERSION: packages["containerd.io"],
        LOGIN_USER: host.ssh.user,
        ...(repository.viaProxy && proxiesForOthers(process.env)),
    };
    const script = `${hostScript("lock")}\n${hostScript("engine")}`;
    const running = runScript(remote(host), script, variables, SCRIPT_MS, ctx.signal);
    // While the script runs: the host goes on with it whatever happens here.
    const [found] = await Promise.all([running, pausePoint(`engine:apt:${host.name}`, ctx)]);
    return found;
}
