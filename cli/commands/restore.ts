// `skep restore`: a swarm comes back from a backup, onto managers that lost its data. It says first which way it goes, what
// comes back and what is lost.

import { type Problem, SkepError, skepError } from "../../errors";
import { spanText } from "../../planning/durations";
import type { OpenArchive } from "../../planning/recovery/manifest";
import { lacking, planRestore, type RestoreHost, type RestorePlan } from "../../planning/recovery/restore";
import { listed } from "../../planning/sentence";
import { ifAnswered } from "../../swarm/failures";
import { inventoryOf } from "../../swarm/recovery/inventory";
import { lookAtData } from "../../swarm/recovery/manager-data";
import { putBack } from "../../swarm/recovery/restore";
import { findBackup, openBackup, type ReadOptions } from "../backup/find";
import { confirmedByName } from "../confirm";
import type { Ready } from "../prepare";
import { printJson, printNext } from "../print";
import { operate } from "../pulumi/operate";
import { bringInLine, openToRecover, readyToRecover } from "../stack/in-line";
import { outputsNow } from "../stack/lost";
import { managersOf, type Standing, type StandingHost, withSwarm } from "../stack/standing";
import { headed, wrapped } from "../text";

/** What an up says that finds the swarm's hosts without the swarm. */
const LOST = ["CLUSTER_GONE", "QUORUM_LOST", "SWARM_UNREACHABLE"];

export interface RestoreOptions extends ReadOptions {
    /** The one manager to restore. Default: a majority of them, if the backup has that. */
    from?: string;
    /** Says what would be done, and changes nothing. */
    dryRun?: boolean;
}

/** What came back. */
interface Restored extends RestorePlan {
    /** What the backup names and the swarm does not have again. */
    missing: string[];
    /** How old the copy was when the command began, in seconds: what changed in that time is lost. */
    rpoSeconds: number;
    /** How long it took until the swarm had a majority again, in seconds. */
    rtoSeconds: number;
}

/**
 * Restores the backup. Throws all that is against it before anything changes (planRestore), and RESTORE_DIFFERS at the end
 * if something has not come back.
 */
export async function restore(archivePath: string, options: RestoreOptions): Promise<void> {
    const began = Date.now();
    const work = await readyToRecover(options);
    const { progress } = work;
    const archive = await progress.step("Reading the backup", async () =>
        openBackup(await findBackup(archivePath, options), options),
    );
    const { stack, from } = options;
    let known = await outputsNow(stack, progress);
    const onHosts = <T>(use: (standing: Standing) => Promise<T>) => withSwarm(stack, known, progress, use);
    const plan = await onHosts((standing) => planned(archive, standing, began, from));
    const rpoSeconds = Math.round((began - Date.parse(plan.at)) / 1000);
    if (options.dryRun && options.json)
        return printJson({ ...plan, dryRun: true, rpoSeconds, rtoSeconds: null, missing: [], found: [] });
    const say = options.dryRun ? console.log : console.error;
    for (const line of planLines(plan, archive, rpoSeconds)) say(line);
    if (options.dryRun) return printNext(options, `restore ${archivePath}`);
    if (!(await confirmedByName(options))) return;
    if (plan.absent.length > 0) {
        await onHosts(leaveAll);
        await makeHosts(plan, options, work);
        known = await outputsNow(stack, progress);
    }
    const restored = await onHosts((standing) => bringBack(standing, plan, archive, began));
    const { found } = await bringInLine(options, work);
    const result: Restored = { ...plan, ...restored, rpoSeconds };
    if (options.json) printJson({ ...result, dryRun: false, found });
    else for (const line of resultLines(result, archive)) console.log(line);
    const problems = [...found, ...differs(result)];
    if (problems.length > 0) throw new SkepError(problems);
    printNext(options, "status");
}

async function planned({ manifest }: OpenArchive, standing: Standing, now: number, from?: string) {
    const hosts = await standing.progress.step("Looking at the managers' hosts", () =>
        Promise.all(managersOf(standing.hosts).map((host) => asItIs(host, standing))),
    );
    return planRestore(manifest, hosts, standing.outputs.clusterId, now, from);
}

/** A host whose engine was stopped by an earlier attempt answers too: its version was judged then. */
async function asItIs({ name, host }: StandingHost, { ctx }: Standing): Promise<RestoreHost> {
    const [version, data] = await Promise.all([
        ifAnswered(host.call<{ Version: string }>("GET", "/version")),
        ifAnswered(lookAtData(host, ctx)),
    ]);
    return { name, address: host.address, answers: data !== undefined, engine: version?.Version };
}

