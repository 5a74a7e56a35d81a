// What a rollout finds on the hosts of a swarm before it does anything, and what speaks against it. Changes nothing.
import { type Problem, SkepError } from "../errors";
import { type MergedDaemon, takenProblems } from "../planning/daemon-json";
import { CONTAINERD_IMAGES } from "../planning/daemon-settings";
import { type EngineVersions, type FoundEngine, workFor } from "../planning/engine-packages";
import { mayChangeEngine } from "../planning/engine-pairs";
import { distinct } from "../planning/finding";
import type { Role } from "../planning/placement";
import { type AtOnce, batches, interrupts, planLine, type RolloutHost } from "../planning/rollout";
import { drainRefused } from "../planning/spare";
import { type EngineSource, findEngine, mergedDaemon } from "./engine-host";
import { ifAnswered } from "./failures";
import type { Host } from "./host";
import { drainView } from "./make-room";
import { orProblems } from "./snapshot";
import type { Swarm } from "./swarm";

/** A host of the swarm, its place in it, and the engine that it should have. */
export interface RolloutMember {
    host: Host;
    /** The login that may use its engine. */
    user: string;
    role: Role;
    zone: string;
    nodeId: string;
    /** Undefined for a host that this rollout leaves as it is. */
    packages?: EngineVersions;
}

/** How a rollout goes on. */
export interface RolloutSettings {
    workersAtOnce: AtOnce;
    /** How long the first host is watched before the others follow, in seconds. */
    soakSeconds: number;
    /** How long to wait between hosts, in seconds. */
    pauseSeconds: number;
    /** How many batches this run changes. Default: all. */
    most?: number;
    /** Whether the data path is tried before and after each host. Default: true. */
    checkDataPath?: boolean;
}

export interface RolloutArgs {
    swarm: Swarm;
    /** All hosts of the swarm. */
    members: readonly RolloutMember[];
    repository: EngineSource["repository"];
    /** Skep's keys of daemon.json. */
    daemon: Readonly<Record<string, unknown>>;
    settings: RolloutSettings;
}

/** A member as it was found. */
export interface Seen extends RolloutHost {
    member: RolloutMember;
    found?: FoundEngine;
    daemon?: MergedDaemon;
    /** Why it could not be looked at. */
    unseen?: Problem;
}

/** All hosts as they are now. Changes nothing. */
export async function observe({ swarm, members, daemon }: RolloutArgs): Promise<Seen[]> {
    const leader = (await swarm.members()).find(({ ManagerStatus }) => ManagerStatus?.Leader)?.ID;
    return Promise.all(
        members.map(async (member): Promise<Seen> => {
            const { host, role, zone, nodeId, packages } = member;
            const place = { name: host.name, role, zone, isLeader: nodeId === leader, member };
            if (!packages) return place;
            const said = await orProblems(
                Promise.all([findEngine(host, swarm.ctx), mergedDaemon(host, daemon, swarm.ctx)]),
            );
            if ("problems" in said) return { ...place, unseen: said.problems[0] };
            const [found, merged] = said.value;
            const work = workFor(found, packages, merged.changed);
            return { ...place, found, daemon: merged, ...(work && { work }) };
        }),
    );
}

/**
 * Refuses what can be refused before anything is touched: ENGINE_KEY_TAKEN, ENGINE_DOWNGRADE, and SERVICE_CANNOT_SPARE if a
 * service cannot do without a host that would be drained. Says otherwise in which order the hosts would change.
 */
export async function planRollout(args: RolloutArgs): Promise<void> {
    const { swarm, settings, daemon } = args;
    const seen = await ifAnswered(observe(args));
    // A swarm that does not answer has other worries, and an up says them.
    if (!seen) return;
    refuseTaken(seen);
    await refuseWaysBack(seen, daemon);
    const order = batches(seen, settings.workersAtOnce);
    const drained = order.filter((batch) => batch.some(({ work }) => interrupts(work)));
    if (drained.length === 0) return;
    const view = await drainView(swarm, []);
    refuse(
        drained.flatMap((batch) =>
            drainRefused({ ...view, draining: batch.map(({ member }) => member.nodeId) }),
        ),
    );
    const running = (nodeId: string) =>
        view.tasks.filter(({ NodeID, Status }) => NodeID === nodeId && Status?.State === "running").length;
    const tasks = Object.fromEntries(seen.map(({ name, member }) => [name, running(member.nodeId)]));
    swarm.ctx.log(`The engines would change in this order: ${planLine(drained, tasks)}`);
}

/** Throws ENGINE_KEY_TAKEN if others gave a key that Skep should write another value. */
export function refuseTaken(seen: readonly Seen[]): void {
    refuse(seen.flatMap(({ name, daemon }) => takenProblems(name, daemon?.taken ?? [])));
}

/** Throws ENGINE_DOWNGRADE if a host cannot change from the version that it has to the one that it would get. */
export async function refuseWaysBack(seen: readonly Seen[], daemon: RolloutArgs["daemon"]): Promise<void> {
    const changing = seen.filter(({ work }) => work === "packages");
    const problems = await Promise.all(
        changing.map(({ member, found }) =>
            wayBack(
                member.host,
                found?.installed["docker-ce"]?.version,
                member.packages?.["docker-ce"],
                daemon,
            ),
        ),
    );
    refuse(problems.flatMap((problem) => problem ?? []));
}

/** Why the host cannot change from one version of the engine to another; undefined if it can, or if it does not answer. */
async function wayBack(
    host: Host,
    from: string | undefined,
    to: string | undefined,
    daemon: Readonly<Record<string, unknown>>,
): Promise<Problem | undefined> {
    if (from === undefined || to === undefined) return undefined;
    const info = await ifAnswered(host.call<{ DriverStatus?: [string, string][] }>("GET", "/info"));
    const isContainerd = (info?.DriverStatus ?? []).some(([, value]) => value.startsWith("io.containerd."));
    const features = daemon.features as Record<string, boolean> | undefined;
    return mayChangeEngine(from, to, {
        imageStore: isContainerd ? "containerd" : "driver",
        containerdFeature: features?.[CONTAINERD_IMAGES] === true,
    });
}

/** Throws these problems, each once, if there are any. */
function refuse(problems: readonly Problem[]): void {
    if (problems.length === 0) return;
    throw new SkepError(distinct(problems));
}
