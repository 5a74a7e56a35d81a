// Brings the engines of a swarm to their versions and settings, one host after another. What is left to do is looked at
// anew before each host, so an interrupted rollout goes on where it stopped, and one that is turned around ends with one
// version everywhere.
import { type Problem, SkepError } from "../errors";
import { DAEMON_JSON } from "../planning/daemon-json";
import { describeEngine, ENGINE_PACKAGES, isBroken } from "../planning/engine-packages";
import { interrupts, nextBatch, type RolloutHost } from "../planning/rollout";
import { listed, reasonOf } from "../planning/sentence";
import { upstream } from "../planning/versions";
import type { Context } from "./context";
import { installEngine, writeDaemon } from "./engine-host";
import type { Host } from "./host";
import { inMaintenance } from "./maintenance";
import { pausePoint } from "./pause-point";
import { Gate, interrupted, stopped } from "./rollout-gate";
import {
    observe,
    refuseTaken,
    refuseWaysBack,
    type RolloutArgs,
    type RolloutMember,
    type Seen,
} from "./rollout-look";
import { orProblems } from "./snapshot";
import { pause } from "./wait";

/** What a rollout left: hosts that it could not look at, with the reason, and hosts that are still due. */
export interface RolloutEnd {
    unseen: readonly { name: string; problem: Problem }[];
    due: readonly string[];
}

/**
 * Changes the engines, host by host. Throws ENGINE_KEY_TAKEN, ENGINE_DOWNGRADE or ROLLOUT_UNWELL before anything is
 * touched, and ROLLOUT_STOPPED with the reason if it ends at a host.
 */
export async function rollOut(args: RolloutArgs): Promise<RolloutEnd> {
    const { swarm, members, settings } = args;
    const { ctx } = swarm;
    const gate = new Gate(swarm, members, settings.checkDataPath ?? true);
    /** What was done to each host already, by name. */
    const tried = new Map<string, string>();
    let begun = false;
    let done = 0;
    for (;;) {
        const seen = await observe(args);
        if (ctx.signal.aborted) throw interrupted("before the next host");
        refuseTaken(seen);
        const batch = nextBatch(seen, settings.workersAtOnce);
        const due = namesOf(seen.filter(({ work }) => work !== undefined));
        if (batch.length === 0 || done >= (settings.most ?? Number.POSITIVE_INFINITY))
            return {
                due,
                unseen: seen.flatMap(({ name, unseen }) => (unseen ? [{ name, problem: unseen }] : [])),
            };
        const again = batch.filter(({ name, work }) => tried.get(name) === work);
        if (again.length > 0) throw stopped(again.map(unchanged), namesOf(batch), without(due, batch));
        for (const { name, work = "" } of batch) tried.set(name, work);
        const isQuiet = batch.every(({ work }) => work === "hold");
        // The first host shows what the change does, before others follow.
        const isFirst = done === 0 && due.length > 1;
        if (!isQuiet && !begun) {
            await refuseWaysBack(seen, args.daemon);
            await gate.before(namesOf(seen.filter(({ found }) => found && isBroken(found))));
            await download(args, seen, ctx);
            begun = true;
        }
        if (!isQuiet && done > 0) await pause(settings.pauseSeconds * 1000, ctx.signal);
        ctx.log(stepLine(batch, due.length));
        const problems = await orProblems(
            change(args, batch, ctx).then(() =>
                isQuiet ? [] : gate.after(namesOf(batch), isFirst ? settings.soakSeconds * 1000 : 0),
            ),
        );
        if (ctx.signal.aborted) throw interrupted(`at ${listed(namesOf(batch))}`);
        const wrong = "problems" in problems ? problems.problems : problems.value;
        if (wrong.length > 0) throw stopped(wrong, namesOf(batch), without(due, batch));
        if (!isQuiet) {
            done += 1;
            await pausePoint(`rollout:passed:${batch[0]!.name}`, ctx);
        }
    }
}