/** Ends what other managers still have of the swarm: an up makes no host in the place of one that may come back. */
async function leaveAll({ hosts }: Standing): Promise<void> {
    await Promise.all(managersOf(hosts).map(({ host }) => ifAnswered(host.leave({ force: true }))));
}

/** Lets an up make the hosts that are gone. It ends at the swarm that it does not find. */
async function makeHosts({ absent }: RestorePlan, options: RestoreOptions, work: Ready): Promise<void> {
    const { progress } = work;
    const { stack, sizes } = await openToRecover(options, work);
    try {
        await progress.step(`Making ${listed(absent)}`, (update) =>
            operate(stack, "up", progress, { update, sizes }),
        );
    } catch (error) {
        const isExpected = error instanceof SkepError && error.problems.some(({ id }) => LOST.includes(id));
        if (!isExpected) throw error;
        return;
    }
    throw skepError(
        "RECOVERY_NOT_NEEDED",
        "The hosts are back, and the swarm with them.",
        "See what it is like: skep status. Restore it again if that is not what you want.",
    );
}

async function bringBack(standing: Standing, plan: RestorePlan, archive: OpenArchive, began: number) {
    const { progress, ctx } = standing;
    const managers = managersOf(standing.hosts).map(({ host }) => host);
    const swarm = await progress.step(`Restoring ${listed(plan.managers)}`, () =>
        putBack(plan, archive, managers, ctx),
    );
    const rtoSeconds = Math.round((Date.now() - began) / 1000);
    return { missing: lacking(archive.manifest.objects, (await inventoryOf(swarm)).objects), rtoSeconds };
}

/** What is said before a restore, in at most 80 columns. `rpoSeconds` is the age of the copy. */
export function planLines(
    plan: RestorePlan,
    { manifest }: Pick<OpenArchive, "manifest">,
    rpoSeconds: number,
): string[] {
    const { made, objects, members, registry } = manifest;
    const { services, secrets, configs, networks } = objects;
    const workers = members.filter(({ role }) => role === "worker").length;
    const back = [
        counted(services, "service"),
        counted(secrets, "secret"),
        counted(configs, "config"),
        counted(networks, "network"),
    ].join(", ");
    const { absent, rejoin } = plan;
    const rows: [string, string][] = [
        [
            "Back",
            `${back}. ${workers} of its members are workers: they come back by themselves, with their running tasks.`,
        ],
        [
            "Lost",
            `what changed in the swarm in the last ${spanText(rpoSeconds)}, and volumes on hosts that are gone.`,
        ],
    ];
    if (absent.length > 0) rows.push(["First", `an up makes ${listed(absent)} anew.`]);
    if (rejoin.length > 0)
        rows.push(["Anew", `${listed(rejoin)} ${rejoin.length === 1 ? "joins" : "join"}, without old data.`]);
    if (registry) rows.push(["Not", "the registry's images, which the backup has too."]);
    rows.push(["Key", "the unlock key changes, if there is one."]);
    return [
        "",
        ...wrapped(`The backup of ${made} goes back onto ${listed(plan.managers)}: ${plan.why}.`, 0),
        ...headed(rows),
        "",
    ];
}

function counted(of: readonly unknown[], word: string): string {
    return `${of.length} ${word}${of.length === 1 ? "" : "s"}`;
}

function resultLines(
    { way, missing, rpoSeconds, rtoSeconds, managers }: Restored,
    { manifest }: OpenArchive,
) {
    const { services, secrets, configs, networks } = manifest.objects;
    const all = services.length + secrets.length + configs.length + networks.length;
    const how =
        way === "alone" ? `with the data of ${managers.join()}` : `with ${listed(managers)} as they were`;
    return [
        ...wrapped(
            `The swarm is back ${how}: ${all - missing.length} of ${all} services, secrets, configs and networks.`,
            0,
        ),
        ...headed([
            ["RPO", `${spanText(rpoSeconds)}: the age of the backup.`],
            ["RTO", `${spanText(rtoSeconds)}: until the swarm answered again.`],
            ["Key", "the unlock key is new, if there is one."],
        ]),
    ];
}

/** The problem of what did not come back; none if all did. */
export function differs({ missing }: Pick<Restored, "missing">): Problem[] {
    if (missing.length === 0) return [];
    return [
        {
            id: "RESTORE_DIFFERS",
            problem: `The swarm came back without ${listed(missing)}.`,
            advice: "Compare with skep backup show; run up for what Skep deploys.",
        },
    ];
}
