// The versions and settings of all engines of a standing swarm. It is their only owner after the first install, and changes
// them host by host (swarm/rollout.ts). What somebody changes on a host is found and put right in the same way.
import { isDeepStrictEqual } from "node:util";
import { formatProblem, type Problem, type ProblemId, SkepError } from "../../errors";
import { othersProblems, takenProblems } from "../../planning/daemon-json";
import { describeEngine, type EngineVersions, type FoundEngine } from "../../planning/engine-packages";
import { mayChangeEngine } from "../../planning/engine-pairs";
import type { Role } from "../../planning/placement";
import { type AtOnce, batches, planLine, type RolloutHost } from "../../planning/rollout";
import { listed, reasonOf } from "../../planning/sentence";
import { drainRefused } from "../../planning/spare";
import type { Context } from "../../swarm/context";
import { type EngineSource, findEngine, mergedDaemon } from "../../swarm/engine-host";
import { ifAnswered } from "../../swarm/failures";
import { Host } from "../../swarm/host";
import { drainView } from "../../swarm/make-room";
import { rollOut } from "../../swarm/rollout";
import type { HostInput } from "../../swarm/ssh";
import { Swarm } from "../../swarm/swarm";
import type { Props, Resource } from "../runtime/types";
import { type InSwarm, inputsOf } from "./inputs";

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
    upgrade: { workersAtOnce: AtOnce; soakSeconds: number; pauseSeconds: number; most?: number };
};
/** By host, the keys of daemon.json that have another value there. */
type Outs = { differing: Record<string, string[]> };
type State = Inputs & Outs;

export const engineRollout: Resource = {
    required: ["clusterId", "managers", "hosts", "nodeIds", "repository", "engines", "daemon", "upgrade"],
    computed: COMPUTED,
    replaceOn: ["clusterId"],
    ignoreInDiff: ["managers", "hosts", "repository", "drainSeconds", "upgrade"],
    refreshBeforeUpdate: true,
    entries: { daemon: (daemon) => daemon },

    drift: ({ differing }: Partial<State>) =>
        Object.values(differing ?? {}).some((keys) => keys.length > 0) ? ["daemon"] : [],

    /** Refuses versions that hosts cannot get without a service losing more than it can spare. */
    async guard({ olds, inputs }, ctx) {
        const plan = inputs as Inputs;
        if (typeof plan.engines !== "object" || typeof plan.nodeIds !== "object") return;
        await refuseTaken(plan, olds as Partial<Inputs>, ctx);
        await planned(plan, olds as Partial<Inputs>, ctx);
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

async function run(inputs: Inputs, ctx: Context): Promise<Outs> {
    const { clusterId, managers, hosts, nodeIds, engines, drainSeconds, upgrade } = inputs;
    const swarm = Swarm.of(managers, clusterId, ctx, drainSeconds);
    const members = hosts.flatMap((input) => {
        const [packages, nodeId] = [engines[input.name], nodeIds[input.name]];
        if (!packages || !nodeId) return [];
        const { role, zone, ssh } = input;
        return [{ host: Host.of(input), user: ssh.user, role, zone, nodeId, packages }];
    });
    const { unseen, due } = await rollOut({
        swarm,
        members,
        repository: inputs.repository,
        daemon: inputs.daemon,
        settings: upgrade,
    });
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

/** Throws ENGINE_KEY_TAKEN if the settings give a key that somebody else has given another value on a host. */
async function refuseTaken(plan: Inputs, olds: Partial<Inputs>, ctx: Context): Promise<void> {
    if (isDeepStrictEqual(plan.daemon, olds.daemon)) return;
    const found = plan.hosts
        .filter(({ name }) => name in plan.engines)
        .map(async (input) => {
            const merged = await ifAnswered(mergedDaemon(Host.of(input), plan.daemon, ctx));
            return takenProblems(input.name, merged?.taken ?? []);
        });
    refuse((await Promise.all(found)).flat());
}

/** Throws ENGINE_DOWNGRADE if a host cannot change from the version that it has to the one that it would get. */
async function refuseWaysBack(due: readonly HostInput[], plan: Inputs, olds: Partial<Inputs>): Promise<void> {
    const features = plan.daemon.features as Record<string, boolean> | undefined;
    const found = due.map(async (input) => {
        const info = await ifAnswered(
            Host.of(input).call<{ DriverStatus?: [string, string][] }>("GET", "/info"),
        );
        const isContainerd = (info?.DriverStatus ?? []).some(([, value]) =>
            value.startsWith("io.containerd."),
        );
        const from = olds.engines?.[input.name]?.["docker-ce"] ?? "";
        return mayChangeEngine(from, plan.engines[input.name]!["docker-ce"], {
            imageStore: isContainerd ? "containerd" : "driver",
            containerdFeature: features?.["containerd-snapshotter"] === true,
        });
    });
    const problems = (await Promise.all(found)).flatMap((problem) => problem ?? []);
    refuse(problems);
}

/** Throws these problems, each once, if there are any. */
function refuse(problems: readonly Problem[]): void {
    if (problems.length === 0) return;
    throw new SkepError([...new Map(problems.map((problem) => [problem.problem, problem])).values()]);
}

/**
 * Says in which order hosts would get other versions. Throws SERVICE_CANNOT_SPARE if a service cannot do without one of the
 * batches that would be drained.
 */
async function planned(plan: Inputs, olds: Partial<Inputs>, ctx: Context): Promise<void> {
    const due = plan.hosts.filter(({ name }) => otherPackages(olds.engines?.[name], plan.engines[name]));
    if (due.length === 0) return;
    await refuseWaysBack(due, plan, olds);
    const swarm = Swarm.of(plan.managers, plan.clusterId, ctx).during({ patienceMs: PATIENCE_MS });
    const view = await ifAnswered(drainView(swarm, []));
    if (!view) return;
    const members = plan.hosts.map((host): RolloutHost => {
        const { name, role, zone } = host;
        const node = view.nodes.find(({ ID }) => ID === plan.nodeIds[name]);
        const isLeader = node?.ManagerStatus?.Leader ?? false;
        return { name, role, zone, isLeader, ...(due.includes(host) && { work: "packages" }) };
    });
    const drained = batches(members, plan.upgrade.workersAtOnce);
    const problems = drained.flatMap((batch) => {
        const draining = batch.flatMap(({ name }) => plan.nodeIds[name] ?? []);
        return drainRefused({ ...view, draining });
    });
    refuse(problems);
    const running = (name: string) =>
        view.tasks.filter(
            ({ NodeID, Status }) => NodeID === plan.nodeIds[name] && Status?.State === "running",
        );
    const tasks = Object.fromEntries(members.map(({ name }) => [name, running(name).length]));
    ctx.log(`The engines would change in this order: ${planLine(drained, tasks)}`);
}

function otherPackages(old: EngineVersions | undefined, now: EngineVersions | undefined): boolean {
    if (!old || !now) return false;
    const [a, b]: Props[] = [old, now];
    return ["docker-ce", "containerd.io"].some((name) => a?.[name] !== b?.[name]);
}