/** Fetches the packages on every host before the first one is drained: trouble with the repository shows early. */
async function download(args: RolloutArgs, seen: readonly Seen[], ctx: Context): Promise<void> {
    const due = seen.filter(({ work }) => work === "packages");
    if (due.length === 0) return;
    ctx.log(`fetching packages on ${listed(namesOf(due))}`);
    await Promise.all(due.map(({ member }) => install(args, member, { download: true }, ctx)));
    await pausePoint("rollout:downloaded", ctx);
}

async function change(args: RolloutArgs, batch: readonly Seen[], ctx: Context): Promise<void> {
    const hosts = batch.map(({ member }) => member.host);
    const seenOf = (host: Host) => batch.find(({ name }) => name === host.name)!;
    const one = async (host: Host, turn: Context) => {
        const { member, daemon, found, work } = seenOf(host);
        if (daemon && daemon.changed.length > 0)
            await writeDaemon(host, daemon, { reload: work === "reload", check: work !== "packages" }, turn);
        if (work === "reload") return;
        const restart = work === "restart" || (found?.stale.length ?? 0) > 0;
        await install(args, member, { restart }, turn).catch(async (error: unknown) => {
            if (error instanceof SkepError && !turn.signal.aborted) await putBack(args, seenOf(host), turn);
            throw error;
        });
    };
    if (batch.some(({ work }) => interrupts(work))) await inMaintenance(args.swarm, hosts, one);
    else await Promise.all(hosts.map((host) => one(host, ctx)));
}

/** Gives an engine that does not start with new settings its former ones, so that its host is not lost to the swarm. */
async function putBack(args: RolloutArgs, { member, daemon }: Seen, ctx: Context): Promise<void> {
    const { host } = member;
    if (!daemon?.former || daemon.changed.length === 0) return;
    ctx.log(`${host.name} gets its former settings back`);
    try {
        await writeDaemon(host, daemon.former, { reload: false, check: false }, ctx);
        await install(args, member, {}, ctx);
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        // Why the new settings failed is what the user has to know first.
        ctx.log(`${host.name} does not start with its former settings either: ${reasonOf(error)}`, "warning");
    }
}

async function install(
    { repository }: RolloutArgs,
    { host, user, packages }: RolloutMember,
    how: { restart?: boolean; download?: boolean },
    ctx: Context,
): Promise<void> {
    if (packages) await installEngine(host, user, { repository, packages }, how, ctx);
}

function namesOf(hosts: readonly Pick<RolloutHost, "name">[]): string[] {
    return hosts.map(({ name }) => name);
}

/** The names that are not of these hosts. */
function without(names: readonly string[], hosts: readonly Pick<RolloutHost, "name">[]): string[] {
    return names.filter((each) => !namesOf(hosts).includes(each));
}

/** As in "manager-2: docker-ce 26.1.5 → 28.5.2 (5 hosts to go)". */
function stepLine(batch: readonly Seen[], left: number): string {
    const what = batch.map(({ name, work, found, member }) => {
        const from = upstream(found?.installed["docker-ce"]?.version ?? "none");
        const to = upstream(member.packages?.["docker-ce"] ?? "none");
        if (work !== "packages") return `${name}: ${work}`;
        return from === to ? `${name}: containerd` : `${name}: docker-ce ${from} → ${to}`;
    });
    return `${what.join(", ")} (${left} ${left === 1 ? "host" : "hosts"} to go)`;
}

/** The problem of a host that the same work has to be done to again: another time would change nothing either. */
function unchanged({ name, found, member }: Seen): Problem {
    const has = found && describeEngine(found);
    const differs = ENGINE_PACKAGES.filter((each) => has?.[each] !== member.packages?.[each]);
    const what = differs.map((each) => `${each} ${has?.[each]}`).join(", ") || "daemon.json";
    return {
        id: "ENGINE_OTHER",
        problem: `The engine of ${name} is not as it should be after it was changed: ${what}.`,
        advice: `Look at that host: journalctl -u docker, apt-mark showhold, ${DAEMON_JSON}.`,
    };
}
