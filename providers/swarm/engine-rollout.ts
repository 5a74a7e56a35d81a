// The versions and settings of all engines of a standing swarm. It is their only owner after the first install, and changes
// them host by host (swarm/rollout.ts). What somebody changes on a host is found and put right in the same way.
import { isDeepStrictEqual } from "node:util";
import { formatProblem, type ProblemId, SkepError } from "../../errors";
import { othersProblems } from "../../planning/daemon-json";
import { describeEngine, type EngineVersions, type FoundEngine } from "../../planning/engine-packages";
import type { Role } from "../../planning/placement";
import { listed, reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { type EngineSource, findEngine, mergedDaemon } from "../../swarm/engine-host";
import { Host } from "../../swarm/host";
import { rollOut } from "../../swarm/rollout";
import { planRollout, type RolloutArgs, type RolloutSettings } from "../../swarm/rollout-look";
import type { HostInput } from "../../swarm/ssh";
import { Swarm } from "../../swarm/swarm";
import { hasUnknown } from "../runtime/wire";
import type { Resource } from "../runtime/types";
import { type InSwarm, inputsOf, itself } from "./inputs";

const COMPUTED = ["differing"] as const;
/** What an sshd's settings cause. It stays until somebody changes them, while a host that is made anew gets another key. */
const SSHD_PROBLEMS: readonly ProblemId[] = [
    "HOST_FORWARDING",
    "HOST_HANGS_UP",
    "HOST_IDLE_TIMEOUT",
    "HOST_SESSIONS",
];
const PATIENCE_MS = 5000;

type Inputs = InSwarm & {
    /** All hosts of the swarm. */
    hosts: (HostInput & { role: Role; zone: string })[];
    /** Their identities, by name. */
    hostIds: Record<string, string>;
    /** Their node ids, by name. */
    nodeIds: Record<string, string>;
    repository: EngineSource["repository"];
    /** The versions that each host should have, by name. Hosts that are not named are left as they are. */
    engines: Record<string, EngineVersions>;
    /** Skep's keys of daemon.json. */
    daemon: Record<string, unknown>;
    /** By host, how often files changed that only a restart makes the engine read. */
    files: Record<string, number>;
    drainSeconds: number;
    upgrade: RolloutSettings;
};
/** By host, the keys of daemon.json that have another value there. */
type Outs = { differing: Record<string, string[]> };
type State = Inputs & Outs;

export const engineRollout: Resource = {
    required: [
        "clusterId",
        "managers",
        "hosts",
        "hostIds",
        "nodeIds",
        "repository",
        "engines",
        "daemon",
        "upgrade",
    ],
    computed: COMPUTED,
    replaceOn: ["clusterId"],
    ignoreInDiff: ["managers", "hosts", "nodeIds", "repository", "drainSeconds", "upgrade"],
    refreshBeforeUpdate: true,
    entries: { daemon: itself },

    drift: ({ differing }: Partial<State>) =>
        Object.values(differing ?? {}).some((keys) => keys.length > 0) ? ["daemon"] : [],

    /** Refuses a rollout that could not go well, and says the order of one that could. */
    async guard({ olds, inputs, replaced }, ctx) {
        const plan = inputs as Inputs;
        if (replaced || [plan.engines, plan.daemon].some(hasUnknown)) return;
        const isSame = (name: "engines" | "daemon") => isDeepStrictEqual(olds[name], plan[name]);
        if (isSame("engines") && isSame("daemon")) return;
        // In a preview, nobody can ask a host that has yet to be made.
        const made = plan.hosts.filter((host) => !hasUnknown(host) && !hasUnknown(plan.nodeIds[host.name]));
        const managers = plan.managers.filter((host) => !hasUnknown(host));
        if (managers.length === 0) return;
        const args = argsFor({ ...plan, managers, hosts: made }, ctx);
        await planRollout({ ...args, swarm: args.swarm.during({ patienceMs: PATIENCE_MS }) });
    },

    async create(inputs: Inputs, ctx) {
        return { id: inputs.clusterId, outs: await run(inputs, ctx) };
    },

    update: (_id, _olds: State, inputs: Inputs, ctx): Promise<Outs> => run(inputs, ctx),

    async read(id, state: State, ctx) {
        const looks = state.hosts
            .filter(({ name }) => name in state.engines)
            .map((host) => look(host, state, ctx));
        const seen = await Promise.all(looks);
        const engines = { ...state.engines };
        const differing: Outs["differing"] = {};
        for (const { name, packages, keys } of seen) {
            engines[name] = packages;
            if (keys.length > 0) differing[name] = keys;
        }
        const inputs = { ...inputsOf(state, COMPUTED), engines };
        return { id, outs: { ...state, engines, differing }, inputs };
    },
    // The engines go with their hosts.
    delete: () => Promise.resolve(),
};

function argsFor(inputs: Inputs, ctx: Context): RolloutArgs {
    const { clusterId, managers, hosts, nodeIds, engines, drainSeconds, upgrade } = inputs;
    const members = hosts.flatMap((input) => {
        const { name, role, zone, ssh } = input;
        const [packages, nodeId] = [engines[name], nodeIds[name]];
        if (!nodeId) return [];
        return [{ host: Host.of(input), user: ssh.user, role, zone, nodeId, ...(packages && { packages }) }];
    });
    return {
        swarm: Swarm.of(managers, clusterId, ctx, drainSeconds),
        members,
        repository: inputs.repository,
        daemon: inputs.daemon,
        settings: upgrade,
    };
}

async function run(inputs: Inputs, ctx: Context): Promise<Outs> {
    const { unseen, due } = await rollOut(argsFor(inputs, ctx));
    for (const { name, problem } of unseen) sayLeft(name, problem.problem, ctx);
    if (due.length > 0) {
        const problem = `The rollout has come as far as it should now; ${listed(due)} ${due.length === 1 ? "is" : "are"} left.`;
        ctx.log(formatProblem({ id: "ROLLOUT_PAUSED", problem, advice: "Run up to go on." }), "warning");
    }
    return { differing: {} };
}

/** What a host has. If it cannot be seen, the state stays as it was: reading never fails. */
async function look(
    input: HostInput,
    { engines, daemon }: State,
    ctx: Context,
): Promise<{ name: string; packages: EngineVersions; keys: string[] }> {
    const { name } = input;
    const host = Host.of(input);
    try {
        const [found, merged] = await Promise.all([findEngine(host, ctx), mergedDaemon(host, daemon, ctx)]);
        if (found.running !== undefined && found.stale.length > 0) sayStale(name, found, ctx);
        sayOthers(name, merged.others, ctx);
        return { name, packages: describeEngine(found), keys: merged.changed };
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        const unseen = `The engine of ${name} could not be looked at`;
        const [problem] = error.problems;
        if (problem && SSHD_PROBLEMS.includes(problem.id))
            sayLeft(name, `${unseen} (${problem.id}): ${problem.problem}`, ctx, problem.advice);
        else ctx.log(`${unseen}: ${reasonOf(error)}`, "debug");
        return { name, packages: engines[name]!, keys: [] };
    }
}

function sayLeft(name: string, why: string, ctx: Context, advice = "Run up again."): void {
    const problem = why.includes(name) ? why : `${name}: ${why}`;
    ctx.log(formatProblem({ id: "ENGINE_LEFT", problem, advice }), "warning");
}

function sayStale(name: string, { stale }: FoundEngine, ctx: Context): void {
    const problem = `The engine of ${name} has to restart: ${stale.join(", ")}.`;
    const advice = "Run up: it restarts the engine when the swarm can do without this host.";
    ctx.log(formatProblem({ id: "ENGINE_STALE", problem, advice }), "warning");
}

/** Names the keys of daemon.json that others wrote. */
export function sayOthers(name: string, others: readonly string[], ctx: Pick<Context, "log">): void {
    for (const problem of othersProblems(name, others)) ctx.log(formatProblem(problem), "warning");
}
