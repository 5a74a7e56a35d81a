// `skep recover`: a swarm that lost the majority of its managers goes on with one that has its data.

import { SkepError } from "../../errors";
import { planRecover, type RecoverPlan, type Seen } from "../../planning/recovery/recover";
import { listed } from "../../planning/sentence";
import { majority } from "../../planning/membership";
import { ifAnswered } from "../../swarm/failures";
import { goOnAlone, removeGhosts } from "../../swarm/recovery/force";
import { lookAtData } from "../../swarm/recovery/manager-data";
import { ELECTION_MS } from "../../swarm/swarm";
import { TimedOut, until } from "../../swarm/wait";
import { confirmedByName } from "../confirm";
import type { Options } from "../options";
import { printJson, printNext } from "../print";
import { bringInLine, readyToRecover } from "../stack/in-line";
import { outputsNow } from "../stack/lost";
import { knownKeys } from "../stack/outputs";
import { hostNamed, managersOf, type Standing, type StandingHost, withSwarm } from "../stack/standing";
import { headed, wrapped } from "../text";

/** A swarm with a majority says so within this time, in milliseconds. */
const PATIENCE_MS = 20_000;

export interface RecoverOptions extends Options {
    /** The manager to go on with. Default: the one whose copy of the swarm's data is the newest. */
    from?: string;
    /** Says what would be done, and changes nothing. */
    dryRun?: boolean;
}

/**
 * Makes one manager the only one, and lets the others join anew. Throws RECOVERY_NOT_NEEDED while nothing need be lost, and
 * RECOVERY_NO_DATA if no manager has the swarm's data.
 */
export async function recover(options: RecoverOptions): Promise<void> {
    const began = Date.now();
    const work = await readyToRecover(options);
    const { stack, json } = options;
    const known = await outputsNow(stack, work.progress);
    const plan = await withSwarm(stack, known, work.progress, (standing) => goOn(standing, options));
    if (!plan) return;
    const { found } = await bringInLine(options, work);
    const seconds = Math.round((Date.now() - began) / 1000);
    if (json) printJson({ ...plan, dryRun: false, seconds, found });
    else {
        const { from, rejoin, silent } = plan;
        const anew = [...rejoin, ...silent];
        const others = anew.length === 0 ? "" : ` ${listed(anew)} joined anew.`;
        console.log(
            `The swarm goes on with the data of ${from}.${others} The unlock key is new, if there is one.`,
        );
        console.log(`The recovery took ${seconds} s.`);
    }
    if (found.length > 0) throw new SkepError(found);
    printNext(options, "status");
}

/** Makes the swarm go on, if the user wants it. Returns what was done. */
async function goOn(standing: Standing, options: RecoverOptions): Promise<RecoverPlan | undefined> {
    const { hosts, outputs, progress, ctx } = standing;
    const managers = managersOf(hosts);
    if (options.from !== undefined) hostNamed(standing, options.from);
    const [all, isWhole] = await progress.step("Looking for copies of the swarm's data", () =>
        Promise.all([Promise.all(managers.map((host) => seen(host, standing))), works(standing)]),
    );
    const active = all.filter(({ state }) => state === "active").length;
    const stays = isWhole && (active >= majority(all.length) || (await staysWhole(standing)));
    const plan = planRecover(all, stays, options.from);
    if (options.dryRun && options.json) {
        printJson({ ...plan, dryRun: true, seconds: 0, found: [] });
        return undefined;
    }
    const say = options.dryRun ? console.log : console.error;
    for (const line of planLines(plan)) say(line);
    if (options.dryRun) {
        printNext(options, "recover");
        return undefined;
    }
    if (!(await confirmedByName(options))) return undefined;
    const alone = {
        unlockKeys: knownKeys(outputs),
        autolock: outputs.unlockKey !== "",
        clusterId: outputs.clusterId,
    };
    const { host } = hostNamed(standing, plan.from);
    await progress.step(`Going on with ${plan.from} alone`, async () => {
        const swarm = await goOnAlone(host, alone, ctx);
        await removeGhosts(swarm);
        // Old memberships of hosts that answer must not find each other again.
        const others = managers.filter(({ name }) => plan.rejoin.includes(name));
        await Promise.all(others.map((other) => ifAnswered(other.host.leave({ force: true }))));
    });
    return plan;
}

async function seen({ name, host }: StandingHost, { ctx }: Standing): Promise<Seen> {
    const [member, data] = await Promise.all([
        ifAnswered(host.membership()),
        lookAtData(host, ctx).catch((error: unknown) => {
            if (!(error instanceof SkepError) || ctx.signal.aborted) throw error;
            return undefined;
        }),
    ]);
    return {
        name,
        answers: data !== undefined,
        state: member?.state,
        hasData: data?.hasData ?? false,
        newest: data?.newest,
    };
}

/** Whether a majority of the managers works together. */
async function works({ swarm }: Standing): Promise<boolean> {
    return (await ifAnswered(swarm.during({ patienceMs: PATIENCE_MS }).manager())) !== undefined;
}

/** Whether managers that answered still do after an election: one that has just lost the others does not know it yet. */
async function staysWhole({ swarm, progress, ctx }: Standing): Promise<boolean> {
    const now = swarm.during({ patienceMs: 0 });
    const isGone = async () => (await ifAnswered(now.manager())) === undefined;
    const what = "the managers that answer to lose the others";
    try {
        await progress.step("Waiting whether the managers still agree", () =>
            until(what, isGone, ELECTION_MS, ctx),
        );
        return false;
    } catch (error) {
        if (!(error instanceof TimedOut)) throw error;
        return true;
    }
}

/** What is said before a recovery, in at most 80 columns. */
export function planLines({ from, why, rejoin, silent }: RecoverPlan): string[] {
    const anew = [...rejoin, ...silent];
    const [does, they] = silent.length === 1 ? ["does", "it"] : ["do", "them"];
    const rows: [string, string][] = [
        ["Kept", "services, secrets, configs, networks, labels and workers, as this copy has them."],
        ["Lost", "what the managers agreed on after this copy was last written, if anything."],
        ["Stops", `the engine of ${from} for about 20 s, and its tasks with it. Tasks on workers go on.`],
    ];
    if (anew.length > 0)
        rows.push(["Anew", `${listed(anew)} ${anew.length === 1 ? "joins" : "join"}, without old data.`]);
    if (silent.length > 0)
        rows.push([
            "Beware",
            `${listed(silent)} ${does} not answer. If the hosts can come back, bring them back instead: nothing is lost then. If not, never start ${they} again with the old data: that would be a second swarm under the same name.`,
        ]);
    rows.push(["Key", "the unlock key changes, if there is one."]);
    return ["", ...wrapped(`The swarm goes on with ${from} alone: ${why}.`, 0), ...headed(rows), ""];
}
